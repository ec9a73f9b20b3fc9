"""The trail's key where `keyring` and `cryptography` are installed: kept by the system, and signing what it seals."""

import json
import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.providers import providers_python

pytestmark = pytest.mark.slow

SERVER = Path(__file__).parents[2] / "server"

RING = """
    import json, os, pathlib
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        "A system's keyring, as far as the library can tell: everything in one file, which can be locked."
        priority = 5
        file = pathlib.Path(os.environ["RING"])
        def _read(self):
            if self.file.with_suffix(".locked").exists():
                raise RuntimeError("the keyring is locked")
            return json.loads(self.file.read_text()) if self.file.exists() else {}
        def get_password(self, service, user): return self._read().get(f"{service} {user}")
        def set_password(self, service, user, value):
            self.file.write_text(json.dumps({**self._read(), f"{service} {user}": value}))
"""
WRITE = """
    import os, sys
    from prefect_lens.audit.places import Places
    from prefect_lens.audit.trail import append
    for what in sys.argv[1:]:
        append(Places.of(os.environ), {"what": what})
"""


class Machine:
    """A user's machine: where the trail is, and a keyring if there is one."""

    def __init__(self, folder: Path, *, ring: bool = False) -> None:
        folder.mkdir()
        self.folder = folder
        self.ring = folder / "ring.json"
        (folder / "ringing.py").write_text(dedent(RING))
        self.environ = {
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
            "PYTHONPATH": os.pathsep.join((str(SERVER), str(folder))),
            "RING": str(self.ring),
            "PYTHON_KEYRING_BACKEND": "ringing.Ring" if ring else "keyring.backends.null.Keyring",
        }

    @property
    def key_file(self) -> Path:
        return self.folder / "data" / "prefect-lens" / "audit.key"

    def write(self, *what: str) -> None:
        done = self._python(dedent(WRITE), *what)
        assert done.returncode == 0, done.stderr

    def audit(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from prefect_lens.cli import main; sys.exit(main())"
        return self._python(code, "audit", *arguments, **environ)

    def exported(self) -> tuple[Path, str]:
        """The trail in one file, and the public key that was told."""
        file = self.folder / "exported.jsonl"
        said = self.audit("export", str(file))
        assert said.returncode == 0, said.stderr
        return file, said.stdout.rpartition("--public-key ")[2].strip()

    def _python(self, code: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [providers_python(), "-c", code, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def ringing(tmp_path) -> Machine:
    return Machine(tmp_path / "ringing", ring=True)


@pytest.fixture
def other(tmp_path) -> Machine:
    """Somebody else's, who has no key of the first one."""
    return Machine(tmp_path / "other")


def test_others_verify_an_export_by_the_public_key_alone(machine, other):
    machine.write("one", "two", "three")
    file, public = machine.exported()
    well = other.audit("verify", str(file), "--public-key", public)
    assert (well.returncode, well.stdout.partition(";")[0]) == (0, "3 entries: the trail holds"), well.stderr
    assert not other.key_file.exists()
    unknown = other.audit("verify", str(file))
    assert unknown.returncode == 1
    assert "whether this was changed cannot be said: its key is not here" in unknown.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda lines: [lines[0].replace(b'"one"', b'"ONE"'), *lines[1:]],
            "exported.jsonl:1: entry 1 has been changed",
            id="changed",
        ),
        pytest.param(
            lambda lines: [lines[0], *lines[2:]], "exported.jsonl:1: entry 2 is missing behind this", id="removed"
        ),
        pytest.param(
            lambda lines: [*lines[:2], lines[3]],
            "entry 3 is missing: the end of the trail has been cut off",
            id="cut before the head",
        ),
        pytest.param(lambda lines: lines[:3], "the head: it is not the last line, or broken", id="without a head"),
        pytest.param(
            lambda lines: [*lines[:2], lines[3].replace(b'"count":3', b'"count":2')],
            "the head: it is not the last line, or broken",
            id="cut, and the head changed to fit",
        ),
    ],
)
def test_signatures_show_what_was_done_to_an_export(machine, other, change, told):
    machine.write("one", "two", "three")
    file, public = machine.exported()
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))
    said = other.audit("verify", str(file), "--public-key", public)
    assert said.returncode == 1
    assert told in said.stdout


def test_a_trail_that_somebody_else_sealed_is_not_the_first_ones(machine, other):
    machine.write("one")
    _, public = machine.exported()
    other.write("one")
    file, others = other.exported()
    assert others != public
    said = other.audit("verify", str(file), "--public-key", public)
    assert said.returncode == 1
    assert "entry 1 has been changed: its seal does not hold" in said.stdout


def test_what_is_no_public_key_is_told(machine):
    machine.write("one")
    for wrong in ("abc", "xyz", "00"):
        said = machine.audit("verify", "--public-key", wrong)
        assert (said.returncode, said.stderr) == (
            2,
            f"prefect-lens audit: {wrong} is no public key, which is 64 hex digits\n",
        )


def test_the_key_is_in_the_keyring_and_in_no_file(ringing):
    ringing.write("one")
    ringing.write("two")
    [secret] = json.loads(ringing.ring.read_text()).values()
    assert len(bytes.fromhex(secret)) == 32
    assert not ringing.key_file.exists()
    for file in (ringing.folder / "state").rglob("*"):
        assert file.is_dir() or secret not in file.read_text()
    assert ringing.audit("verify").stdout.startswith("2 entries: the trail holds")


def test_while_the_keyring_is_locked_nothing_is_written_with_another_key(ringing):
    ringing.write("one")
    kept = ringing.ring.read_text()
    locked = ringing.ring.with_suffix(".locked")
    locked.touch()
    with pytest.raises(AssertionError, match=r"the system's keyring, .* does not answer \(RuntimeError\); unlock it"):
        ringing.write("two")
    said = ringing.audit("verify")
    assert said.returncode == 1
    assert "whether this was changed cannot be said: its key is not here" in said.stdout
    locked.unlink()
    ringing.write("three")
    assert ringing.ring.read_text() == kept
    assert not ringing.key_file.exists()
    assert ringing.audit("verify").stdout.startswith("2 entries: the trail holds")


def test_where_the_keyring_never_answers_a_file_has_the_key(ringing):
    ringing.ring.with_suffix(".locked").touch()
    ringing.write("one", "two")
    assert ringing.key_file.stat().st_mode & 0o077 == 0
    assert ringing.audit("verify").stdout.startswith("2 entries: the trail holds")
