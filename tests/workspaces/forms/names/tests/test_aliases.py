"""Names that stand for something else."""

import functools
import operator

import shop.aliases
from shop import aliases, registry
from shop.aliases import Commands, again, first, loud, pack_wrapped, second, track_seven
from shop.pipelines import orders
from shop.steps.modern import Loader, loader

run = orders.audit


def test_alias_here():
    run.fn()


def test_alias_of_an_alias():
    again.fn()


def test_unpacked_alias():
    first.fn()


def test_second_of_unpacked():
    second.fn()


def test_partial():
    assert track_seven() == 7


def test_partial_of_fn():
    assert pack_wrapped(2) == (2, True)


def test_partial_here():
    functools.partial(orders.order.fn)()


def test_with_options():
    loud()


def test_with_options_here():
    orders.cancel.with_options(name="other")()


def test_class_attribute():
    Commands.go.fn()


def test_static_method():
    Commands.run()


def test_attribute_of_an_instance():
    loader.run.fn(1)


def test_attribute_given_to_an_instance():
    from shop.pipelines.refunds import refund

    Loader(run=refund).run.fn(1)


def test_property_of_an_instance():
    loader.annotate.fn(None)


def test_static_fn_of_a_class():
    Loader.other(None)


def test_getattr_with_a_literal():
    getattr(orders, "ship").fn()


def test_getattr_with_a_default():
    getattr(orders, "track", None).fn(1)


def test_getattr_in_a_helper():
    registry.method("pack").fn(1)


def test_getattr_of_fn():
    getattr(orders.audit, "fn")()


def test_attrgetter():
    operator.attrgetter("cancel")(orders).fn()


def test_module_dictionary():
    vars(orders)["order"].fn()


def test_dunder_dict():
    orders.__dict__["ship"].fn()


def test_chained_attributes():
    shop.aliases.o.audit.fn()


def test_assignment_expression():
    if (f := orders.pack) is not None:
        f.fn()


def test_conditional_expression():
    f = orders.order if callable(orders.order) else None
    f.fn()


def test_assigned_in_a_loop():
    for name in ("order", "cancel"):
        getattr(orders, name).fn()


def test_rebound():
    f = orders.order
    f = orders.ship
    f.fn()


def test_swapped():
    a, b = orders.order, orders.ship
    a, b = b, a
    a.fn()


def test_starred():
    head, *tail = [orders.order, orders.ship, orders.cancel]
    for f in tail:
        f.fn()


def test_module_as_a_value():
    module = aliases
    module.run.fn()


def test_modules_in_a_list():
    for module in [orders]:
        module.track.fn()
