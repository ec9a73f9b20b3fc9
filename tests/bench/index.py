# ruff: noqa: T201  it is a command
"""What the index costs, as ratios of things measured in the same minute: `python tests/bench/index.py [FILES]`.

Two projects are made, one with a tenth of the other's files, so that growth shows. Times are the processor's, of this
process and of those that it started, so that whoever else uses the machine matters less.
"""

from __future__ import annotations

import ast
import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens import workspace
from prefect_lens.index.facts import read_facts

sys.path.insert(0, str(Path(__file__).parent))
import project

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.snapshot import Snapshot

KEYSTROKES = 40


def main() -> int:
    """Measure a large and a small project, and print the ratios."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_measured(Path(folder, str(n)), n) for n in (files // 10, files))
    for name, unit in (("read", "s"), ("lenses", "s"), ("key", "s"), ("save", "s"), ("memory", "MB")):
        growth = large[name] / small[name]
        print(f"{name:8} {large[name]:9.4f} {unit:2} at {files} files; {growth:5.1f} times that at a tenth of them")
    print(f"reading and all lenses take {(large['read'] + large['lenses']) / large['parse']:.1f} times `ast.parse`")
    if large["ruff"]:
        whole = (large["read"] + large["lenses"]) / large["ruff"]
        print(f"and {whole:.1f} times `ruff analyze graph`, of that {large['read'] / large['ruff']:.1f} for reading")
    return 0


def _measured(folder: Path, files: int) -> dict[str, float]:
    project.write(folder, files)
    before = _memory()
    found = {"parse": _time(lambda: _parse_all(folder)), "ruff": _ruff(folder)}
    snapshots: list[Snapshot] = []
    found["read"] = _time(lambda: snapshots.append(workspace.load(folder)))
    [snapshot] = snapshots
    found["lenses"] = _time(lambda: _all_lenses(snapshot))
    found["memory"] = _memory() - before
    flows = sorted(path for path in snapshot.paths if "/flow_" in path)
    found["key"] = statistics.quantiles(_keystrokes(folder, snapshot, flows[len(flows) // 2]), n=20)[-1]
    hub = max(flows, key=lambda path: len(snapshot.dependents(path)))
    found["save"] = _keystrokes(folder, snapshot, hub)[0]
    gc.unfreeze()
    return found


def _keystrokes(folder: Path, snapshot: Snapshot, path: str) -> list[float]:
    """Return what each of some edits in a function's body takes, with the lenses of its file."""
    text = (folder / path).read_text()
    found: list[float] = []
    for number in range(KEYSTROKES):
        text = text.replace("    total = 0\n", f"    total = 0\n    print({number})\n", 1)

        def edit(text: str = text, snapshot: Snapshot = snapshot) -> Snapshot:
            after = snapshot.update({path: read_facts(text)}, {})
            for definition in after.definitions(path):
                after.matches(definition)
            return after

        began = time.process_time()
        snapshot = edit()
        found.append(time.process_time() - began)
    return found


def _all_lenses(snapshot: Snapshot) -> None:
    for definition in snapshot.definitions():
        snapshot.matches(definition)


def _parse_all(folder: Path) -> None:
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())


def _ruff(folder: Path) -> float:
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    if ruff is None:
        return 0.0
    command = [ruff, "analyze", "graph", str(folder)]
    return _time(lambda: subprocess.run(command, check=True, capture_output=True))


def _time(work: Callable[[], object]) -> float:
    began = _clock()
    work()
    return _clock() - began


def _clock() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _memory() -> float:
    """Return the megabytes that this process holds; none where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 1.0)


if __name__ == "__main__":
    sys.exit(main())
