import pytest
from prefect_lens.features.suggest import suggest_test
from prefect_lens.index.config import Project

from tests.features.build import snapshot


def suggestion(path, body, project):
    [definition] = snapshot(f"#- {path}\nfrom prefect import flow\n{body}").definitions()
    return suggest_test(definition, project)


@pytest.mark.parametrize(
    ("path", "project", "where", "imports"),
    [
        ("flows/etl.py", Project("."), "tests/test_etl.py", "from flows.etl import etl"),
        ("src/pkg/etl.py", Project("."), "tests/test_etl.py", "from pkg.etl import etl"),
        ("lib/etl.py", Project(".", pythonpath=("lib",)), "tests/test_etl.py", "from etl import etl"),
        ("a/flows/etl.py", Project("a", testpaths=("checks",)), "a/checks/test_etl.py", "from flows.etl import etl"),
        ("pkg/__init__.py", Project("."), "tests/test_pkg.py", "from pkg import etl"),
        ("etl.py", Project(".", python_files=("check_*.py",)), "tests/check_etl.py", "from etl import etl"),
        ("etl.py", Project(".", python_files=("*_test.py",)), "tests/etl_test.py", "from etl import etl"),
        ("etl.py", Project(".", testpaths=("*/tests",)), "tests/test_etl.py", "from etl import etl"),
    ],
)
def test_a_test_goes_where_the_project_would_collect_it(path, project, where, imports):
    found = suggestion(path, "@flow\ndef etl(): ...\n", project)
    assert (found.path, found.text.splitlines()[0]) == (where, imports)


def test_methods_are_called_on_their_class_and_coroutines_are_run():
    found = suggestion("etl.py", "class Jobs:\n    @staticmethod\n    @flow\n    async def load(): ...\n", Project("."))
    assert found.text == (
        "import asyncio\n\nfrom etl import Jobs\n\n\ndef test_jobs_load():\n"
        "    assert asyncio.run(Jobs.load()) is not None\n"
    )


def test_what_cannot_be_imported_has_no_text():
    found = suggestion("etl.py", "def outer():\n    @flow\n    def inner(): ...\n    return inner\n", Project("."))
    assert (found.path, found.text) == ("tests/test_etl.py", "")
