from .helpers import help_out


def test_chosen(chosen):
    chosen.fn()


def test_help():
    help_out()


def test_absolute():
    from app import helpers

    helpers.two.fn()
