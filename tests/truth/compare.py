# ruff: noqa: T201  it is a command
"""Holds the static index against what a tracer saw: `python tests/truth/compare.py PROJECT truth.json [-v]`.

Counted are pairs of a test and a definition (by file and line of `def`) of the project, over the tests that passed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from prefect_lens import workspace


def pairs_of_index(folder: Path) -> dict[tuple[str, str, int], str]:
    """Return the pairs that the index finds, with the reason of each."""
    snapshot = workspace.load(folder)
    return {
        (match.test.node_id, definition.location.path, definition.location.span.start.line + 1): match.reason
        for definition in snapshot.definitions()
        for match in snapshot.matches(definition)
    }


def compare(folder: Path, truth: dict) -> tuple[set, set, dict, set]:
    """Return the true pairs, those of them that were found, all that were found, and the tests that count."""
    tests = {node for node, seen in truth.items() if set(seen["outcomes"]) <= {"passed", "xfailed"}}
    files = {path for path in workspace.walk(folder) if path.endswith(".py")}
    true = {(node, file, line) for node in tests for file, line, _ in truth[node]["ran"] if file in files}
    found = {pair: reason for pair, reason in pairs_of_index(folder).items() if pair[0] in tests}
    return true, true & set(found), found, tests


def main() -> int:
    """Print recall and precision of one project; with `-v` the pairs that are wrong."""
    folder, truth = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    true, right, found, tests = compare(folder, truth)
    known = {test.node_id for test in workspace.load(folder).tests()}
    if "-v" in sys.argv:
        for pair in sorted(true - right):
            print("missed", *pair)
        for pair in sorted(set(found) - right):
            print("extra ", *pair, "|", found[pair])
        for node in sorted(set(truth) - known):
            print("unknown test", node)
    recall = len(right) / len(true) if true else 1.0
    precision = len(right) / len(found) if found else 1.0
    print(
        f"{folder.name}: recall {recall:.4f} precision {precision:.4f}; {len(true)} true pairs, {len(found)} found, "
        f"{len(tests)} of {len(truth)} tests passed, {len(set(truth) - known)} tests unknown to the index"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
