"""Which test is which: from pytest's items and node IDs to `TestId` and back. PYTEST_DONT_REWRITE."""

# ruff: noqa: PTH118
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens.wire import TestId

if TYPE_CHECKING:
    from pytest_prefect_lens.masking import Masker


def test_id_of(item: Any) -> TestId:
    """Return the identity of an item, independent of pytest's rootdir."""
    name, params = _split_name(item)
    return TestId(str(item.path), (*_classes(item), name), params)


def test_id_from(node_id: str, root: str) -> TestId:
    """Return the identity that a node ID tells, where there is no item to ask (xdist's controller).

    The file ends at the first `::`, the names at the first bracket behind it: a parameter's id may hold anything.
    """
    path, _, rest = node_id.partition("::")
    names, bracket, params = rest.partition("[")
    if not bracket:
        # `--dist loadgroup` writes the group behind the name.
        return TestId(_absolute(path, root), tuple(names.partition("@")[0].split("::")))
    return TestId(_absolute(path, root), tuple(names.split("::")), params[: params.rfind("]")])


def rename(item: Any, masker: Masker, known: dict[str, int]) -> None:
    """Mask the name of an item, less what is a function's own; those that are alike then are numbered."""
    original, params = _split_name(item)
    if params is not None:
        masked, end = f"{original}[{masker.mask(params)}", "]"
    else:
        masked, end = item.name if hasattr(item, "originalname") else masker.mask(item.name), ""
    if f"{masked}{end}" == item.name:
        return
    above = item.nodeid.removesuffix(item.name)
    number = known[above + masked] = known.get(above + masked, 0) + 1
    item.name = masked + (f"-{number}" if number > 1 else "") + end
    # No hook of pytest's changes a node ID; pytest-xdist does the same for its groups.
    structured: Any = getattr(item, "_id", None)
    if structured is not None:  # pytest 9.2 and newer
        item._id = structured.parse(above + item.name)  # noqa: SLF001
    else:
        item._nodeid = above + item.name  # noqa: SLF001


@cache
def same_file(path: str) -> str:
    """Return what two paths of one file have in common, however each was reached."""
    return os.path.normcase(os.path.realpath(path))


def _absolute(path: str, root: str) -> str:
    return os.path.normpath(os.path.join(root, path))


def _classes(item: Any) -> tuple[str, ...]:
    """Return the names of the classes around an item, from the outside in."""
    return tuple(node.name for node in item.listchain() if isinstance(node, pytest.Class))


def _split_name(item: Any) -> tuple[str, str | None]:
    """Return the function's name, and what stands in brackets behind it."""
    name: str = item.name
    original: str | None = getattr(item, "originalname", None)
    if original is None:
        original = name.partition("[")[0] if name.endswith("]") else name
    if name == original:
        return name, None
    if name.startswith(original + "[") and name.endswith("]"):
        return original, name[len(original) + 1 : -1]
    return name, None
