"""What runs have shown outlives the server, whatever becomes of the file that it stands in."""

import os
import time

import pytest
from prefect_lens import observations
from prefect_lens.index.facts import digest
from prefect_lens.index.observed import Seen
from prefect_lens.observations import Observations, Unchanged

ONE = Seen((("a.py", "1"),), frozenset({"a.py:x"}), frozenset({"a.py:y"}))
OTHER = Seen((("b.py", "2"), ("conftest.py", "")), frozenset())


@pytest.fixture
def keeps(tmp_path):
    """Return what a server that has just started keeps what it sees in."""
    return lambda: Observations(tmp_path / "project", {"HOME": str(tmp_path)})


@pytest.fixture
def file(keeps, tmp_path):
    """The file, with one observation in it."""
    keeps().add({"test_a": ONE})
    (found,) = tmp_path.rglob("*.jsonl")
    return found


def test_two_servers_keep_what_they_see_side_by_side(keeps):
    first, second = keeps(), keeps()
    first.add({"test_a": ONE})
    second.add({"test_b": OTHER})
    first.add({"test_a": Seen(ONE.cone, frozenset({"a.py:y"}))})
    seen = Seen(ONE.cone, frozenset({"a.py:x", "a.py:y"}))
    assert keeps().load().tests == {"test_a": seen, "test_b": OTHER}


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_that_a_crash_has_cut_costs_that_line_alone(keeps, file, end):
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2] + end)
    keeps().add({"test_b": OTHER})
    assert keeps().load().tests == {"test_a": ONE, "test_b": OTHER}


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 99}',
        b'{"version":1,"cones":[],"tests":{"t":[0,[],[]]}}',
    ],
)
def test_a_line_that_nobody_wrote_like_this_is_passed_over(keeps, file, line):
    file.write_bytes(line + b"\n" + file.read_bytes())
    assert keeps().load().tests == {"test_a": ONE}


def test_a_file_that_has_grown_is_written_anew_with_what_counts(keeps, file, monkeypatch):
    for number in range(50):
        keeps().add({"test_a": Seen((("a.py", str(number)),), frozenset())})
    monkeypatch.setattr(observations, "LARGEST", 1_000)
    before = keeps().load().tests
    assert before == {"test_a": Seen((("a.py", "49"),), frozenset())}
    assert file.stat().st_size < 1_000
    assert keeps().load().tests == before


def test_nobody_else_can_read_it_and_it_can_be_forgotten(keeps, file):
    assert file.stat().st_mode & 0o077 == 0
    keeps().forget()
    assert keeps().load().tests == {}


def test_a_folder_that_cannot_be_written_to_keeps_nothing_and_says_no_word(keeps, tmp_path):
    (tmp_path / ".local").write_text("a file, where a folder is wanted")
    keeps().add({"test_a": ONE})
    assert keeps().load().tests == {}


def test_a_file_is_unchanged_if_its_contents_and_its_times_are(tmp_path):
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    later = time.time() + 60
    assert Unchanged(tmp_path, later)("a.py", digest("x = 1\n"))
    assert not Unchanged(tmp_path, later)("a.py", digest("x = 2\n"))
    assert not Unchanged(tmp_path, later)("a.py", "")
    assert Unchanged(tmp_path, later)("conftest.py", "")
    assert not Unchanged(tmp_path, later)("conftest.py", digest(""))
    os.utime(tmp_path / "a.py", (later, later))
    assert not Unchanged(tmp_path, later)("a.py", digest("x = 1\n"))
