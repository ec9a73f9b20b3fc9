"""Measures what a click, the index and the plugin cost, as ratios of things done in turn; a word picks one of them."""

from __future__ import annotations

import sys

import environments
from places import ROOT, call


def main() -> None:
    """Run the benchmarks in the development environment, clicks on an interpreter with the newest Prefect."""
    python, bench = environments.development(), ROOT / "tests" / "bench"
    wanted, options = sys.argv[1:2], sys.argv[2:]
    for name in ("clicks", "engine", "suite", "parallel", "injection"):
        if wanted in ([], [name]):
            call([python, bench / f"{name}.py", "--python", environments.newest(), *options])
    if wanted in ([], ["plugin"]):
        call([python, bench / "plugin.py"])
    if wanted in ([], ["index"]):
        call([python, bench / "index.py", *options])


if __name__ == "__main__":
    main()
