"""What was read once is not read again, and a cache that is wrong in any way is none."""

import hashlib
import marshal
import os
import time

import pytest
from prefect_lens import bulk_helper, facts_cache, workspace
from prefect_lens.facts_cache import FactsCache
from prefect_lens.index import links

from tests.checking import described


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flows.py").write_text("from prefect import flow\n@flow\ndef etl(x: int = 1): ...\n")
    (folder / "broken.py").write_text("from prefect import task\n@task\ndef parse(): ...\ndef (:\n")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    for path in folder.iterdir():
        age(path)
    return folder


def age(path):
    """Set the times of a file to an hour ago, as far as anybody can."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))


@pytest.fixture
def load(project, tmp_path, monkeypatch):
    """Load the project; return the snapshot, and the files that were read."""
    monkeypatch.setattr(facts_cache, "RACY", -3600.0)  # the second time of a file cannot be set: all is old enough
    read = []
    really = workspace.read

    def noted(path, name):
        read.append(name)
        return really(path, name)

    monkeypatch.setattr(workspace, "read", noted)
    monkeypatch.setattr(bulk_helper, "read", noted)

    def loaded():
        read.clear()
        cache = FactsCache(project, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
        snapshot = workspace.load_all(project, cache=cache).snapshot
        cache.save(snapshot.resolved())
        return snapshot, sorted(read)

    return loaded


def kept(tmp_path):
    [place] = (tmp_path / "cache").rglob("*.facts")
    return place


def test_only_what_has_changed_is_read_again(project, load):
    first, read = load()
    assert read == ["broken.py", "flows.py", "pyproject.toml"]
    second, read = load()
    assert read == ["pyproject.toml"]
    assert second.definitions() == first.definitions()
    assert second.problems() == first.problems() != ()
    text = (project / "flows.py").read_text()
    (project / "flows.py").write_text(text.replace("etl", "lte"))
    age(project / "flows.py")  # the same size and the same time: its second time tells
    third, read = load()
    assert read == ["flows.py", "pyproject.toml"]
    assert [one.qualname for one in third.definitions()] == ["parse", "lte"]


def test_a_file_that_is_gone_is_forgotten(project, load, tmp_path):
    load()
    size = kept(tmp_path).stat().st_size
    (project / "flows.py").unlink()
    snapshot, _ = load()
    assert [one.qualname for one in snapshot.definitions()] == ["parse"]
    assert kept(tmp_path).stat().st_size < size


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-5], lambda data: data[:0], lambda data: data[:40] + b"x" + data[41:]]
)
def test_a_damaged_cache_is_made_anew(load, tmp_path, damage):
    load()
    good = kept(tmp_path).read_bytes()
    kept(tmp_path).write_bytes(damage(good))
    snapshot, read = load()
    assert read == ["broken.py", "flows.py", "pyproject.toml"]
    assert len(snapshot.definitions()) == 2
    assert kept(tmp_path).read_bytes() == good


def test_what_another_version_of_ours_wrote_is_not_even_looked_into(load, tmp_path):
    load()
    body = marshal.dumps(("another form", {}, "", {}))
    kept(tmp_path).write_bytes(hashlib.blake2b(body, digest_size=16).digest() + body)
    snapshot, read = load()
    assert read == ["broken.py", "flows.py", "pyproject.toml"]
    assert len(snapshot.definitions()) == 2


def test_another_version_of_ours_reads_everything(load, monkeypatch):
    load()
    monkeypatch.setattr(facts_cache, "_version", lambda: b"another")
    assert "flows.py" in load()[1]


def test_what_has_just_been_written_is_not_kept(load, monkeypatch):
    monkeypatch.setattr(facts_cache, "RACY", 2.0)
    load()
    assert load()[1] == ["broken.py", "flows.py", "pyproject.toml"]


def test_it_is_for_its_owners_eyes(load, tmp_path):
    load()
    assert kept(tmp_path).stat().st_mode & 0o077 == 0


def test_the_folders_that_were_not_opened_for_longest_are_forgotten(load, tmp_path, monkeypatch):
    load()
    other = kept(tmp_path).with_name("other.facts")
    other.write_bytes(b"")
    age(other)
    monkeypatch.setattr(facts_cache, "MOST", 1)
    monkeypatch.setattr(facts_cache, "_version", lambda: b"another")  # so that there is something to write
    load()
    assert not other.exists()
    assert kept(tmp_path).exists()


def test_a_cache_folder_that_cannot_be_written_is_no_trouble(project, monkeypatch):
    def refused(*_args):
        raise PermissionError

    monkeypatch.setattr(facts_cache, "cache_folder", refused)
    cache = FactsCache(project)
    snapshot = workspace.load_all(project, cache=cache).snapshot
    assert len(snapshot.definitions()) == 2
    cache.save(snapshot.resolved())


def test_where_imports_lead_is_not_looked_for_again_as_long_as_the_paths_are_the_same(project, load, monkeypatch):
    (project / "tests").mkdir()
    (project / "tests" / "test_etl.py").write_text("from flows import etl\ndef test_etl(): etl()\n")
    described(load()[0])
    looked = []
    really = links._read
    monkeypatch.setattr(links, "_read", lambda path, *rest: (looked.append(path), really(path, *rest))[1])
    again, _ = load()
    assert [match.test.names for match in again.matches(again.definition("flows.py:etl"))] == [("test_etl",)]
    assert looked == ["broken.py"]  # what a broken file leads to may be that of an earlier text
    (project / "tests" / "flows.py").write_text("def etl(): ...\n")  # for the test, it stands before the other one
    shadowed, _ = load()
    assert shadowed.matches(shadowed.definition("flows.py:etl")) == ()
    assert described(shadowed) == described(workspace.load(project))
    (project / "tests" / "flows.py").unlink()
    assert described(load()[0]) == described(again)


def test_a_file_that_imports_something_else_leads_there_after_the_next_start(project, load):
    test = project / "test_etl.py"
    test.write_text("from broken import parse\ndef test_etl(): parse()\n")
    load()
    test.write_text("from flows import etl\ndef test_etl(): etl()\n")
    snapshot, read = load()
    assert "test_etl.py" in read
    assert [match.test.names for match in snapshot.matches(snapshot.definition("flows.py:etl"))] == [("test_etl",)]
    assert described(load()[0]) == described(workspace.load(project))
