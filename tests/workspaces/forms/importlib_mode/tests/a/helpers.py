from app.flows import one


def help_out():
    return one.fn()
