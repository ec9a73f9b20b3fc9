"""`pass`, the standard password manager of Unix, as a command: with a key and a store of its own."""

import os
import shutil
import subprocess
import tempfile

import pytest

pytestmark = pytest.mark.slow

VALUE = "what-pass-keeps-for-the-test"


@pytest.fixture
def store(project, tmp_path):
    """A store with one entry; what finds it is in the project's environment."""
    for program in ("pass", "gpg"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as keys:  # the agent's socket needs a short path
        own = {"GNUPGHOME": keys, "PASSWORD_STORE_DIR": str(tmp_path / "store"), "HOME": str(tmp_path)}
        env = {**os.environ, **own}

        def run(*argv: str, given: str = "") -> None:
            subprocess.run(argv, env=env, input=given, check=True, capture_output=True, text=True)

        run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "etl@example.com", "default", "default", "1d")
        run("pass", "init", "etl@example.com")
        run("pass", "insert", "--multiline", "data/api/token", given=f"{VALUE}\n")
        project.environ.update(own)
        yield
        run("gpgconf", "--kill", "all")


@pytest.mark.usefixtures("store")
async def test_what_pass_keeps_is_had_and_what_it_does_not_keep_is_told(project):
    assert await project.values("TOKEN = { command = ['pass', 'show', 'data/api/token'] }") == {"TOKEN": VALUE}
    trouble = await project.trouble("TOKEN = { command = ['pass', 'show', 'data/none'] }")
    assert trouble.what == (
        "TOKEN could not be had: pass ended with exit status 1: Error: data/none is not in the password store."
    )
    assert trouble.cure == "Try it in a terminal: pass show data/none"
