"""Measures what a click costs, against what it costs without us."""

from __future__ import annotations

import sys

import environments
from places import ROOT, call


def main() -> None:
    """Run the benchmark in the development environment, on an interpreter with the newest Prefect."""
    python = environments.development()
    call([python, ROOT / "tests" / "bench" / "clicks.py", "--python", environments.newest(), *sys.argv[1:]])


if __name__ == "__main__":
    main()
