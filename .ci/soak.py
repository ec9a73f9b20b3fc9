"""Clicks many times while what a click needs is killed at random moments: `soak.py [CLICKS [SEED [KILLS]]]`."""

from __future__ import annotations

import sys

import environments
from places import ROOT, call


def main() -> None:
    """Run the test of clicks, with 1,000 of them where nobody says how many; its output shows the figures."""
    given = sys.argv[1:4]
    clicks, seed, kills = (*given, *("1000", "1", "0.2")[len(given) :])
    env = {"PREFECT_LENS_CLICKS": clicks, "PREFECT_LENS_SEED": seed, "PREFECT_LENS_KILLS": kills}
    test = ROOT / "tests" / "lsp" / "test_clicks.py"
    call([environments.development(), "-m", "pytest", "-q", "-s", test], env={**environments.variables(), **env})


if __name__ == "__main__":
    main()
