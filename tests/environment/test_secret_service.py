"""A real Secret Service, GNOME's, in a D-Bus session of its own: entries, their age, and a keyring that is locked."""

import asyncio
import os
import shutil
import signal
import subprocess
import time

import pytest
from prefect_lens.environment.keeping import put_into_keyring
from prefect_lens.environment.resolving import Resolved

from tests import providers
from tests.environment.conftest import Project

pytestmark = pytest.mark.slow

ENTRY = "TOKEN = { keyring = 'warehouse/etl' }"


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The keyring's daemon, its keyring open; what finds it is in the environment."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    for name in ("home", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    address = f"--address={os.environ['DBUS_SESSION_BUS_ADDRESS']}"
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as bus:
        assert bus.stdout is not None
        bus.stdout.readline()  # it listens
        daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert daemon.stdin is not None
        daemon.stdin.write(b"a password")
        daemon.stdin.close()
        _secretstorage("while not has_owner(): time.sleep(0.05)")
        yield daemon
        for process in (daemon, bus):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


def _secretstorage(code: str) -> str:
    """Talk to the service by the library that `keyring` does it with."""
    before = "import secretstorage, sys, time\nbus = secretstorage.dbus_init()\n"
    before += "def has_owner(): return secretstorage.check_service_availability(bus)\n"
    argv = [providers.providers_python(), "-c", before + code]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path, service) -> Project:  # noqa: ARG001
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", tmp_path / "state", providers.providers_python())


async def test_an_entry_is_written_and_read_and_its_age_is_known(project):
    assert await put_into_keyring(project.place.interpreter, "warehouse", "etl", "the value in the keyring")
    found = await project.resolve(ENTRY, "max_age = '1d'")
    assert isinstance(found, Resolved)
    assert dict(found.values) == {"TOKEN": "the value in the keyring"}
    [entry] = found.entries
    assert entry.since is not None
    assert 0 <= time.time() - entry.since < 600
    assert entry.notes == ()
    # It tells the age itself: nothing is put beside it.
    assert _secretstorage("print(len(list(secretstorage.get_default_collection(bus).get_all_items())))") == "1\n"


async def test_a_keyring_that_is_locked_is_told_as_such(project):
    assert await put_into_keyring(project.place.interpreter, "warehouse", "etl", "the value in the keyring")
    _secretstorage("secretstorage.get_default_collection(bus).lock()")
    trouble = await project.trouble(ENTRY)
    assert trouble.what == "TOKEN could not be had: The keyring is locked."
    assert trouble.cure == "Unlock it, and run again."
    assert not await put_into_keyring(project.place.interpreter, "warehouse", "other", "x")


async def test_a_keyring_that_does_not_answer_is_told_with_what_it_may_wait_for(project, service):
    service.send_signal(signal.SIGSTOP)
    trouble = await asyncio.wait_for(project.trouble("TOKEN = { keyring = 'warehouse/etl', timeout = '2s' }"), 60)
    assert trouble.what == "TOKEN could not be had: keyring had no answer within 2 seconds."
    assert "waits to be unlocked" in (trouble.cure or "")
