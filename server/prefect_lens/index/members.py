"""Members of enumerations as literals: `Job(mode=Mode.FAST)` decides `if self.mode == Mode.FAST`.

A member stands as a text that begins as no other does, with the name of its class. Two members of one class are known
to differ; held against anything else, a member may be equal to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import attributes, enums
from prefect_lens.index.lower_conditions import MEMBER
from prefect_lens.index.values import UNKNOWN, Class

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame


def of(inter: Interpreter, expression: Expression, frame: Frame) -> Any:
    """Return what stands for the member that an expression names; `UNKNOWN` where it names none."""
    match expression:
        case ("attr", base, str() as name) if (
            name.isupper() and base is not None and base[0] in {"name", "local", "attr"}
        ):
            found = inter.evaluate(base, frame)
            classes = [one for one in found if isinstance(one, Class) and _has(inter, one, name)]
            return f"{MEMBER}{classes[0].scope.name}.{name}" if len(classes) == len(found) == 1 else UNKNOWN
        case _:
            return UNKNOWN


def is_one(value: Any) -> bool:
    """Whether a literal stands for a member."""
    return isinstance(value, str) and value[:1] == MEMBER


def among(value: Any, constants: tuple[Any, ...]) -> bool | None:
    """Whether a literal is one of some constants; None where that is open."""
    if value in constants:
        return True
    if value is not None and any(one is not None and _class(one) != _class(value) for one in constants):
        return None if is_one(value) or any(map(is_one, constants)) else False
    return False


def made(inter: Interpreter, function: Expression, value: Any, frame: Frame) -> Any:
    """Return the member that a call makes of one: `Mode(mode)` gives what it is given."""
    if not is_one(value) or function is None or function[0] != "name":
        return UNKNOWN
    found = inter.evaluate(function, frame)
    return value if [one.scope.name for one in found if isinstance(one, Class)] == [_class(value)] else UNKNOWN


def _class(value: Any) -> str | None:
    return value[1:].partition(".")[0] if is_one(value) else None


def _has(inter: Interpreter, cls: Class, name: str) -> bool:
    """Whether a class is an enumeration with a member of that name, and no two members are equal."""
    if name not in cls.scope.bindings or not enums.is_one(attributes.line(inter, cls)):
        return False
    values = [found[-1] for key, (_, found) in cls.scope.bindings.items() if key.isupper()]
    return all(values.count(value) == 1 or value is None or value[0] == "call" for value in values)
