def call(function, *args, **kwargs):
    return function(*args, **kwargs)
