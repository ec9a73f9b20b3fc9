"""The story in a real Neovim without a window."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.editor import SERVER

PROJECT = """
#- flows.py
from prefect import flow


@flow
def etl(text):
    return float(text)
#- test_flows.py
from flows import etl


def test_etl():
    assert etl("x") == 1.0
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_a_lens_is_run_in_neovim(write, home, cache, python):
    script = Path(__file__).with_name("neovim.lua")
    environ = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": str(SERVER),
        "TEST_PYTHON": python,
        "TEST_SERVER_PYTHON": sys.executable,
    }
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-c", f"luafile {script}"],
        cwd=write(PROJECT),
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    said = [line.rstrip() for line in done.stderr.replace("\r", "").splitlines() if line.strip()]
    assert said == [
        "lens: ▶ Run 1 test",
        "run: failed",
        "diagnostic: 6 prefect-lens Flow 'etl' Failed: ValueError: could not convert string to float: 'x'",
        "then: ✗ 1 failed",
    ]
