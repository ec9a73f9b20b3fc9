def twice(function):
    return function(), function()
