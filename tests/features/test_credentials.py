"""The edits that take a credential out of a file."""

import tomllib

import pytest
from prefect_lens.features.credentials import configured, for_credential, loaded, marked, moved, noted
from prefect_lens.index.baseline import read_baseline
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
        (
            '#!/usr/bin/python\nt = f("a")\ntoken = "t0k3n-8842-ab"\n',
            '#!/usr/bin/python\nimport os\nt = f("a")\ntoken = os.environ["X"]\n',
        ),
        ('# %%\ntoken = "t0k3n-8842-ab"\n', '# %%\nimport os\ntoken = os.environ["X"]\n'),
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
    ("body", "says"),
    [
        ("@flow\ndef etl():\n    call(token=VALUE)\n", 'call(token=Secret.load("api-token").get())'),
        ("@flow\nasync def etl():\n    token = VALUE\n", 'token = (await Secret.load("api-token")).get()'),
        ("class A:\n    def é(self):\n        ü, token = 1, VALUE; é(token=VALUE)\n", None),
    ],
)
def test_the_body_of_a_function_loads_a_secret_block(body, says):
    before = "from prefect import flow\n\n" + body.replace("VALUE", '"t0k3n-8842-ab"')
    credential = find_credentials("flows.py", before)[-1]
    edits = loaded(before, credential, "API_TOKEN")
    assert edits is not None
    after = edited(before, edits)
    assert after.startswith("from prefect.blocks.system import Secret\nfrom prefect import flow\n")
    assert (says or 'é(token=Secret.load("api-token").get())') in after
    compile(after, "flows.py", "exec")


PREFECT = "from prefect import flow\n"


@pytest.mark.parametrize(
    "text",
    [
        'def etl():\n    token = "t0k3n-8842-ab"\n',
        PREFECT + 'token = "t0k3n-8842-ab"\n',
        PREFECT + 'class A:\n    token = "t0k3n-8842-ab"\n',
        PREFECT + '@flow\ndef etl(token="t0k3n-8842-ab"): ...\n',
        PREFECT + '@flow(description="", token="t0k3n-8842-ab")\ndef etl(): ...\n',
        PREFECT + "from mine import Secret\ndef etl():\n    token = 't0k3n-8842-ab'\n",
        PREFECT + "def etl():\n    Secret(value='t0k3n-8842-ab').save('x')\n",
        PREFECT + "def etl(:\n    token = 't0k3n-8842-ab'\n",
    ],
    ids=["no Prefect", "module", "class", "default", "decorator", "another Secret", "a block itself", "broken"],
)
def test_no_block_is_loaded_where_it_could_not_be(text):
    [credential] = find_credentials("flows.py", text)
    assert loaded(text, credential, "TOKEN") is None
    actions = for_credential("flows.py", text, credential.span.start, may_run=True)
    assert "block" not in " ".join(action.title for action in actions)


@pytest.mark.parametrize("path", ["a.ipynb", "pyproject.toml", "flows.py"])
def test_what_is_offered_is_what_can_be_done(path):
    text = 'token = "t0k3n-8842-ab"\n'
    if path == "a.ipynb":
        text = '{"cells": [{"cell_type": "code", "source": "token = \'t0k3n-8842-ab\'"}]}'
    [credential] = find_credentials(path, text)
    offered = [one.title.split()[0] for one in for_credential(path, text, credential.span.start, may_run=True)]
    assert (
        offered == {"a.ipynb": ["Note"], "pyproject.toml": ["Mark", "Note"], "flows.py": ["Move", "Mark", "Note"]}[path]
    )
    assert "Move" not in str(for_credential(path, text, credential.span.start, may_run=False))
    # What is noted in the baseline is found no more, whatever stood there before.
    for before in ("", '{\n "results": {}}\n'):
        edit = noted(before, path, credential.span.start.line, credential)
        assert edit is not None
        assert find_credentials(path, text, read_baseline(edited(before, [edit]))) == ()
    assert noted("no JSON", path, 0, credential) is None


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
