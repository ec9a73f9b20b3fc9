"""Starts the language server from the libraries beside this file; nothing else that Python has installed is looked at."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "libs"))

from prefect_lens.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["server"]))
