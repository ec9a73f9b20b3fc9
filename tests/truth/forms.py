# ruff: noqa: T201  it is a command
"""Projects with every form in which code names, loads, defines, tests and calls flows, and what ran in their tests.

    PYTHONPATH=server:. python tests/truth/forms.py PYTHON [PROJECT …]

runs their tests with the tracer and keeps what ran beside them. An interpreter with Prefect and pytest is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FORMS = Path(__file__).parents[1] / "workspaces" / "forms"
TRUTH = "truth.json"

PROJECTS = {
    **{path.name: (".",) for path in sorted(FORMS.iterdir()) if path.is_dir()},
    "monorepo": ("services/billing", "services/shipping", "libs/shared"),
}
"""For each workspace, the roots of the projects in it."""

Truth = dict[str, list[str]]
"""For each test that passed: where the functions of the flows and tasks stand that ran in it, and their names."""


def kept(name: str) -> Truth:
    """Return what ran when it was last written down."""
    return json.loads((FORMS / name / TRUTH).read_text())


def trace(folder: Path, roots: tuple[str, ...], python: str, home: Path) -> tuple[Truth, str]:
    """Run the tests of a workspace, and return what ran and what pytest said.

    Args:
        folder: the workspace.
        roots: of the projects in it, relative to it.
        python: the interpreter.
        home: a folder for Prefect and for what the tracer writes.
    """
    found: Truth = {}
    output = ""
    for root in roots:
        report = home / "report.json"
        told = {
            "PREFECT_LENS_TRUTH": str(report),
            "PREFECT_LENS_TRUTH_ROOT": str(folder),
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PYTEST_"))}
        call = [python, "-m", "pytest", "-p", "tracer", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            call, cwd=folder / root, env={**ours, **told}, capture_output=True, text=True, check=False
        )
        output += done.stdout + done.stderr
        if report.exists():
            found.update(_read(json.loads(report.read_text())))
            report.unlink()
    return dict(sorted(found.items())), output


def _read(report: dict[str, dict]) -> Truth:
    return {
        node: [f"{file}:{line} {name}" for file, line, name in seen["ran"]]
        for node, seen in report.items()
        if set(seen["outcomes"]) <= {"passed", "xfailed"}
    }


def main() -> int:
    """Trace and write down."""
    import tempfile

    python, *names = sys.argv[1:]
    for name in names or PROJECTS:
        with tempfile.TemporaryDirectory() as home:
            found, output = trace(FORMS / name, PROJECTS[name], python, Path(home))
        (FORMS / name / TRUTH).write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}: {len(found)} tests; {output.strip().splitlines()[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
