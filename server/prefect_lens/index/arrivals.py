"""What files that come or go mean for others: imports may lead elsewhere, fixtures and submodules be there or not."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index.links import CONFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.links import Links
    from prefect_lens.index.packed import Packed
    from prefect_lens.index.resolve import Modules

PACKAGE = "__init__.py"


def shifted(
    moved: Iterable[str], links: Links, inter: Interpreter, files: Mapping[str, Packed], now: Modules
) -> Iterator[str]:
    """Yield the other files of which something may hold no more.

    Args:
        moved: the files that have come or gone.
        links: the links before.
        inter: what was read before.
        files: the files now.
        now: where names lead now.
    """
    names = _names(moved, inter.resolver, now)
    for name in ("*", *names):
        yield from inter.asked.get(name, ())
    words = [name.encode() for name in names]
    packages = tuple(_folder(path) for path in moved if posixpath.basename(path) == PACKAGE)
    for path, packed in files.items():
        if (
            links.knows(path)
            and (any(word in packed.links for word in words) or path.startswith(packages))
            and links.leads_elsewhere(path, now.find)
        ):
            yield path
    conftests = tuple(_folder(path) for path in moved if posixpath.basename(path) == CONFTEST)
    if conftests:
        yield from (path for path in files if path.startswith(conftests))


def _names(moved: Iterable[str], before: Modules, now: Modules) -> set[str]:
    """Return the names of modules and folders that may be found elsewhere now."""
    found: set[str] = set()
    for path in moved:
        folder, name = posixpath.split(path)
        if name == PACKAGE:  # it decides from where its neighbours and those of its folder are imported
            found.add(posixpath.basename(folder))
            for modules in (before, now):
                found.update(modules.inside(folder), modules.inside(posixpath.dirname(folder)))
        else:
            found.add(name.removesuffix(".py"))
    for folder in before.folders ^ now.folders:
        found.add(posixpath.basename(folder))
    return found - {""}


def _folder(path: str) -> str:
    folder = posixpath.dirname(path)
    return f"{folder}/" if folder else ""
