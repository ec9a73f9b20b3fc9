"""The index finds what ran, and nothing else, in projects that have every form of code that it follows."""

import os
import shutil
from pathlib import Path

import pytest
from prefect_lens import workspace

from tests.pythons import MISSING, prefect_pythons
from tests.truth.forms import FORMS, PROJECTS, Truth, kept, trace

PYTHON = next(iter(prefect_pythons()), None)
QUICKLY = ("importlib_mode", "monorepo")
"""What is always run anew. The others take minutes, and change with Prefect and pytest alone."""


@pytest.mark.parametrize("name", PROJECTS)
def test_the_index_finds_what_ran_and_nothing_else(name: str):
    truth = kept(name)
    assert truth
    assert _found(FORMS / name, truth) == {node: _places(ran) for node, ran in truth.items()}


@pytest.mark.slow
@pytest.mark.skipif(PYTHON is None, reason=MISSING)
@pytest.mark.parametrize(
    "name", [name if name in QUICKLY else pytest.param(name, marks=pytest.mark.thorough) for name in PROJECTS]
)
def test_what_was_written_down_is_what_runs(name: str, tmp_path: Path):
    folder = tmp_path / "workspace"
    shutil.copytree(FORMS / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (home := tmp_path / "home").mkdir()
    found, output = trace(folder, PROJECTS[name], PYTHON or os.devnull, home)
    assert found == kept(name), output


def _found(folder: Path, truth: Truth) -> dict[str, list[str]]:
    """Return what the index finds for tests: the places of definitions, by node ID."""
    snapshot = workspace.load(folder)
    found: dict[str, set[str]] = {node: set() for node in truth}
    for definition in snapshot.definitions():
        place = f"{definition.location.path}:{definition.location.span.start.line + 1}"
        for match in snapshot.matches(definition):
            if match.test.node_id in found:
                found[match.test.node_id].add(place)
    return {node: sorted(places) for node, places in found.items()}


def _places(ran: list[str]) -> list[str]:
    return sorted({place.partition(" ")[0] for place in ran})
