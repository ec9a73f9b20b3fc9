import operator
import sys
from contextlib import ExitStack
from functools import reduce

from app import attributes
from app.attributes import Background, Lazily, Model, Pair, Stage, load_it, loading_otherwise, without_load
from app.tasks import extract, load, morning, transform


def test_attribute_of_a_function():
    attributes.runs_extract()


def test_attribute_of_a_flow():
    morning.after.fn()


def test_attribute_worked_out():
    Lazily().extract.fn()


def test_descriptor():
    Model().step.fn()


def test_descriptor_of_the_class():
    Model.step.fn()


def test_thread_of_a_class():
    thread = Background()
    thread.start()
    thread.join()


def test_thread_that_is_not_started():
    Background()


def test_named_tuple():
    assert Pair(extract, load).left.fn() == 1


def test_named_tuple_unpacked():
    _, right = Pair(extract, load)
    right.fn()


def test_named_tuple_by_place():
    Pair(extract, load)[1].fn()


def test_shift():
    (Stage(extract) >> Stage(load))()


def test_bar():
    (Stage(extract) | Stage(transform))()


def test_slash():
    (Stage(transform) / Stage(load))()


def test_reduce():
    assert reduce(lambda value, step: step(value), [extract.fn, load.fn], 3) == 3


def test_item_getter():
    operator.itemgetter("e")({"e": extract, "l": load}).fn()


def test_call_by_operator():
    operator.call(extract.fn)


def test_later_keys_hide_earlier():
    table = {**{"a": extract, "b": transform}, "a": load}
    table["a"].fn()


def test_key_made_smaller():
    {"extract": extract, "load": load}["EXTRACT".lower()].fn()


def test_key_taken_apart():
    {"extract": extract, "load": load}["app:load".rpartition(":")[2]].fn()


def test_module_by_its_name():
    sys.modules["app.tasks"].extract.fn()


def test_own_module():
    sys.modules[__name__].transform.fn()


def test_patched_in_a_context():
    with without_load():
        load_it()


def test_patched_in_a_context_of_a_context():
    with loading_otherwise():
        load_it()


def test_patched_by_a_stack():
    with ExitStack() as stack:
        stack.enter_context(without_load())
        load_it()


def test_patched_before():
    with without_load():
        pass
    load_it()
