"""The folders of ours outside of a workspace."""

import multiprocessing
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from prefect_lens.engine.folders import cache_folder, plugin_folder, run_folder, sweep


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_the_plugins_folder_holds_the_plugin_alone(tmp_path):
    folder = plugin_folder(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["pytest_prefect_lens"]
    assert (folder / "pytest_prefect_lens" / "wire.py").exists()
    assert plugin_folder(tmp_path) == folder


def test_a_damaged_plugins_folder_is_made_again(tmp_path):
    folder = plugin_folder(tmp_path)
    (folder / "pytest_prefect_lens" / "wire.py").write_text("damaged")
    (folder / "pytest_prefect_lens" / "plugin.py").unlink()
    assert plugin_folder(tmp_path) == folder
    assert "damaged" not in (folder / "pytest_prefect_lens" / "wire.py").read_text()
    assert (folder / "pytest_prefect_lens" / "plugin.py").exists()


def test_what_older_versions_left_goes_when_nobody_has_used_it_for_a_month(tmp_path):
    now = time.time()
    for name, days in (("plugin-old", 31), ("plugin-recent", 29), ("databases", 99)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (now, now - days * 86_400))
    mine = plugin_folder(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {mine.name, "plugin-recent", "databases"}


def test_one_that_is_in_use_stays_young(tmp_path):
    folder = plugin_folder(tmp_path)
    os.utime(folder, (0, 0))
    plugin_folder(tmp_path)
    assert time.time() - folder.stat().st_mtime < 86_400


def test_several_servers_may_make_it_at_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(plugin_folder, [tmp_path] * 4))) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_runs_folder_is_private_and_goes_with_the_run(temporary):
    with run_folder() as (folder, _):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "prefect.db").touch()
    assert list(temporary.iterdir()) == []


def test_the_sweep_takes_what_a_crash_left_and_nothing_else(temporary):
    (temporary / "something else").mkdir()
    with run_folder() as (living, _):
        with run_folder() as (crashed, lock):
            keep = os.dup(lock)
            sweep()
            assert living.exists()
            assert crashed.exists(), "whoever holds the lock is alive"
        crashed.mkdir()
        (crashed / ".lock").touch()
        os.close(keep)
        sweep()
        assert not crashed.exists()
        assert living.exists()
    assert [path.name for path in temporary.iterdir()] == ["something else"]


def test_a_folder_that_another_server_is_just_making_is_left_alone(temporary):
    (temporary / "prefect-lens-run-new").mkdir()
    sweep()
    assert (temporary / "prefect-lens-run-new").exists()
    os.utime(temporary / "prefect-lens-run-new", (0, 0))
    sweep()
    assert not (temporary / "prefect-lens-run-new").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_the_sweep_follows_no_link(temporary, tmp_path):
    (tmp_path / "precious").mkdir()
    (temporary / "prefect-lens-run-link").symlink_to(tmp_path / "precious")
    sweep()
    assert (tmp_path / "precious").exists()


def test_a_home_that_cannot_be_written_to_has_a_cache_elsewhere(temporary, tmp_path):
    (tmp_path / "home").write_text("no folder")
    folder = cache_folder({"XDG_CACHE_HOME": str(tmp_path / "home")})
    assert folder.parent == temporary
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
