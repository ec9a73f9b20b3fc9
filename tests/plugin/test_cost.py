"""What the plugin costs a session that uses nothing of it: in CPU time, as other work on the machine does not count."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.driving import SERVER, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell of a child's CPU time"),
]

WITH = ("-p", "pytest_prefect_lens")


def milliseconds(folder: Path, *args: str) -> float:
    """The CPU time that collecting a folder takes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *args],
        cwd=folder,
        env={"PYTHONPATH": str(SERVER), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return 1000 * (usage.ru_utime + usage.ru_stime)


def test_the_plugin_costs_a_session_next_to_nothing(tmp_path):
    one = write(tmp_path / "one", "#- test_a.py\ndef test_a(): pass\n").folder
    many = write(tmp_path / "many", "#- test_a.py\n" + "".join(f"def test_{n}(): pass\n" for n in range(4000))).folder
    taken: dict[tuple[Path, tuple[str, ...]], list[float]] = {}
    for _ in range(5):
        for folder in (one, many):
            for args in ((), WITH):
                taken.setdefault((folder, args), []).append(milliseconds(folder, *args))
    least = {key: min(values) for key, values in taken.items()}
    start = least[one, WITH] - least[one, ()]
    assert start < 50, "milliseconds at the start"
    collection = least[many, ()] - least[one, ()]
    assert least[many, WITH] - least[one, WITH] < 1.05 * collection + 10, "milliseconds for 4,000 tests"
