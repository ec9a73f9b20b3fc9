"""What a project says of its tests' environment, as values, and what is told where it says it wrongly."""

import json
from importlib.resources import files
from textwrap import dedent

import pytest
from prefect_lens.index.environment import EVERYTHING, Environment, Scope, Source
from prefect_lens.index.forms import seconds
from prefect_lens.index.schema import schema
from prefect_lens.index.scopes import Share, by_profile, by_variables, visible
from prefect_lens.index.settings import read_settings
from pytest_prefect_lens.wire import TestId

from tests.checking import workspace

WHOLE = """
[tool.prefect-lens.environment]
inherit = ["PATH", "LC_*"]
network = "loopback"
wrap = ["hoop", "exec", "--"]
max_age = "90d"
[tool.prefect-lens.environment.variables]
REGION = "eu-west-1"
PORT = 5432
API_TOKEN = { command = ["op", "read", "op://data/api/token"], ttl = "10m" }
AWS = { aws_role = "arn:aws:iam::123456789012:role/etl-test", session = "15m" }
OKTA = { oidc = "https://example.okta.com", client_id = "c", client_secret = { keyring = "okta/etl" } }
VAULT = { provider = "acme-vault", path = "a/b", field = "token" }
[[tool.prefect-lens.environment.scope]]
flows = ["flows/billing.py:*"]
variables = ["API_TOKEN"]
"""


def read(text):
    return read_settings("pyproject.toml", text)


def told(text):
    """What is told, with the stretch of the text where it stands."""
    found = []
    lines = text.split("\n")
    for one in read(text)[1]:
        start, end = one.location.span.start, one.location.span.end
        assert start.line == end.line
        found.append((one.code, lines[start.line][start.column : end.column], one.message))
    return found


def test_the_environment_is_read_as_values():
    settings, wrong = read(WHOLE)
    assert wrong == ()
    found = settings.environment
    assert found is not None
    assert (found.inherit, found.network, found.wrap, found.max_age) == (
        ("PATH", "LC_*"),
        (),
        ("hoop", "exec", "--"),
        90 * 86400,
    )
    assert found.scopes == (Scope(("flows/billing.py:*",), ("API_TOKEN",)),)
    secret = Source("keyring", (("keyring", "okta/etl"),))
    assert dict(found.variables) == {
        "REGION": Source("literal", (("value", "eu-west-1"),)),
        "PORT": Source("literal", (("value", "5432"),)),
        "API_TOKEN": Source("command", (("command", ("op", "read", "op://data/api/token")),), ttl=600),
        "AWS": Source("aws_role", (("aws_role", "arn:aws:iam::123456789012:role/etl-test"), ("session", "900"))),
        "OKTA": Source("oidc", (("client_id", "c"), ("client_secret", secret), ("oidc", "https://example.okta.com"))),
        "VAULT": Source("provider", (("field", "token"), ("path", "a/b"), ("provider", "acme-vault"))),
    }


def test_what_is_not_said_is_none_and_all_is_a_pattern():
    assert read("[tool.prefect-lens]\n")[0].environment is None
    assert read("[tool.prefect-lens.environment]\n")[0].environment == Environment()
    found = read('[tool.prefect-lens.environment]\ninherit = true\nnetwork = "any"\n')[0].environment
    assert found == Environment(inherit=EVERYTHING, network=EVERYTHING)
    found = read('[tool.prefect-lens.environment]\ninherit = false\nnetwork = ["db.example.com"]\n')[0].environment
    assert found == Environment(inherit=(), network=("db.example.com",))


def test_a_profile_extends_the_environment():
    text = WHOLE + dedent("""
        [tool.prefect-lens.profile.staging.environment]
        network = ["db.example.com"]
        variables.REGION = "us-east-1"
        variables.MORE = "x"
        [[tool.prefect-lens.profile.staging.environment.scope]]
        flows = ["*"]
        variables = ["REGION", "AWS"]
        [tool.prefect-lens.profile.empty]
    """)
    settings, wrong = read(text)
    assert wrong == ()
    base, staging = settings.environment, settings.environment_of("staging")
    assert base is not None
    assert staging is not None
    assert (staging.network, staging.inherit) == (("db.example.com",), base.inherit)
    assert dict(staging.variables)["REGION"] == Source("literal", (("value", "us-east-1"),))
    assert dict(staging.variables).keys() == {*dict(base.variables), "MORE"}
    assert len(staging.scopes) == 2
    assert settings.environment_of("empty") == base
    with pytest.raises(KeyError):
        settings.environment_of("production")


@pytest.mark.parametrize(
    ("line", "code", "at", "message"),
    [
        ("netwrk = 'any'", "PL503", "netwrk", "Did you mean `network`?"),
        ("network = 'all'", "PL504", "network", 'must be "loopback", "any", or a list of hosts'),
        ("inherit = 'PATH'", "PL504", "inherit", "must be true, false, or a list of names"),
        ("wrap = []", "PL504", "wrap", "must not be empty"),
        ("max_age = 'long'", "PL504", "max_age", "must be a duration"),
        ("variables = 3", "PL504", "variables", "must be a table"),
        ("variables.X = true", "PL504", "X", "must be a text, or a table that says where it comes from"),
        ("variables.'a b' = 'x'", "PL504", "'a b'", "is no name of a variable"),
        ("variables.PREFECT_API_URL = 'x'", "PL507", "PREFECT_API_URL", "a run has one of its own"),
        ("variables.X = { keyrin = 'a/b', ttl = '1m' }", "PL503", "keyrin", "Did you mean `keyring`?"),
        ("variables.X = { ttl = '1m' }", "PL504", "X", "names no provider"),
        ("variables.X = { keyring = 'a', dotenv = 'b' }", "PL503", "dotenv", "second provider beside `keyring`"),
        ("variables.X = { keyring = '' }", "PL504", "keyring", "must not be empty"),
        ("variables.X = { command = 'op read x' }", "PL504", "command", "must be a list of strings"),
        ("variables.X = { command = ['op'], ttl = 'ten' }", "PL504", "ttl", "must be a duration"),
        ("variables.X = { command = ['op'], name = 'x' }", "PL503", "name", "is not known here"),
        ("variables.X = { oidc = 'https://x' }", "PL504", "X", "lacks `client_id`, which `oidc` needs"),
        ("variables.X = { oidc = 'x', client_id = 'c', auth = 'digest' }", "PL504", "auth", "one of `basic`, `post`"),
        (
            "variables.X = { oidc = 'x', client_id = 'c', client_secret = { keyrng = 'a/b' } }",
            "PL503",
            "keyrng",
            "Did you mean `keyring`?",
        ),
        ("scope = 3", "PL504", "scope", "must be a list of tables"),
        ("scope = [{ flows = ['x'] }]", "PL504", "{ flows = ['x'] }", "lacks `variables`"),
        ("scope = [{ flows = ['x'], variables = ['Y'] }]", "PL507", "'Y'", "no variable of that name"),
    ],
)
def test_a_mistake_is_told_at_its_key(line, code, at, message):
    for table in ("environment", "profile.staging.environment"):
        [(found, where, sentence)] = told(f"[tool.prefect-lens.{table}]\n{line}\n")
        assert (found, where) == (code, at)
        assert message in sentence


def test_a_mistake_anywhere_is_remembered_since_it_may_widen_who_gets_a_secret():
    text = WHOLE + '[[tool.prefect-lens.environment.scope]]\nflows = "x"\nvariables = ["AWS"]\n'
    settings, _ = read(text + "[tool.prefect-lens.profile.a.environment]\nnetwrk = 1\n")
    assert settings.environment is not None
    assert len(settings.environment.mistakes) == 1
    profile = settings.environment_of("a")
    assert profile is not None
    assert len(profile.mistakes) == 2


def test_a_profile_says_where_its_keys_belong():
    [(code, at, message)] = told("[tool.prefect-lens.profile.a]\nvariables = {}\n")
    assert (code, at) == ("PL503", "variables")
    assert "[tool.prefect-lens.profile.a.environment]" in message


def test_a_variable_from_a_file_is_flagged_and_no_mistake():
    text = "[tool.prefect-lens.environment.variables]\nX = { dotenv = '.env', name = 'Y' }\n"
    assert [(code, at) for code, at, _ in told(text)] == [("PL509", "dotenv")]
    environment = read(text)[0].environment
    assert environment is not None
    assert environment.mistakes == ()


def test_durations():
    assert (seconds("90s"), seconds("1h30m"), seconds("0.5d")) == (90, 5400, 43200)
    for wrong in ("", "10", "m", "0s", "-1s", "1 m"):
        with pytest.raises(ValueError, match="duration"):
            seconds(wrong)


FLOWS = """
#- pyproject.toml
[tool.prefect-lens.environment.variables]
ALL = "x"
ONE = "y"
[[tool.prefect-lens.environment.scope]]
flows = ["flows/billing.py:*", "flows/gone.py:*"]
variables = ["ONE"]
#- flows/billing.py
from prefect import flow
@flow
def bill(): ...
#- flows/other.py
from prefect import flow
@flow
def other(): ...
"""


def test_a_test_gets_the_variables_of_its_flows_scopes():
    environment = read(workspace(FLOWS).files["pyproject.toml"])[0].environment
    assert environment is not None
    assert visible(environment, ["flows/other.py:other"], ".") == {"ALL"}
    assert visible(environment, ["flows/other.py:other", "flows/billing.py:bill"], ".") == {"ALL", "ONE"}
    assert visible(environment, ["pkg/flows/billing.py:bill"], "pkg") == {"ALL", "ONE"}
    assert visible(environment, [], ".") == {"ALL"}


def test_a_pattern_that_fits_no_flow_is_told_at_the_pattern():
    [problem] = workspace(FLOWS).snapshot.problems()
    assert (problem.code, problem.location.span.start.line) == ("PL507", 4)
    assert problem.message.startswith("No flow or task fits flows/gone.py:*")


def test_the_schema_that_is_published_is_the_readers():
    published = json.loads(files("prefect_lens").joinpath("schema.json").read_text("utf-8"))
    assert published == schema(), "write it anew: json.dumps(schema(), indent=2, ensure_ascii=False)"


MARKED = """
#- pyproject.toml
[tool.prefect-lens.profile.staging.environment]
#- flows.py
from prefect import flow
@flow
def etl(): ...
#- tests/test_a.py
import pytest
from flows import etl
@pytest.mark.prefect(profile="staging")
def test_marked(): etl()
def test_plain(): etl()
#- tests/test_b.py
import pytest
pytestmark = pytest.mark.prefect(profile="staging", retry_delays=False)
def test_all(): ...
@pytest.mark.prefect(profile="production")
class TestMore:
    def test_in(self): ...
#- tests/test_c.py
def test_c(): ...
"""


def test_a_mark_names_the_profile_of_a_test():
    snapshot = workspace(MARKED).snapshot
    found = {case.node_id: name for path in snapshot.paths for case, name in snapshot.profiles(path).items()}
    assert found == {
        "tests/test_a.py::test_marked": "staging",
        "tests/test_b.py::test_all": "staging",
        "tests/test_b.py::TestMore::test_in": "production",
    }
    whole = {one.common: (one.tests, one.files) for one in by_profile(snapshot, ".", (), ())}
    assert whole == {
        "staging": (
            (TestId("tests/test_a.py", ("test_marked",)), TestId("tests/test_b.py", ("test_all",))),
            (),
        ),
        None: ((TestId("tests/test_a.py", ("test_plain",)),), ("tests/test_c.py",)),
        "production": ((TestId("tests/test_b.py", ("TestMore", "test_in")),), ()),
    }
    one = TestId("tests/test_a.py", ("test_marked",), "x")
    assert by_profile(snapshot, ".", (one,), ()) == (Share("staging", (one,)),)
    # What has nothing that differs stays as it was asked for.
    assert by_profile(snapshot, ".", (), ("tests/test_c.py",)) == (Share(None, (), ("tests/test_c.py",)),)


def test_tests_of_different_variables_are_shared_out():
    files = workspace(
        FLOWS
        + """
#- tests/test_a.py
from flows.billing import bill
from flows.other import other
def test_bill(): bill()
def test_other(): other()
#- tests/test_b.py
from flows.other import other
def test_b(): other()
"""
    )
    environment = read(files.files["pyproject.toml"])[0].environment
    assert environment is not None
    shares = by_variables(files.snapshot, environment, ".", (), ())
    assert {one.common: (one.tests, one.files) for one in shares} == {
        frozenset({"ALL", "ONE"}): ((TestId("tests/test_a.py", ("test_bill",)),), ()),
        frozenset({"ALL"}): ((TestId("tests/test_a.py", ("test_other",)),), ("tests/test_b.py",)),
    }
    assert by_variables(files.snapshot, environment, ".", (), ("tests/test_b.py",)) == (
        Share(frozenset({"ALL"}), (), ("tests/test_b.py",)),
    )


def test_what_a_fixture_runs_counts_for_each_test_that_uses_it():
    files = workspace(
        FLOWS
        + """
#- tests/conftest.py
import pytest
from flows.billing import bill
@pytest.fixture(scope="session")
def billed(): return bill()
#- tests/test_a.py
import pytest
from flows.other import other
@pytest.fixture(scope="module", autouse=True)
def started(): other()
def test_uses(billed): ...
def test_does_not(): ...
class TestThese:
    @pytest.fixture(scope="class", autouse=True)
    def for_all(self, billed): ...
    def test_one(self): ...
"""
    )
    environment = read(files.files["pyproject.toml"])[0].environment
    assert environment is not None
    shares = by_variables(files.snapshot, environment, ".", (), ("tests/test_a.py",))
    assert {one.common: [test.names[-1] for test in one.tests] for one in shares} == {
        frozenset({"ALL", "ONE"}): ["test_uses", "test_one"],
        frozenset({"ALL"}): ["test_does_not"],
    }
