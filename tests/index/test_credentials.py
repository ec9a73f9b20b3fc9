"""Which strings of a project look like credentials, and which only look so. None was ever valid."""

import hashlib
import json

import pytest
from prefect_lens.index.baseline import read_baseline, with_value
from prefect_lens.index.credentials import find_credentials

AWS = "AKIA" + "QYLPMN5HHHFPZAM2"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
PREFECT = "pnu_" + "Xk3v9QpLm2Rt7Yb4Wc8Zd1Nf6Hg5Js0Ea9Ui"


def found(text, path="flows/etl.py", **more):
    lines = text.split("\n")
    return [
        (one.kind, one.name, lines[one.span.start.line][one.span.start.column : one.span.end.column])
        for one in find_credentials(path, text, **more)
    ]


@pytest.mark.parametrize(
    ("text", "kind", "name", "where"),
    [
        (f'key = "{AWS}"', "AWS access key", "KEY", f'"{AWS}"'),
        (f"call('{GITHUB}')", "GitHub token", "GITHUB_TOKEN", f"'{GITHUB}'"),
        (f"# {PREFECT}", "Prefect API key", "PREFECT_API_KEY", PREFECT),
        ('PASSWORD = "hunter2!x"', "password", "PASSWORD", '"hunter2!x"'),
        ('self.dbPassword: str = "kD83-xx!pq"', "password", "DB_PASSWORD", '"kD83-xx!pq"'),
        ('connect(api_key="a8f5f167f44f4964e6c998d")', "key", "API_KEY", '"a8f5f167f44f4964e6c998d"'),
        ('{"client_secret": "q1W2e3R4t5"}', "secret", "CLIENT_SECRET", '"q1W2e3R4t5"'),
        ('os.environ["DB_PASSWORD"] = "s3cr3t-pa55"', "password", "DB_PASSWORD", '"s3cr3t-pa55"'),
        ('@flow\ndef etl(token: str = "t0k3n-8842-ab"): ...', "token", "TOKEN", '"t0k3n-8842-ab"'),
        ('Secret(value="Zx9-Kp2-Qw7").save("warehouse")', "secret", "SECRET", '"Zx9-Kp2-Qw7"'),
        ('ü = 1; pwd = "größe-9x8-Kq"', "password", "PWD", '"größe-9x8-Kq"'),
        (
            'url = "postgresql://etl:Tr0ub4dor@db.acme.io/x"',
            "address with a password",
            "URL",
            '"postgresql://etl:Tr0ub4dor@db.acme.io/x"',
        ),
        ('broken = (\npassword = "hunter2!x"', "password", "PASSWORD", '"hunter2!x"'),
    ],
)
def test_a_credential_is_found_at_its_value(text, kind, name, where):
    assert found(text) == [(kind, name, where)]


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD"]',
        'password = ""',
        'password = "changeme"',
        'token = "<your token>"',
        'token = "${TOKEN}"',
        'secret = "{{ prefect.blocks.secret.x }}"',
        'SECRET_NAME = "warehouse-password"',
        'secret = "warehouse"',
        'api_key = "API_KEY"',
        'token_url = "https://login.acme.io/token"',
        'private_key = "keys/private.pem"',
        'password_field = "x9-Kp2-Qw7"',
        'key = "customer id 42"',
        'tokenizer = "bert-base-1234x"',
        'url = "postgresql://postgres:postgres@localhost:5432/x"',
        'url = f"postgresql://{user}:{password}@db.acme.io/x"',
        'monkey = "b4n4n4-b4n4n4"',
        'password = "hunter2!x"  # prefect-lens: not a secret',
        'password = "hunter2!x"  # pragma: allowlist secret',
    ],
)
def test_what_is_none_is_left_alone(text):
    assert found(text) == []


def test_a_test_may_have_made_up_words():
    assert found('token = "abc123"', "tests/test_etl.py") == []
    assert found('token = "hunter2!x"', "tests/test_etl.py") == []
    assert found('login(password="FirstPassword123")', "tests/test_etl.py") == []
    assert found('login(password="FirstPassword123")', "flows/etl.py") != []
    assert found(f'token = "{GITHUB}"', "tests/test_etl.py") == [("GitHub token", "TOKEN", f'"{GITHUB}"')]
    assert found('token = "a8F5f167-44f4-9Q4e"', "conftest.py") == [("token", "TOKEN", '"a8F5f167-44f4-9Q4e"')]


@pytest.mark.parametrize(
    ("path", "text", "where"),
    [
        (".env", "# c\nexport DB_PASSWORD=hunter2!x\nREGION=eu\n", "hunter2!x"),
        ("pyproject.toml", '[tool.prefect-lens.environment.variables]\nTOKEN = "t0k3n-8842-ab"\n', '"t0k3n-8842-ab"'),
        ("prefect.yaml", "job_variables:\n  env:\n    API_TOKEN: t0k3n-8842-ab # c\n", "t0k3n-8842-ab"),
    ],
)
def test_other_files_are_read_by_lines(path, text, where):
    assert [place for _, _, place in found(text, path)] == [where]


def test_references_in_other_files_are_none():
    text = (
        "    token: '{{ prefect.blocks.secret.token }}'\n    password: $PASSWORD\n    api_key:\n    secret: warehouse\n"
    )
    assert found(text, "prefect.yaml") == []
    assert found('TOKEN = { keyring = "warehouse/etl-2" }\n', "pyproject.toml") == []


def test_what_somebody_has_looked_at_is_not_told_again():
    text = 'password = "hunter2!x"'
    hashed = hashlib.sha1(b"hunter2!x").hexdigest()
    known = read_baseline(json.dumps({"version": "1.5.0", "results": {"flows/etl.py": [{"hashed_secret": hashed}]}}))
    assert found(text, baseline=known) == []
    for wrong in ("", "[]", "{}", '{"results": []}', '{"results": {"a": 3}}'):
        assert read_baseline(wrong) == frozenset()


def test_a_baseline_of_detect_secrets_is_understood():
    # As its release 1.5.0 writes it: of an address it has the password, and an audit adds what somebody has said.
    items = [
        {"type": "Basic Auth Credentials", "hashed_secret": "60a4edea376bad6f327682b1e15acea8bcc9e060"},
        {"type": "AWS Access Key", "hashed_secret": "d32bd8966e6f6c9e17a014c2a9de143998be9f56", "is_secret": False},
        {"type": "Secret Keyword", "hashed_secret": hashlib.sha1(b"hunter2!x").hexdigest(), "is_secret": True},
    ]
    known = read_baseline(json.dumps({"version": "1.5.0", "results": {"a.py": items}}))
    text = f'url = "postgresql://etl:Tr0ub4dor@db.acme.io/x"\nkey = "{AWS}"\npassword = "hunter2!x"'
    assert [name for _, name, _ in found(text, baseline=known)] == ["PASSWORD"]


@pytest.mark.parametrize("before", ["", "whole"])
def test_a_value_is_added_to_a_baseline_by_its_hash(before):
    old = {"type": "Secret Keyword", "filename": "z.py", "hashed_secret": "00", "is_verified": False, "line_number": 3}
    if before:
        before = json.dumps({"version": "1.5.0", "plugins_used": [{"name": "X"}], "results": {"z.py": [old]}})
    after = with_value(before, "flows/etl.py", 7, "password", "hunter2!x") or ""
    assert "hunter2" not in after
    assert read_baseline(after) == {hashlib.sha1(b"hunter2!x").hexdigest(), *(["00"] if before else [])}
    whole = json.loads(after)
    [item] = whole["results"]["flows/etl.py"]
    assert (item["line_number"], item["type"], item["is_secret"]) == (7, "Secret Keyword", False)
    assert whole["plugins_used"]
    assert with_value(after, "flows/etl.py", 7, "password", "hunter2!x") == after
    for wrong in ("[]", "{", '{"results": []}', '{"results": {"flows/etl.py": 3}}'):
        assert with_value(wrong, "flows/etl.py", 1, "password", "hunter2!x") is None


def test_a_value_is_in_no_repr():
    [one] = find_credentials("flows/etl.py", 'password = "hunter2!x"')
    assert "hunter2" not in repr(one)


def notebook(*cells, **how):
    made = [{"cell_type": kind, "metadata": {}, "outputs": [], "source": source} for kind, source in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, **how)


@pytest.mark.parametrize("how", [{"indent": 1}, {}, {"ensure_ascii": False, "sort_keys": True}])
def test_the_code_of_a_notebook_is_searched_cell_by_cell(how):
    code = ["%pip install x\n", 'größe = "ü"\n', 'password = "hunter2!x"\n', f"print('{GITHUB}')"]
    text = notebook(("markdown", [f"{GITHUB}"]), ("code", code), ("code", 'api_key = "a8f5f167f44f4964e6c998d"'), **how)
    assert found(text, "explore.ipynb") == [
        ("password", "PASSWORD", '\\"hunter2!x\\"'),
        ("GitHub token", "GITHUB_TOKEN", f"'{GITHUB}'"),
        ("key", "API_KEY", '\\"a8f5f167f44f4964e6c998d\\"'),
    ]
    assert [one.cell for one in find_credentials("explore.ipynb", text)] == [(2, 3), (2, 4), (3, 1)]
    assert not any(one.is_literal for one in find_credentials("explore.ipynb", text))
    marked = notebook(("code", ['password = "hunter2!x"  # prefect-lens: not a secret']), **how)
    assert found(marked, "explore.ipynb") == []


def test_what_is_no_notebook_is_none():
    whole = notebook(("code", ['password = "hunter2!x"']))
    assert found(whole[: whole.index("hunter2!x")], "a.ipynb") == []
    for text in ("", "[", "]]}", "null", '{"cells": 3}', '{"cells": [3, [], {"source": {}}]}', "password='hunter2!x'"):
        assert found(text, "a.ipynb") == []
