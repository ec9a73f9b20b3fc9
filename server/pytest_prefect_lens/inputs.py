"""`@pytest.mark.flow_parameters(…)`: a test runs once for each set of parameters. Prefect is not imported here."""

from __future__ import annotations

from typing import Any

import pytest

MARKER = "flow_parameters"
_LONGEST = 60


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each set of parameters of its marks: each argument is one, and so are those by name."""
    sets: list[dict[str, Any]] = []
    for mark in metafunc.definition.iter_markers(MARKER):
        if not all(isinstance(one, dict) for one in mark.args):
            pytest.fail(f"{metafunc.definition.nodeid}: pytest.mark.{MARKER} takes dictionaries", pytrace=False)
        sets = [*mark.args, *([dict(mark.kwargs)] if mark.kwargs else []), *sets]
    metafunc.parametrize("flow_parameters", [pytest.param(one, id=_called(one)) for one in sets])


def _called(parameters: dict[str, Any]) -> str:
    text = ",".join(f"{name}={value!r}" for name, value in parameters.items()) or "none"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
