"""Files that appear and vanish by the thousand, as a change of branches has them do."""

import subprocess

import pytest

MANY = 3_000
PROJECT = """
#- flows.py
from prefect import flow
@flow
def etl(): ...
#- tests/test_etl.py
from flows import etl
def test_etl(): etl()
"""


@pytest.fixture
def folder(write):
    """A project of two branches: `main`, and `many` with thousands of tests."""
    root = write(PROJECT)

    def git(*arguments):
        named = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.auto=0"]
        subprocess.run(["git", *named, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "few")
    git("checkout", "-b", "many")
    for number in range(MANY):
        path = root / "tests" / f"part{number % 30}" / f"test_{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"from flows import etl\ndef test_{number}(): etl()\n")
    git("add", ".")
    git("commit", "-m", "many")
    git("checkout", "main")
    return root, git


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [3 * MANY, 100])
async def test_a_branch_with_thousands_of_other_files_is_taken_in(open_editor, folder, at_once):
    root, git = folder
    async with open_editor(root) as editor:
        await editor.open("flows.py")
        await editor.lens("flows.py", "▶ Run 1 test")
        git("checkout", "many")
        uris = [editor.uri(f"tests/part{number % 30}/test_{number}.py") for number in range(MANY)]

        def tell(kind):
            changes = [{"uri": uri, "type": kind} for uri in uris]
            for first in range(0, MANY, at_once):
                editor.notify("workspace/didChangeWatchedFiles", {"changes": changes[first : first + at_once]})

        tell(1)
        await editor.edit("flows.py", "etl(): ...", "etl(): print()")  # who types meanwhile has lenses
        assert len(await editor.lenses("flows.py")) == 1
        await editor.lens("flows.py", f"▶ Run {MANY + 1:,} tests")
        git("checkout", "main")
        tell(3)
        await editor.lens("flows.py", "▶ Run 1 test")
        await editor.edit("flows.py", "print()", "...")
        assert await editor.titles("flows.py") == ["3: ▶ Run 1 test"]
