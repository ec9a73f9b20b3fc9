"""Clicks many times in a row while what a click needs is killed at random moments: `soak.py [CLICKS [SEED]]`."""

from __future__ import annotations

import sys

import environments
from places import ROOT, call


def main() -> None:
    """Run the test of clicks, with 1,000 of them where nobody says how many; its output shows the figures."""
    clicks, seed = (*sys.argv[1:3], *("1000", "1")[len(sys.argv[1:3]) :])
    env = {**environments.variables(), "PREFECT_LENS_CLICKS": clicks, "PREFECT_LENS_SEED": seed}
    test = ROOT / "tests" / "lsp" / "test_clicks.py"
    call([environments.development(), "-m", "pytest", "-q", "-s", test], env=env)


if __name__ == "__main__":
    main()
