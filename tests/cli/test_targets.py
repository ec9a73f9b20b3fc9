"""What the words of a command line mean."""

from pathlib import Path

from prefect_lens.cli.targets import choose
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

FILES = {
    "flows.py": "from prefect import flow\n@flow\ndef etl(): ...\n",
    "tests/test_etl.py": "from flows import etl\ndef test_etl(): etl()\n",
    # Of whose tests nobody can know without running it.
    "tests/test_made.py": "from library import make_tests\nglobals().update(make_tests())\n",
    "extra/test_extra.py": "def test_extra(): ...\n",
}
CONFIGS = {"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'}


def chosen(*targets, **more):
    index = Snapshot.empty().update({path: read_facts(text) for path, text in (FILES | more).items()}, CONFIGS)
    found = choose(index, Path("/projects"), targets)
    assert isinstance(found, tuple)
    return [(part.project, part.files, part.known) for part in found]


def test_a_folder_means_all_of_its_test_files_known_tests_or_not():
    [(project, files, _)] = chosen("tests")
    assert (project, files) == (".", ("tests/test_etl.py", "tests/test_made.py"))


def test_a_test_file_without_a_known_test_runs():
    assert chosen("tests/test_made.py") == [(".", ("tests/test_made.py",), ())]


def test_everything_is_what_pytest_runs_without_arguments():
    assert chosen() == chosen(".") == [(".", (), ("tests/test_etl.py::test_etl",))]


def test_outside_of_the_testpaths_a_test_runs_when_it_is_asked_for():
    [(_, files, known)] = chosen("extra")
    assert (files, known) == (("extra/test_extra.py",), ("extra/test_extra.py::test_extra",))
