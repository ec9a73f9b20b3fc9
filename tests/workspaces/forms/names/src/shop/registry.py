"""Flows by name."""

from shop.pipelines import orders
from shop.pipelines.orders import audit, cancel, order
from shop.pipelines.rates import exchange

FLOWS = {"order": order, "cancel": cancel}
FLOWS["audit"] = audit
DAILY = [order, exchange]
NIGHTLY = (*DAILY, cancel)
NESTED = {"daily": {"first": order, "second": orders.ship}}
PAIRS = [("a", orders.track), ("b", orders.pack)]


def by_name(name):
    return FLOWS[name]


def method(name):
    return getattr(orders, name)
