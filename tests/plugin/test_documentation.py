"""The examples of the documentation are tests, and they pass."""

import os
import re
from pathlib import Path

import pytest

from tests.plugin.driving import SERVER, Plain, Project, pytest_alone
from tests.pythons import MISSING, newest_and_thoroughly_the_rest, prefect_pythons

pytestmark = pytest.mark.slow

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
FILES = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", DOCUMENTATION, re.MULTILINE | re.DOTALL)
NAMES = [name for path, text in FILES for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)]


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("documentation")
    for path, text in FILES:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as out:
            out.write(text)
    newest = request.param == prefect_pythons()[0]
    path = os.pathsep.join((str(SERVER), os.environ.get("PREFECT_LENS_TEST_BESIDE", "") if newest else ""))
    return pytest_alone(
        Project(folder),
        *("--tb=short", *(("-p", "no:randomly") if newest else ())),
        python=request.param,
        HOME=str(folder / "home"),
        XDG_CACHE_HOME=os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        PYTHONPATH=path.rstrip(os.pathsep),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_example_passes(session, name):
    found = [word for told, word in session.outcomes.items() if told.partition("[")[0] == name]
    assert found or told_to_skip(session, name), session.output[-20_000:]
    assert set(found) == {"passed"} or (not found and told_to_skip(session, name)), session.output[-20_000:]


def told_to_skip(session: Plain, name: str) -> bool:
    """Whether an example needs a package that this interpreter does not have, and says so."""
    return "importorskip" in DOCUMENTATION.partition(f"def {name}")[2].partition("```")[0] and (
        "could not import" in session.output
    )
