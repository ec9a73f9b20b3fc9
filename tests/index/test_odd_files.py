"""Files as they should not be: the others are read all the same, and each that cannot be is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect_lens import bulk, facts_cache, workspace
from prefect_lens.facts_cache import FactsCache
from prefect_lens.sealed import read_sealed, write_sealed

from tests.checking import described
from tests.index.test_workspace import write

GOOD = {
    "flows.py": "from prefect import flow\n@flow\ndef etl(): ...\n",
    "test_a.py": "import flows\ndef test_a(): flows.etl()\n",
}
LINES = ["flows.py:3:4+3 flow: test_a"]


def told(folder):
    loaded = workspace.load_all(folder)
    assert described(loaded.snapshot) == LINES
    return {problem.path: problem.message for problem in loaded.problems}


def test_huge_and_binary_files_are_told_and_cost_no_other_its_lens(tmp_path):
    write(tmp_path, GOOD)
    (tmp_path / "huge.py").write_bytes(b"x = 1\n" * (workspace.LARGEST // 6 + 1))
    (tmp_path / "binary.py").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "nothing.py").write_bytes(b"\0" * 100)
    assert sorted(told(tmp_path)) == ["binary.py", "huge.py"]
    assert [one.location.path for one in workspace.load(tmp_path).problems()] == ["nothing.py"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file that cannot be read by its owner")
def test_a_file_that_cannot_be_read_is_told(tmp_path):
    write(tmp_path, GOOD)
    (tmp_path / "unreadable.py").symlink_to("/proc/self/mem")  # to read its beginning is an error, for everybody
    (tmp_path / "knot.py").symlink_to(tmp_path / "knot.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    assert list(told(tmp_path)) == ["unreadable.py"]


@pytest.mark.parametrize("many", [bulk.MANY, 2])
def test_a_file_that_is_deleted_while_the_folder_is_read_is_told_and_no_more(tmp_path, monkeypatch, many):
    monkeypatch.setattr(bulk, "MANY", many)
    write(tmp_path, {"a.py": "", **GOOD, "z1.py": "", "z2.py": ""})

    def meanwhile(_done, _total):
        (tmp_path / "z1.py").unlink(missing_ok=True)
        (tmp_path / "z2.py").unlink(missing_ok=True)

    loaded = workspace.load_all(tmp_path, meanwhile)
    assert described(loaded.snapshot) == LINES
    assert {problem.path for problem in loaded.problems} <= {"z1.py", "z2.py"}
    assert loaded.problems
    assert described(workspace.load(tmp_path)) == LINES


def test_places_are_the_same_whatever_ends_lines_and_begins_the_file(tmp_path):
    text = "from prefect import flow\n\n@flow\ndef größe():\n    '''x\n    '''\n@flow\ndef b(): ...\n"
    for name, body in {
        "plain.py": text.encode(),
        "crlf.py": text.replace("\n", "\r\n").encode(),
        "cr.py": text.replace("\n", "\r").encode(),
        "bom.py": b"\xef\xbb\xbf" + text.encode(),
        "latin.py": ("# coding: latin-1\n" + text.removeprefix("\n")).encode("latin-1"),
    }.items():
        (tmp_path / name).write_bytes(body)
    snapshot = workspace.load(tmp_path)
    places = {
        path: [(one.qualname, one.location.span) for one in snapshot.definitions(path)] for path in snapshot.paths
    }
    shifted = places.pop("latin.py")
    assert [name for name, _ in shifted] == ["größe", "b"]
    assert all(found == places["plain.py"] for found in places.values())
    assert len(places["plain.py"]) == 2


def test_definitions_on_one_line_have_their_own_places(tmp_path):
    write(
        tmp_path,
        {
            "flows.py": "from prefect import flow\ndef f(): ...\na = flow(f, name='a'); b = flow(f, name='b')\n",
            "test_a.py": "from flows import a\ndef test_a(): a()\n",
        },
    )
    snapshot = workspace.load(tmp_path)
    a, b = snapshot.definitions("flows.py")
    assert (a.declared_at.span.start.line, b.declared_at.span.start.line) == (2, 2)
    assert a.declared_at.span.start.column < b.declared_at.span.start.column
    assert [match.test.names for match in snapshot.matches(a)] == [("test_a",)]
    assert snapshot.matches(b) == ()


def test_a_project_inside_another_is_its_own(tmp_path):
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.pytest.ini_options]\n",
            "flows.py": "from prefect import flow\n@flow\ndef etl(): ...\n",
            "test_a.py": "import flows\ndef test_outer(): flows.etl()\n",
            "inner/pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n",
            "inner/flows.py": "from prefect import flow\n@flow\ndef etl(): ...\n",
            "inner/check_a.py": "import flows\ndef test_inner(): flows.etl()\n",
            "inner/test_a.py": "import flows\ndef test_no_test(): flows.etl()\n",
        },
    )
    snapshot = workspace.load(tmp_path)
    assert described(snapshot) == ["flows.py:3:4+3 flow: test_outer", "inner/flows.py:3:4+3 flow: test_inner"]
    alone = workspace.load(tmp_path / "inner")  # the same files, opened as a folder of their own
    assert described(alone) == ["flows.py:3:4+3 flow: test_inner"]


_SAVE = """
import sys
from pathlib import Path
from prefect_lens import facts_cache, workspace
from prefect_lens.facts_cache import FactsCache
facts_cache.RACY = -3600.0
folder, cache = map(Path, sys.argv[1:])
for number in range(30):
    kept = FactsCache(folder, {"XDG_CACHE_HOME": str(cache)})
    snapshot = workspace.load_all(folder, cache=kept).snapshot
    assert len(snapshot.definitions()) == 41, number
    kept._is_changed = True
    kept.save(snapshot.resolved())
"""


def test_servers_that_use_one_cache_at_once_find_it_whole(tmp_path):
    folder, cache = tmp_path / "project", tmp_path / "cache"
    write(folder, GOOD | {f"f{n}.py": f"from prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(40)})
    command = [sys.executable, "-c", _SAVE, folder, cache]
    environ = os.environ | {"PYTHONPATH": str(Path(workspace.__file__).parents[1])}
    servers = [subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) for _ in range(3)]
    for server in servers:
        assert server.communicate(timeout=100)[1] == b""
    [place] = cache.rglob("*.facts")
    assert read_sealed(place, facts_cache._version()) is not None
    assert [one.name for one in place.parent.iterdir()] == [place.name]
    kept = FactsCache(folder, {"XDG_CACHE_HOME": str(cache)})
    assert len(workspace.load_all(folder, cache=kept).snapshot.definitions()) == 41


def test_what_a_crash_has_left_in_the_cache_is_swept(tmp_path):
    place = tmp_path / "cache" / "a.facts"
    write_sealed(place, b"1", (b"be", b"fore"))
    left, new = place.with_name(".new-crashed"), place.with_name(".new-going-on")
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    new.write_bytes(b"half")
    write_sealed(place, b"1", (b"after",))
    assert bytes(read_sealed(place, b"1")) == b"after"
    assert not left.exists()
    assert new.exists()
