"""How another library is patched: as its modules are imported, only where a patch fits, and so that it can be undone.

Needs the standard library alone.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType

_ABSENT = object()


def install(
    steps: dict[str, Callable[[Patches, ModuleType], None]],
    unfit: list[str],
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Callable[[], None]:
    """Patch each module by its step, now or when it is imported; the function returned takes everything back.

    `unfit` gains a sentence for each patch that does not fit. A module that is yet to be imported runs inside `around`.
    """
    patches = Patches(unfit)
    hook = OnImport({name: functools.partial(step, patches) for name, step in steps.items()}, around)
    for name, step in hook.steps.items():
        if name in sys.modules:
            step(sys.modules[name])
    sys.meta_path.insert(0, hook)

    def undo() -> None:
        if hook in sys.meta_path:
            sys.meta_path.remove(hook)
        patches.undo()

    return undo


class Patches:
    """Patches that fit, and how to take them back."""

    def __init__(self, unfit: list[str]) -> None:
        self.unfit = unfit
        """Gains a sentence for each patch that does not fit."""
        self._undo: list[tuple[Any, str, Any]] = []

    def wrap(
        self,
        module: ModuleType,
        owner: str | None,
        name: str,
        around: Callable[[Callable[..., Any]], Callable[..., Any]],
        wanted: Sequence[str] = (),
    ) -> None:
        """Put a function around another one; where that is not there or takes other arguments, go without."""
        place: Any = module if owner is None else getattr(module, owner, None)
        original: Any = getattr(place, name, None)
        where = ".".join(filter(None, (module.__name__, owner, name)))
        if not callable(original):
            self.unfit.append(f"{where} is not there.")
            return
        parameters = inspect.signature(original).parameters
        if not set(wanted) <= set(parameters):
            self.unfit.append(f"{where} takes {', '.join(parameters)}.")
            return
        self.put(place, name, around(original))

    def put(self, place: Any, name: str, value: object) -> None:
        """Put a value into the place of an attribute."""
        self._undo.append((place, name, cast("dict[str, Any]", vars(place)).get(name, _ABSENT)))
        setattr(place, name, value)

    def undo(self) -> None:
        """Take every patch back, the last one first."""
        while self._undo:
            place, name, original = self._undo.pop()
            if original is _ABSENT:
                delattr(place, name)
            else:
                setattr(place, name, original)


class OnImport(importlib.abc.MetaPathFinder):
    """Takes a step when its module has been imported."""

    def __init__(
        self,
        steps: dict[str, Callable[[ModuleType], None]],
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.steps = steps
        self._around = around
        self._asking: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return what the other finders find, with a loader that takes the step when it has done its work."""
        step = self.steps.get(fullname)
        if step is None or fullname in self._asking:
            return None  # another one of this kind, which waits for the same module, asks all the others too
        self._asking.add(fullname)
        try:
            for finder in sys.meta_path:
                find: Any = None if finder is self else getattr(finder, "find_spec", None)
                spec = None if find is None else find(fullname, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        spec.loader = _Loader(spec.loader, step, self._around)
                    return spec
            return None
        finally:
            self._asking.discard(fullname)


class _Loader(importlib.abc.Loader):
    """Does what another loader does, and then one thing more."""

    def __init__(
        self, loader: Any, step: Callable[[ModuleType], None], around: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._loader = loader
        self._step = step
        self._around = around

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to the other one."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Let the other one run the module, leave no trace of this one on it, and take the step."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        with self._around():
            self._loader.exec_module(module)
        self._step(module)
