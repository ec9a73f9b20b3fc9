"""Dictionaries and lists of flows."""

import itertools

import pytest
from shop.pipelines import orders
from shop.pipelines.orders import audit, cancel, order, pack, ship, track
from shop.registry import DAILY, FLOWS, NESTED, NIGHTLY, PAIRS, by_name

ALL = {f.name: f for f in (order, ship)}


@pytest.mark.parametrize("flow", DAILY)
def test_parametrized_over_a_list(flow):
    flow.fn()


@pytest.mark.parametrize("flow", NIGHTLY, ids=lambda f: f.name)
def test_parametrized_over_a_spread_tuple(flow):
    flow.fn()


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_parametrized_over_keys(name):
    FLOWS[name].fn()


@pytest.mark.parametrize("name,flow", FLOWS.items())
def test_parametrized_over_items(name, flow):
    assert flow.fn() == name


@pytest.mark.parametrize("flow", list(FLOWS.values()))
def test_parametrized_over_values(flow):
    flow.fn()


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (order, "order"),
        pytest.param(ship, "ship", id="shipping"),
        pytest.param(cancel, "x", marks=pytest.mark.xfail(strict=True)),
    ],
)
def test_parametrized_rows(flow, expected):
    assert flow.fn() == expected


@pytest.mark.parametrize("f", [pytest.param(audit.fn, id="audit"), order.fn])
def test_parametrized_over_functions(f):
    f()


@pytest.mark.parametrize("a", [order])
@pytest.mark.parametrize("b", [ship])
def test_two_parametrizations(a, b):
    a.fn()
    b.fn()


@pytest.mark.parametrize("call", [lambda: audit.fn(), lambda: track.fn(1)])
def test_parametrized_over_lambdas(call):
    call()


@pytest.mark.parametrize("case", [{"flow": pack, "size": 1}, {"flow": track, "size": 2}])
def test_parametrized_over_dictionaries(case):
    case["flow"].fn(case["size"])


def test_literal_key():
    FLOWS["order"].fn()


def test_key_that_was_added():
    FLOWS["audit"].fn()


def test_get():
    FLOWS.get("cancel").fn()


def test_literal_key_in_a_helper():
    by_name("cancel").fn()


def test_nested_key():
    NESTED["daily"]["second"].fn()


def test_index():
    DAILY[1].fn()


def test_last():
    NIGHTLY[-1].fn()


def test_slice():
    for f in NIGHTLY[:2]:
        f.fn()


def test_loop_over_a_list():
    for f in DAILY:
        f.fn()


def test_loop_over_pairs():
    for name, f in PAIRS:
        f.fn(1)


def test_loop_over_values():
    for f in FLOWS.values():
        f.fn()


def test_enumerate():
    for _, f in enumerate([audit, ship]):
        f.fn()


def test_zip():
    for f, expected in zip([audit, ship], ["audit", "ship"]):
        assert f.fn() == expected


def test_comprehension():
    assert [f.fn() for f in (order, ship)] == ["order", "ship"]


def test_generator():
    assert all(f.fn() for f in (order, cancel))


def test_dictionary_comprehension():
    ALL["ship"].fn()


def test_chain():
    for f in itertools.chain([order], [audit]):
        f.fn()


def test_map():
    assert list(map(lambda f: f.fn(), [cancel, audit])) == ["cancel", "audit"]


def test_appended():
    found = []
    found.append(order)
    found.extend([ship])
    for f in found:
        f.fn()


def test_popped():
    waiting = [order, ship]
    while waiting:
        waiting.pop().fn()


def test_unpacked_arguments():
    def run(first, second):
        return first.fn(), second.fn()

    run(*[order, audit])


def test_unpacked_keywords():
    def run(*, first, second):
        return first.fn(), second.fn()

    run(**{"first": ship, "second": audit})


def test_set_of_functions():
    for f in {order.fn, ship.fn}:
        f()


def test_keys_of_a_dictionary():
    for f in {order: 1, audit: 2}:
        f.fn()


def test_sorted_by_name():
    for f in sorted([ship, order], key=lambda f: f.name):
        f.fn()


def test_next():
    next(iter([cancel])).fn()


def test_in_a_tuple_of_tuples():
    for f, (a, b) in ((track, (1, 2)), (pack, (3, 4))):
        f.fn(a)


def test_filtered():
    for f in filter(lambda f: f.name == "audit", [audit]):
        f.fn()


def test_dictionary_merged():
    for f in ({"a": order} | {"b": cancel}).values():
        f.fn()


def test_dictionary_of_a_call():
    dict(first=ship, second=track)["first"].fn()


def test_update():
    table = {}
    table.update(x=pack)
    table.update({"y": track})
    for f in table.values():
        f.fn(1)
