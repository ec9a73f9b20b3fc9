"""How bad a project finds what we tell: its own choice of severities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prefect_lens.index.settings import OFF
from prefect_lens.model import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


_BY_DEFAULT = {"expected": OFF}
"""What is not told unless somebody wants it: a test that waits for a failure has told of it itself."""


def with_chosen(found: Iterable[Diagnostic], chosen: Callable[[str], Mapping[str, str]]) -> list[Diagnostic]:
    """Return diagnostics with the severities that were chosen for them, without those that were switched off.

    Args:
        found: what there is to tell.
        chosen: gives for a file the severities by code, or by what `Diagnostic.setting` says.
    """
    kept: list[Diagnostic] = []
    for one in found:
        key = one.setting or one.code
        wanted = chosen(one.location.path).get(key, _BY_DEFAULT.get(key, one.severity))
        if wanted != OFF:
            kept.append(one if wanted == one.severity else replace(one, severity=Severity(wanted)))
    return kept
