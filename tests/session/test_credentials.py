"""What holds no credential is not read again at the next start, and nothing of a credential is kept."""

import pytest
from prefect_lens import facts_cache
from prefect_lens.index.baseline import NAME, hashed
from prefect_lens.session.credentials import Credentials
from prefect_lens.session.reading import disk_text

SECRET = "x9-Kp2-Qw7-44b"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flows.py").write_text("from prefect import flow\n")
    (folder / "settings.py").write_text(f'password = "{SECRET}"\n')
    (folder / "pyproject.toml").write_text("[project]\n")
    return folder


@pytest.fixture
def start(project, tmp_path, monkeypatch):
    """Search the project as a server that starts does; return where something was found, and what was read."""
    monkeypatch.setattr(facts_cache, "RACY", -3600.0)  # the second time of a file cannot be set: all is old enough
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    async def started(unsaved=None):
        unsaved, read = unsaved or {}, set()

        def text(path):
            read.add(path)
            return unsaved.get(path, disk_text(project, path))

        credentials = Credentials(project, text, unsaved, lambda: None, lambda: None)
        credentials.search_all()
        await credentials.searched()
        return sorted(one.location.path for one in credentials.diagnostics), sorted(read - {NAME})

    return started


async def test_a_start_reads_only_what_has_changed_or_holds_one(project, start):
    assert await start() == (["settings.py"], ["flows.py", "pyproject.toml", "settings.py"])
    assert await start() == (["settings.py"], ["settings.py"])
    (project / "flows.py").write_text(f'token = "{SECRET}"\n')
    assert await start() == (["flows.py", "settings.py"], ["flows.py", "settings.py"])


async def test_an_unsaved_text_says_nothing_of_the_file(project, start):
    (project / "flows.py").write_text(f'token = "{SECRET}"\n')
    assert (await start({"flows.py": "token = None\n"}))[0] == ["settings.py"]
    assert (await start())[0] == ["flows.py", "settings.py"]
    (project / "flows.py").write_text("token = None\n")
    await start()
    assert (await start({"flows.py": f'token = "{SECRET}"\n'}))[0] == ["flows.py", "settings.py"]


async def test_what_a_baseline_hides_is_told_when_the_baseline_is_gone(project, start):
    (project / "flows.py").write_text('token = "k3-Zz9-Lm4-07c"\n')
    known = f'{{"results": {{"flows.py": [{{"hashed_secret": "{hashed("k3-Zz9-Lm4-07c")}"}}]}}}}'
    (project / NAME).write_text(known)
    assert (await start())[0] == ["settings.py"]
    (project / NAME).unlink()
    assert (await start())[0] == ["flows.py", "settings.py"]


async def test_nothing_of_a_credential_is_kept(start, tmp_path):
    await start()
    [kept] = [place for place in (tmp_path / "cache").rglob("*") if place.is_file()]
    told = kept.read_bytes()
    assert b"flows.py" in told
    for sign in (SECRET, hashed(SECRET), "password", "settings.py"):
        assert sign.encode() not in told


async def test_what_is_kept_counts_for_nothing_when_it_is_damaged(start, tmp_path):
    await start()
    [kept] = [place for place in (tmp_path / "cache").rglob("*") if place.is_file()]
    kept.write_bytes(kept.read_bytes()[:-7])
    assert (await start())[1] == ["flows.py", "pyproject.toml", "settings.py"]
