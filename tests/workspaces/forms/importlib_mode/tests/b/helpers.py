from app.helpers import two


def help_out():
    return two.fn()
