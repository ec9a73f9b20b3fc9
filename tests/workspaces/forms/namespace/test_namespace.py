import acme.saving.flows
from acme import both, top
from acme.loading.flows import load
from acme.saving import again
from acme.saving.flows import save


def test_first():
    load.fn()


def test_second():
    save.fn()


def test_dotted():
    acme.saving.flows.save.fn()


def test_module_of_the_namespace():
    top.top.fn()


def test_module_of_the_other_portion():
    both.first_of_both.fn()


def test_across():
    again.load_again.fn()


def test_relative_across():
    again.top.fn()
