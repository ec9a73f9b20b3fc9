"""The edits that take a credential out of a file."""

import tomllib

import pytest
from prefect_lens.features.credentials import configured, marked, moved
from prefect_lens.index.credentials import find_credentials


def edited(text, edits):
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        start, end = edit.span.start, edit.span.end
        line = lines[start.line][: start.column] + edit.text + lines[end.line][end.column :]
        lines[start.line : end.line + 1] = line.split("\n")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '"""Doc."""\nfrom __future__ import annotations\n\nimport sys\n\nTOKEN = "t0k3n-8842-ab"\n',
            '"""Doc."""\nfrom __future__ import annotations\n\nimport os\nimport sys\n\nTOKEN = os.environ["X"]\n',
        ),
        ('import os\ntoken = "t0k3n-8842-ab"\n', 'import os\ntoken = os.environ["X"]\n'),
        ('"""Doc."""\ntoken = "t0k3n-8842-ab"\n', '"""Doc."""\nimport os\ntoken = os.environ["X"]\n'),
        ('token = "t0k3n-8842-ab"\n', 'import os\ntoken = os.environ["X"]\n'),
    ],
)
def test_the_code_reads_its_environment(before, after):
    [credential] = find_credentials("flows.py", before)
    assert edited(before, moved(before, credential, "X")) == after


def test_a_false_alarm_is_marked_and_found_no_more():
    text = 'token = "t0k3n-8842-ab"\nother = 1\n'
    [credential] = find_credentials("flows.py", text)
    after = edited(text, [marked(text, credential)])
    assert after.startswith('token = "t0k3n-8842-ab"  # prefect-lens: not a secret\n')
    assert find_credentials("flows.py", after) == ()


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[project]\nname = 'x'",
        "[project]\nname = 'x'\n",
        "[tool.prefect-lens.environment]\nnetwork = 'any'\n",
        "[tool.prefect-lens.environment.variables]\nA = '1'\n\n[tool.other]\nb = 2\n",
        "[tool.prefect-lens.environment.variables]",
    ],
)
def test_the_configuration_says_where_it_comes_from(before):
    edit = configured(before, "TOKEN", '{ keyring = "x/TOKEN" }')
    assert edit is not None
    whole = tomllib.loads(edited(before, [edit]))
    environment = whole["tool"]["prefect-lens"]["environment"]
    assert environment["variables"]["TOKEN"] == {"keyring": "x/TOKEN"}
    was = tomllib.loads(before).get("tool", {}).get("prefect-lens")
    # A project without a configuration goes on to find and reach what it found and reached.
    assert (environment.get("inherit"), environment.get("network")) == (
        (True, "any") if was is None else (None, was["environment"].get("network"))
    )


def test_what_cannot_be_added_is_left_to_a_person():
    assert configured("[tool.prefect-lens]\nenvironment = { network = 'any' }\n", "X", "'y'") is None
    assert configured("[tool.prefect-lens.environment.variables]\nX = 1\n", "X", "'y'") is None
