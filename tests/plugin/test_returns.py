"""Which `return` a state came from."""

import functools
import importlib.util
import re
from textwrap import dedent

import pytest
from pytest_prefect_lens.returns import returned_at


@pytest.fixture
def check(tmp_path):
    """Hold that a state is told at the line that is marked, if one is."""

    def check(text: str, message: str | None = None, *, type_: str = "FAILED", name: str = "Failed"):
        path = tmp_path / f"flows{len(list(tmp_path.iterdir()))}.py"
        path.write_text(dedent(text))
        spec = importlib.util.spec_from_file_location("flows", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        lines = path.read_text().splitlines()
        wanted = next((number for number, line in enumerate(lines, 1) if line.endswith("#!")), None)
        found = returned_at(module.orders, type_, name, message)
        assert (found and found.line) == wanted
        return found

    return check


def test_the_only_return_it_is(check):
    frame = check(
        """
        def orders(x=1):
            state = dict()
            if x:
                return state  #!
        """
    )
    assert (frame.column, frame.end_line, frame.end_column, frame.function) == (9, 5, 21, "orders")
    assert re.search(r"flows\d\.py$", frame.path)


def test_of_several_it_is_the_one_that_makes_such_a_state(check):
    text = """
    import functools
    def decorate(function):
        @functools.wraps(function)
        def wrapper(): return function()
        return wrapper
    @decorate
    async def orders(x):
        def inner(): return Failed(message="in another function")
        if x: return Cancelled(message="enough")
        if x: return "done"
        if x: return states.Failed(message="not today")@
        try:
            return Failed(message=f"no {x} today")@
        finally:
            return Failed(name="Mine", message="own")@
    """
    for number, (message, name) in enumerate([("not today", "Failed"), ("no eggs today", "Failed"), ("own", "Mine")]):
        parts = text.split("@\n")
        marked = "".join(part + ("  #!\n" if n == number else "\n") for n, part in enumerate(parts))
        check(marked, message, name=name)


def test_a_message_that_is_worked_out_does_not_tell_it_from_another_function_that_may_make_it(check):
    check("def orders(x):\n    if x: return Failed(message=x)\n    return elsewhere()\n", "not today")
    check("def orders(x):\n    if x: return Failed(message=x)  #!\n    return Completed(message=x)\n", "not today")


def test_what_nothing_fits_or_has_no_source_is_not_told(check):
    check("def orders(): return 1\n", "not today")
    check("orders = dict\n")
    check("exec('def orders(): return Failed()')\n")
    assert returned_at(functools.partial(print), "FAILED", "Failed", None) is None
