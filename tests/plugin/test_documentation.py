"""The examples of the documentation are tests, and they pass."""

import re
from pathlib import Path

import pytest

from tests.plugin.driving import Plain, Project, pytest_alone
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
FILES = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", DOCUMENTATION, re.MULTILINE | re.DOTALL)
NAMES = [name for path, text in FILES for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)]


@pytest.fixture(scope="module", params=prefect_pythons() or [None], ids=lambda p: Path(p).parts[-3] if p else "none")
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("documentation")
    for path, text in FILES:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as out:
            out.write(text)
    return pytest_alone(Project(folder), "--tb=short", python=request.param, HOME=str(folder / "home"))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_passes(session, name):
    found = [word for told, word in session.outcomes.items() if told.partition("[")[0] == name]
    assert found, session.output[-20_000:]
    assert set(found) == {"passed"}, session.output[-20_000:]
