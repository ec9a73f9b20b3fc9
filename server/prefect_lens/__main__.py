"""`python -m prefect_lens` is the command `prefect-lens`."""

import sys

from prefect_lens.cli import main

if __name__ == "__main__":
    sys.exit(main())
