"""Every way of importing a name."""

from typing import TYPE_CHECKING

import shop
import shop.pipelines.orders
import shop.pipelines.orders as po
import shop.steps.modern as modern
from shop import *
from shop import dispatch, load_rows
from shop.pipelines import orders as renamed
from shop.pipelines.orders import order as flow_of_orders
from shop.steps import clean as cleaned

if TYPE_CHECKING:
    from shop.pipelines.orders import pack

try:
    from shop.nothing import gone
except ImportError:
    from shop.pipelines.orders import track as gone

try:
    import ujson_that_is_missing as json_library
except ModuleNotFoundError:
    json_library = None


def test_import_of_a_package():
    shop.order()


def test_dotted_import():
    shop.pipelines.orders.ship()


def test_import_as():
    po.cancel()


def test_from_import_as():
    flow_of_orders()


def test_from_import_of_a_module():
    renamed.audit()


def test_star_import_with_all():
    exchange()


def test_star_import_of_a_module():
    orders.track(2)


def test_reexport_under_another_name():
    dispatch()


def test_reexport_of_a_conditional_import():
    assert load_rows.fn(1) == 1


def test_reexport_of_a_fallback():
    assert cleaned.fn(1) == 1


def test_fallback_in_the_test():
    assert gone.fn(2) == 2


def test_lazy_attribute_of_a_package():
    assert shop.refund.fn(1) == 1


def test_lazy_import_from_a_package():
    from shop import refund_all

    assert refund_all.fn() == [1]


def test_import_in_a_function():
    from shop.pipelines.orders import pack as inside

    inside.fn(3)


def test_import_of_a_module_in_a_function():
    import shop.pipelines.rates as rates

    rates.convert.fn(2)


def test_private_name():
    from shop.pipelines.rates import _round

    _round.fn(1)


def test_star_gives_no_other_names():
    assert "cancel" not in globals() and "convert" not in globals()


def test_attribute_of_a_module_in_a_module():
    modern.load.fn(5)


def test_import_in_a_nested_function():
    def inner():
        from shop.pipelines import orders

        return orders.audit.fn()

    assert inner() == "audit"


def test_global_import():
    global late
    from shop.pipelines.orders import cancel as late

    late.fn()


def test_names_that_are_hidden():
    def order():
        return "mine"

    assert order() == "mine"


def test_parameter_hides_a_name(order=len):
    assert order([]) == 0


def test_deleted_and_bound_again():
    f = po.order
    del f
    f = po.ship
    f.fn()


def test_comprehension_variable_hides_a_name():
    assert [dispatch for dispatch in range(2)] == [0, 1]
