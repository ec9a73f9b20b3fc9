"""Has the module of Prefect's test harness imported without Prefect's server, which takes longer than all the rest.

The harness needs one class of the server, for the one that it starts. Where it is handed the run's API it starts none.
Needs the standard library alone.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

UTILITIES = "prefect.testing.utilities"
_SERVER = "prefect.server.api.server"
_CLASS = "SubprocessASGIServer"


@contextmanager
def server() -> Generator[None]:
    """Let something else stand for the server's module, in which there is that class, until it is used."""
    stand_in = _Module(_SERVER)
    if sys.modules.setdefault(_SERVER, stand_in) is not stand_in:
        yield
        return
    try:
        yield
    finally:
        _withdraw()


def _withdraw() -> None:
    if isinstance(sys.modules.get(_SERVER), _Module):
        del sys.modules[_SERVER]


class _Module(ModuleType):
    """Stands for the server's module; whoever wants another thing of it has the module itself imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Class() if name == _CLASS else getattr(_imported(), name)


class _Class:
    """Stands for the class, which is imported as soon as anything is done with it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _imported_for(self)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(_imported_for(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(_imported_for(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_imported_for(self), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, _imported_for(self))

    def __subclasscheck__(self, cls: type) -> bool:
        return issubclass(cls, _imported_for(self))

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (_imported_for(self),)


def _imported() -> ModuleType:
    _withdraw()
    return import_module(_SERVER)


def _imported_for(stand_in: _Class) -> Any:
    real: Any = getattr(_imported(), _CLASS)
    utilities = sys.modules.get(UTILITIES)
    if utilities is not None and vars(utilities).get(_CLASS) is stand_in:
        setattr(utilities, _CLASS, real)
    return real
