# ruff: noqa: T201  it is a command
"""What the plugin costs a session that uses nothing of it: CPU time with it against without it, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SERVER = Path(__file__).parents[2] / "server"
TESTS = 4000
ROUNDS = 5
WITH = ("-p", "pytest_prefect_lens")


def milliseconds(folder: Path, *args: str) -> float:
    """Return the CPU time that collecting a folder takes; other work on the machine does not count."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *args],
        cwd=folder,
        env={"PYTHONPATH": str(SERVER), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"pytest ended with status {process.returncode}.")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Print the cost of the start, and of the collection, with and without the plugin."""
    with tempfile.TemporaryDirectory() as place:
        one, many = Path(place, "one"), Path(place, "many")
        for folder, number in ((one, 1), (many, TESTS)):
            folder.mkdir()
            (folder / "test_a.py").write_text("".join(f"def test_{n}(): pass\n" for n in range(number)))
        taken: dict[tuple[Path, tuple[str, ...]], list[float]] = {}
        for _ in range(ROUNDS):
            for folder in (one, many):
                for args in ((), WITH):
                    taken.setdefault((folder, args), []).append(milliseconds(folder, *args))
        least = {key: min(values) for key, values in taken.items()}
    plain, ours = least[many, ()] - least[one, ()], least[many, WITH] - least[one, WITH]
    print(f"start of pytest: {least[one, WITH] - least[one, ()]:+.0f} ms of {least[one, ()]:.0f} (bound: +50)")
    print(f"collection of {TESTS:,} tests: {ours / plain:.3f} of that without the plugin (bound: 1.05)")


if __name__ == "__main__":
    main()
