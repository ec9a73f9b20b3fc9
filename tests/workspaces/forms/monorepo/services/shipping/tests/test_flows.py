import app.common
from app.flows import shipping
from shared.flows import shared
from shared import twice


def test_own():
    shipping.fn()


def test_module():
    app.common.common_of_shipping.fn()


def test_shared():
    shared.fn()


def test_fixture(common_flow):
    common_flow.fn()


def test_helper_of_the_shared_package():
    twice(shipping.fn)
