"""Starts the language server from the libraries beside this file; what else Python has installed is not looked at."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "libs"))

from prefect_lens.cli import main

if __name__ == "__main__":
    sys.exit(main(["server"]))
