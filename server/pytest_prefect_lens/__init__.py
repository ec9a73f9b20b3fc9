"""The part of Prefect Lens that runs in the user's interpreter, next to pytest and Prefect.

This module imports nothing: the language server reads `wire` and `states` out of this package in an
environment that has neither pytest nor Prefect. PYTEST_DONT_REWRITE: a worker imports it before pytest runs.
"""

pytest_plugins = ["pytest_prefect_lens.plugin"]
"""What `-p pytest_prefect_lens` loads where the distribution, and so its entry point of that name, is not installed."""
