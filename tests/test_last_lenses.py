"""What lenses said last is remembered for the text that it was said of, and for nothing else."""

import os

import pytest
from prefect_lens import last_lenses
from prefect_lens.index.facts import digest
from prefect_lens.last_lenses import LastLenses

from tests.checking import workspace

FILES = """
#- flows.py
from prefect import flow, task
@task
def parse(): ...
@flow
def etl(): parse()
other = etl.with_options(name="other")
#- test_flows.py
from flows import etl
class TestAll:
    async def test_etl(self): etl()
"""


@pytest.fixture
def said():
    snapshot = workspace(FILES).snapshot
    return {one: snapshot.matches(one) for one in snapshot.definitions_at("flows.py")}


@pytest.fixture
def last(tmp_path):
    return LastLenses(tmp_path / "project", {"XDG_CACHE_HOME": str(tmp_path / "cache")})


def kept(tmp_path):
    return sorted((tmp_path / "cache").rglob("*.lenses"))


def test_it_is_what_was_said(last, said, tmp_path):
    assert len(said) == 3
    last.put("flows.py", digest("text"), said)
    again = LastLenses(tmp_path / "project", {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert again.get("flows.py", digest("text")) == said
    assert list(again.get("flows.py", digest("text"))) == list(said)
    assert again.get("flows.py", digest("another text")) is None
    assert again.get("other.py", digest("text")) is None
    assert LastLenses(tmp_path, {"XDG_CACHE_HOME": str(tmp_path / "cache")}).get("flows.py", digest("text")) is None


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-3], lambda data: data[:0], lambda data: data[:30] + b"\0" + data[31:], lambda data: data * 2],
)
def test_damaged_it_is_nothing(last, said, tmp_path, damage):
    last.put("flows.py", "1", said)
    [place] = kept(tmp_path)
    place.write_bytes(damage(place.read_bytes()))
    assert last.get("flows.py", "1") is None
    last.put("flows.py", "2", said)
    assert last.get("flows.py", "2") == said


def test_another_version_of_ours_says_it_anew(last, said, monkeypatch):
    last.put("flows.py", "1", said)
    monkeypatch.setattr(last_lenses, "_version", lambda: b"another")
    assert last.get("flows.py", "1") is None


def test_it_is_for_its_owners_eyes_and_written_once(last, said, tmp_path):
    last.put("flows.py", "1", said)
    [place] = kept(tmp_path)
    assert place.stat().st_mode & 0o077 == 0
    os.utime(place, (1, 1))
    last.put("flows.py", "1", said)
    assert place.stat().st_mtime == 1


def test_the_oldest_are_forgotten(last, said, tmp_path, monkeypatch):
    monkeypatch.setattr(last_lenses, "MOST", 2)
    for number in range(3):
        last.put(f"flows{number}.py", "1", said)
        for age, place in enumerate(kept(tmp_path)):
            os.utime(place, (age + 1, age + 1)) if number < 2 else None
    assert len(kept(tmp_path)) == 2
    assert last.get("flows2.py", "1") == said


def test_without_a_folder_to_keep_it_in_nothing_is_kept(said, tmp_path, monkeypatch):
    def refused(*_args):
        raise PermissionError

    monkeypatch.setattr(last_lenses, "cache_folder", refused)
    last = LastLenses(tmp_path)
    last.put("flows.py", "1", said)
    assert last.get("flows.py", "1") is None
