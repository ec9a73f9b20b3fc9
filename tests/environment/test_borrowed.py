"""Providers that need a library: it is the project's, and what it talks to is real."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from prefect_lens.environment.keeping import put_into_keyring
from prefect_lens.environment.resolving import Resolved

from tests import providers
from tests.environment.conftest import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python() -> str:
    return providers.providers_python()


@pytest.fixture
def project(tmp_path, python) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, tmp_path / "state", python)


@pytest.fixture(scope="module")
def sts(python):
    with providers.sts(python) as environ:
        yield environ


@pytest.fixture
def with_sts(project, sts):
    project.environ.update(sts)
    return project


async def test_a_role_gives_credentials_until_its_session_ends(with_sts):
    found = await with_sts.resolve(f"AWS = {{ aws_role = '{providers.ROLE}', session = '15m', region = 'eu-west-1' }}")
    assert isinstance(found, Resolved)
    values = dict(found.values)
    assert values.keys() == {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")
    }
    assert values["AWS_REGION"] == "eu-west-1"
    assert values["AWS_ACCESS_KEY_ID"] != "testing"
    expires = {entry.expires for entry in found.entries}
    [end] = expires
    assert end is not None
    assert 800 < end - time.time() <= 900
    again = await with_sts.resolve(f"AWS = {{ aws_role = '{providers.ROLE}', session = '15m', region = 'eu-west-1' }}")
    assert isinstance(again, Resolved)
    assert dict(again.values) == values  # it is still valid
    with_sts.vault.forget()
    renewed = await with_sts.values(
        f"AWS = {{ aws_role = '{providers.ROLE}', session = '15m' }}\nAWS_REGION = 'us-east-2'"
    )
    assert renewed["AWS_SESSION_TOKEN"] != values["AWS_SESSION_TOKEN"]
    assert renewed["AWS_REGION"] == "us-east-2"


async def test_a_role_without_credentials_or_of_no_sense_is_told(with_sts):
    assert "could not be assumed" in (await with_sts.trouble("AWS = { aws_role = 'etl' }")).what
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del with_sts.environ[name]
    trouble = await with_sts.trouble(f"AWS = {{ aws_role = '{providers.ROLE}' }}")
    assert trouble.what == "AWS could not be had: There are no AWS credentials to assume it with."
    assert "aws sso login" in (trouble.cure or "")


async def test_an_entry_of_the_keyring_is_read(project, python, tmp_path):
    project.environ.update(providers.keyring_of(tmp_path / "data"))
    providers.put_into_keyring(python, project.environ, "warehouse/etl", "ada", "in the keyring")
    assert await project.values("A = { keyring = 'warehouse/etl/ada' }") == {"A": "in the keyring"}
    assert await project.values("A = { keyring = 'warehouse/etl', username = 'ada' }") == {"A": "in the keyring"}
    trouble = await project.trouble("A = { keyring = 'warehouse/bob' }")
    assert trouble.what == "A could not be had: The keyring has no warehouse/bob."
    assert trouble.cure == "Put it there: keyring set warehouse bob"
    # Nobody knows how old it is: this keyring does not tell, and we have not put it there.
    found = await project.resolve("A = { keyring = 'warehouse/etl/ada' }")
    assert isinstance(found, Resolved)
    assert found.entries[0].since is None
    project.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    project.vault.forget()
    assert "No keyring of this system" in (await project.trouble("A = { keyring = 'warehouse/etl/ada' }")).what


async def test_what_we_have_put_into_a_keyring_has_an_age_until_somebody_changes_it(
    project, python, tmp_path, monkeypatch
):
    where = providers.keyring_of(tmp_path / "data")
    project.environ.update(where)
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    assert await put_into_keyring(project.place.interpreter, "warehouse", "etl", "in the keyring")
    entry = "A = { keyring = 'warehouse/etl', max_age = '1s' }"
    found = await project.resolve(entry)
    assert isinstance(found, Resolved)
    assert 0 <= time.time() - (found.entries[0].since or 0) < 600
    providers.put_into_keyring(python, where, "warehouse", "etl", "another value")
    project.vault.forget()
    found = await project.resolve(entry)
    assert isinstance(found, Resolved)
    assert dict(found.values) == {"A": "another value"}
    assert found.entries[0].since is None
    assert found.entries[0].notes == ()


async def test_a_clients_secret_that_is_old_is_told_of_the_token_that_it_gives(project, issuer):
    project.since, project.answer = time.time() - 100 * 86400, "demo-secret"
    secret = "client_secret = { editor = 'secret' }"
    found = await project.resolve(f"A = {{ oidc = '{issuer}', client_id = 'demo-client', {secret} }}", "max_age = '9d'")
    assert isinstance(found, Resolved), found
    assert found.entries[0].notes == ("its client_secret is 100 d old, which is more than 9 d (max_age)",)


async def test_a_library_that_nobody_has_is_told_with_the_command_that_installs_it(tmp_path):
    bare = Project(tmp_path, tmp_path / "state", str(tmp_path / "venv" / "bin" / "python"))
    trouble = await bare.trouble("A = { keyring = 'warehouse/etl' }")
    assert "keyring is installed neither beside Prefect Lens nor in the project's environment" in trouble.what
    assert trouble.cure_is_command
    assert (trouble.cure or "").endswith("-m pip install keyring")


@pytest.fixture(scope="module")
def issuer(python, tmp_path_factory):
    with providers.issuer(python, tmp_path_factory.mktemp("issuer")) as url:
        yield url


async def test_an_issuer_gives_a_token_for_the_clients_secret(project, issuer):
    secret = "client_secret = { inherited = 'CLIENT_SECRET' }, variable = 'OKTA_TOKEN'"
    for client, word, auth in (("demo-client", "demo-secret", "basic"), ("posts", "by-post", "post")):
        project.environ["CLIENT_SECRET"] = word
        found = await project.resolve(
            f"OKTA = {{ oidc = '{issuer}', client_id = '{client}', {secret}, auth = '{auth}' }}"
        )
        assert isinstance(found, Resolved), found
        [(name, token)] = found.values
        assert name == "OKTA_TOKEN"
        assert token.count(".") == 2
        assert (found.entries[0].expires or 0) > time.time()
        assert "client_secret: [inherits CLIENT_SECRET]" in found.entries[0].address
    project.environ["CLIENT_SECRET"] = "wrong-secret-of-the-test"
    project.vault.forget()
    trouble = await project.trouble(f"OKTA = {{ oidc = '{issuer}', client_id = 'demo-client', {secret} }}")
    assert "answered 401: invalid_client" in trouble.what
    assert "wrong-secret" not in f"{trouble}"


async def test_an_issuer_that_is_not_who_it_says_is_refused(project, issuer):
    other = issuer.replace("127.0.0.1", "localhost")
    trouble = await project.trouble(f"A = {{ oidc = '{other}', client_id = 'demo-client', client_secret = 'x' }}")
    assert f"{other} says that it is {issuer}" in trouble.what
    trouble = await project.trouble("A = { oidc = 'http://example.com', client_id = 'c', client_secret = 'x' }")
    assert "does not begin with https://" in trouble.what


async def test_a_token_is_exchanged_for_another_where_that_is_had_from_an_issuer_itself(project, tmp_path):
    (tmp_path / "exchange").mkdir()
    with providers.exchange(tmp_path / "exchange") as (url, [(first, secret), (second, other)]):
        project.environ |= {"FIRST": secret, "SECOND": other}
        secret_of_first = "client_secret = { inherited = 'FIRST' }"
        subject = f"{{ oidc = '{url}', client_id = '{first}', {secret_of_first}, scope = 'etl' }}"
        client = f"oidc = '{url}', client_id = '{second}', client_secret = {{ inherited = 'SECOND' }}, scope = 'etl'"
        audience = "audience = 'https://warehouse.example'"
        found = await project.resolve(f"A = {{ {client}, {audience}, subject_token = {subject} }}")
        assert isinstance(found, Resolved), found
        [(_, token)] = found.values
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert (claims["aud"], claims["scope"]) == ("https://warehouse.example", "etl")
        assert first in claims["sub"]
        assert second in claims["act"]["sub"]
        assert 0 < (found.entries[0].expires or 0) - time.time() <= 300
        trouble = await project.trouble(f"A = {{ {client}, {audience}, subject_token = {{ inherited = 'FIRST' }} }}")
        assert "answered 400: invalid_grant" in trouble.what
        assert secret not in f"{trouble}"


async def test_a_public_client_exchanges_a_token_at_an_address_of_its_own(project):
    """What RFC 8693 has on the wire, where the address of the token is configured and the client has no secret."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            body = json.dumps({"access_token": "exchanged", "expires_in": 60}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/token"
        values = await project.values(
            f"A = {{ oidc = 'https://issuer.example', token_url = '{url}', client_id = 'c', scope = 'etl',"
            " subject_token = { editor = 'token' } }"
        )
        server.shutdown()
    assert values == {"A": "exchanged"}
    assert heard == [
        {
            "grant_type": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "subject_token": ["given by hand"],
            "subject_token_type": ["urn:ietf:params:oauth:token-type:access_token"],
            "scope": ["etl"],
            "client_id": ["c"],
        }
    ]
