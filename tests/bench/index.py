# ruff: noqa: T201  it is a command
"""What the index costs, as ratios of things measured in the same minute: `python tests/bench/index.py [FILES]`.

Two projects are made, one with a tenth of the other's files, so that growth shows. Times are the processor's, of this
process and of those that it started, so that whoever else uses the machine matters less.
"""

from __future__ import annotations

import ast
import asyncio
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
from prefect_lens.facts_cache import RACY, FactsCache
from prefect_lens.index.facts import read_facts
from prefect_lens.session.credentials import Credentials
from prefect_lens.session.reading import disk_text

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
import project
import served

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.snapshot import Snapshot

KEYSTROKES = 40

BOUNDS = {
    "cold": "10 times `ruff analyze graph`",
    "warm": "0.3 s",
    "first": "",
    "key": "0.010 s",
    "meant": "0.010 s",
    "save": "0.100 s",
    "meant save": "0.100 s",
    "added": "",
    "memory": "",
    "opened": "0.3 s",
    "lenses": "",
    "server": "150 MB",
    "search": "",
    "again": "",
}
"""What is asked for; the machine that it is asked of has two processors."""


def main() -> int:
    """Measure a large and a small project, and print what was found beside what is asked for."""
    gc.set_threshold(20_000, 20, 100)  # as the server does
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_measured(Path(folder, str(n)), n) for n in (files // 10, files))
    for name, bound in BOUNDS.items():
        unit = "MB" if name in {"memory", "server"} else "s"
        growth = f"{large[name] / small[name]:5.1f} times that at a tenth of them"
        print(
            f"{name:10} {large[name]:9.4f} {unit:2} at {files} files; {growth}" + (f"; bound {bound}" if bound else "")
        )
    print(f"a cold index takes {large['cold'] / large['parse']:.1f} times `ast.parse`", end="")
    print(f" and {large['cold'] / large['ruff']:.1f} times `ruff analyze graph`" if large["ruff"] else "")
    return 0


def _measured(folder: Path, files: int) -> dict[str, float]:
    """Return what things cost: reading all files, cold and by the cache; the first lenses of a file; an edit that means
    nothing to other files, and one that does, in a usual file and in one that hundreds of tests depend on; a new file;
    what is held by then; the search for credentials, and the next one. Then of a server: from `initialized` to the
    lenses of an open file; until it knows the lenses of all files, and what it holds then, imports and all.
    """
    project.write(folder, files)
    before = _memory()
    found = {"parse": _time(lambda: _parse_all(folder)), "ruff": _ruff(folder)}
    os.environ["XDG_CACHE_HOME"] = str(folder.parent / f"cache{files}")
    snapshots: list[Snapshot] = []

    def load() -> None:
        cache = FactsCache(folder)
        snapshots.append(workspace.load_all(folder, cache=cache).snapshot)
        cache.save(snapshots[-1].resolved())

    time.sleep(RACY)  # the cache does not take files that have just been written
    found["cold"] = _time(load)
    found["warm"] = _time(load)
    snapshot = snapshots.pop()
    snapshots.clear()
    flows = sorted(path for path in snapshot.paths if "/flow_" in path)
    usual, hub = _tested(folder, flows), next(path for path in flows if path.endswith("/flow_0.py"))
    found["first"] = _time(lambda: _lenses(snapshot, usual))
    number = usual.rpartition("_")[2].removesuffix(".py")
    found["key"], snapshot = _keystrokes(folder, snapshot, usual, "print({})", "print({})")
    found["meant"], snapshot = _keystrokes(folder, snapshot, usual, "print({})", f"fetch_{number}({{}})")
    _lenses(snapshot, hub)
    found["save"], snapshot = _keystrokes(folder, snapshot, hub, "print({})", "print({})")
    found["meant save"], snapshot = _keystrokes(folder, snapshot, hub, "print({})", "fetch_0({})")
    found["added"] = _time(lambda: _lenses(snapshot.update({"tests/test_new.py": read_facts(NEW)}, {}), hub))
    found["memory"] = _memory() - before
    gc.unfreeze()
    found["search"], found["again"] = (_time(lambda: asyncio.run(_search(folder))) for _ in range(2))
    return found | served.measured(folder, usual)


NEW = "def test_new(rows):\n    assert rows\n"


def _tested(folder: Path, flows: list[str]) -> str:
    """Return a flow's file from the middle of all that some test imports: in a small project not each one is tested."""
    texts = "".join(path.read_text() for path in (folder / "tests").rglob("test_*.py"))
    return next(path for path in flows[len(flows) // 2 :] + flows if f".{Path(path).stem} import" in texts)


def _keystrokes(folder: Path, snapshot: Snapshot, path: str, *lines: str) -> tuple[float, Snapshot]:
    """Return what the slowest twentieth of some edits takes, with the lenses of the file, and the last snapshot.

    Each edit puts one of the lines in turn into the same function's body.
    """
    original = (folder / path).read_text()
    found: list[float] = []
    for number in range(KEYSTROKES):
        line = lines[number % len(lines)].format(number)
        text = original.replace("    total = 0\n", f"    total = 0\n    {line}\n", 1)
        began = time.process_time()
        snapshot = snapshot.update({path: read_facts(text)}, {})
        _lenses(snapshot, path)
        found.append(time.process_time() - began)
    return statistics.quantiles(found, n=20)[-1], snapshot


async def _search(folder: Path) -> None:
    credentials = Credentials(folder, lambda path: disk_text(folder, path), (), lambda: None, lambda: None)
    credentials.search_all()
    await credentials.searched()


def _lenses(snapshot: Snapshot, path: str) -> None:
    for definition in snapshot.definitions_at(path):
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
    return time.process_time() + used.children_user + used.children_system


def _memory() -> float:
    """Return the megabytes that this process holds; none where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 1.0)


if __name__ == "__main__":
    sys.exit(main())
