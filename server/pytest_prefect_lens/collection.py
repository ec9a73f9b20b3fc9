"""Files that cannot be collected: which line to blame. PYTEST_DONT_REWRITE."""

# ruff: noqa: PTH100, PTH117
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from pytest_prefect_lens.frames import cut, exception_record, is_users
from pytest_prefect_lens.wire import CollectError, Frame

MAX_ACCOUNT = 100_000


def collect_error(path: str, exception: BaseException, text: str) -> CollectError:
    """Return what to tell about a file that raised while it was collected."""
    path, exception = _unwrap(path, exception)
    record = exception_record(exception)
    if not record.frames:
        record = replace(record, frames=(Frame(path, 1, "<module>"),))
    return CollectError(path, record, cut(text, MAX_ACCOUNT))


def conftest_error(exception: BaseException) -> CollectError | None:
    """Return what to tell about a conftest that cannot be imported; None where something else went wrong."""
    cause: Any = getattr(exception, "cause", None)
    path: Any = getattr(exception, "path", None)
    if not isinstance(cause, BaseException) or path is None:
        return None
    return collect_error(str(path), exception, f"{type(cause).__name__} while loading conftest '{path}'.\n{cause}")


def _unwrap(path: str, exception: BaseException) -> tuple[str, BaseException]:
    """Return the file to name and the exception of the user's code that stands behind pytest's own."""
    cause: Any = getattr(exception, "cause", None)
    if isinstance(cause, BaseException) and hasattr(exception, "path"):
        # A conftest below the root is loaded, and fails, while its folder is collected.
        return str(exception.path), cause  # type: ignore[attr-defined]
    if type(exception).__name__ == "CollectError" and exception.__cause__ is not None:
        return path, exception.__cause__
    return (path if os.path.isabs(path) and is_users(path) else os.path.abspath(path)), exception
