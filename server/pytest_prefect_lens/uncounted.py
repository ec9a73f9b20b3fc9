"""Keeps our own files out of the project's coverage, wherever they lie. PYTEST_DONT_REWRITE.

Installed beside the project's other libraries they are left out like those; a run that brings them along has them in
a folder that coverage knows nothing of. Needs the standard library alone.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import patching

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

_OURS = os.path.dirname(os.path.realpath(__file__)) + os.sep  # noqa: PTH120  coverage's paths are text


def install() -> None:
    """Begin. Where coverage is another than we know, our files stand in its report."""
    patching.install({"coverage.inorout": _inorout}, [])


def _inorout(patches: Patches, module: ModuleType) -> None:
    patches.wrap(module, "InOrOut", "check_include_omit_etc", _around_check, wanted=("filename",))


def _around_check(original: Callable[..., str | None]) -> Callable[..., str | None]:
    @functools.wraps(original)
    def check(self: Any, filename: str, *args: Any, **kwargs: Any) -> str | None:
        return "is Prefect Lens's own" if filename.startswith(_OURS) else original(self, filename, *args, **kwargs)

    return check
