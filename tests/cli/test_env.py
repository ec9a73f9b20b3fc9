"""`prefect-lens env` and the environment of `prefect-lens test`, started as a person starts them."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.test_test import lens, with_prefect, write  # noqa: F401  a fixture is used by its name

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
[tool.prefect-lens.environment]
inherit = ["LC_*"]
network = ["db.example.com"]
max_age = "90d"
[tool.prefect-lens.environment.variables]
REGION = "eu-west-1"
TOKEN = { command = ["sh", "-c", "touch ran; echo token-of-$WHO"], ttl = "10m" }
FILE = { dotenv = ".env" }
[[tool.prefect-lens.environment.scope]]
flows = ["flows.py:bill"]
variables = ["TOKEN"]
[tool.prefect-lens.profile.staging.environment.variables]
REGION = "us-east-2"
[tool.prefect-lens.profile.other.environment.variables]
REGION = "ap-south-1"
#- .env
FILE=abc
#- flows.py
from prefect import flow

@flow
def bill(): ...
#- test_flows.py
import os
import pytest
from flows import bill

def test_bill():
    bill()
    assert os.environ["TOKEN"] == "token-of-the-shell"
    assert os.environ["REGION"] == "us-east-2"

def test_nothing():
    assert "TOKEN" not in os.environ
    assert "WHO" not in os.environ

@pytest.mark.prefect(profile="other")
def test_marked():
    assert os.environ["REGION"] == "ap-south-1"
"""


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "project", PROJECT)
    return tmp_path / "project"


def env(folder, *arguments):
    state = str(folder.parent / "state")
    return lens(folder, *arguments, XDG_STATE_HOME=state, WHO="the-shell")


def test_the_environment_is_explained_and_nothing_is_fetched(folder):
    said = env(folder, "env", "explain", "--profile", "staging")
    assert said.returncode == 0
    assert said.stdout.splitlines() == [
        "Environment of project, profile staging",
        "  inherits LC_*",
        "  reaches loopback, db.example.com",
        "",
        "  FILE    reads .env · not allowed yet",
        "  REGION  stands in the configuration",
        "  TOKEN   runs `sh -c 'touch ran; echo token-of-$WHO'` · not allowed yet",
    ]
    said = env(folder, "env", "explain", "TOKEN")
    assert said.stdout.splitlines()[2:] == [
        "  kept in memory for 10 m, or as long as a token says",
        "  for the tests of flows.py:bill",
        "    test_flows.py::test_bill",
    ]
    assert "is inherited" in env(folder, "env", "explain", "LC_ALL").stdout
    assert "tests do not see it" in env(folder, "env", "explain", "WHO").stdout
    assert not (folder / "ran").exists()


def test_variables_are_checked_when_that_is_allowed_and_no_value_is_shown(folder):
    said = env(folder, "env", "check")
    assert (said.returncode, said.stdout) == (2, "")
    assert "nobody has allowed yet: FILE: reads .env; TOKEN: runs `sh" in said.stderr
    assert "Run: prefect-lens env allow" in said.stderr
    once = env(folder, "env", "check", "--allow", "--json")
    assert [entry["name"] for entry in json.loads(once.stdout)] == ["FILE", "REGION", "TOKEN"]
    assert env(folder, "env", "check").returncode == 2, "--allow is for one call"
    allowed = env(folder, "env", "allow")
    assert [line.split(":")[0] for line in allowed.stdout.splitlines()] == ["allowed  FILE", "allowed  TOKEN"]
    said = env(folder, "env", "check")
    assert said.returncode == 0
    lines = {line.split()[0]: line for line in said.stdout.splitlines() if line.strip()}
    assert "16 to 63 characters · fetched 0 s ago" in lines["TOKEN"]
    assert "shorter than 6 characters, so that it cannot be masked" in lines["FILE"]
    for text in (said.stdout, once.stdout):
        assert "token-of-the-shell" not in text
        assert "abc" not in text


def test_what_is_wrong_is_told(folder):
    (folder / ".env").unlink()
    said = env(folder, "env", "check", "--allow")
    assert (said.returncode, said.stderr) == (
        2,
        "FILE could not be had: .env cannot be read: No such file or directory.\n",
    )
    said = env(folder, "env", "check", "--profile", "production")
    assert said.returncode == 2
    assert "There is no profile 'production' in pyproject.toml; there are: staging, other." in said.stderr
    write(folder, "#- pyproject.toml\n[project]\nname = 'x'\n")
    assert "There is no [tool.prefect-lens.environment] here" in env(folder, "env", "explain").stdout


@pytest.mark.slow
def test_each_test_finds_what_its_flows_may_see(with_prefect):  # noqa: F811  the fixture
    said = env(with_prefect, "test", "--profile", "staging", "--audit")
    assert said.returncode == 2
    assert "Run: prefect-lens env allow --profile staging" in said.stdout
    refused = env(with_prefect, "audit", "show", "--outcome", "refused").stdout
    assert "    PL914 What the tests' environment needs was not allowed." in refused
    assert not (with_prefect / "ran").exists()
    os.utime(with_prefect / ".env", (0, time.time() - 100 * 86400))
    said = env(with_prefect, "test", "--profile", "staging", "--allow", "--json")
    assert said.stderr.count("FILE: 100 d old, which is more than 90 d (max_age).") == 1
    told = json.loads(said.stdout)
    assert {one["node_id"]: one["outcome"] for one in told["results"]} == {
        "test_flows.py::test_bill": "passed",
        "test_flows.py::test_nothing": "passed",
        "test_flows.py::test_marked": "passed",
    }, said.stdout
    assert {one["node_id"]: one["variables"] for one in told["results"]} == {
        "test_flows.py::test_bill": ["FILE", "REGION", "TOKEN"],
        "test_flows.py::test_nothing": ["FILE", "REGION"],
        "test_flows.py::test_marked": ["FILE", "REGION"],
    }


@pytest.mark.slow
def test_two_runs_at_once_have_each_the_variables_of_its_profile(with_prefect):  # noqa: F811  the fixture
    (with_prefect / "test_flows.py").write_text(MEETING)
    with ThreadPoolExecutor() as pool:
        runs = {
            profile: pool.submit(env, with_prefect, "test", "--profile", profile, "--allow", "--json")
            for profile in ("staging", "other")
        }
    regions = {"staging": "us-east-2", "other": "ap-south-1"}
    for profile, run in runs.items():
        [result] = json.loads(run.result().stdout)["results"]
        assert (result["outcome"], result["variables"]) == ("failed", ["FILE", "REGION", "TOKEN"])
        assert f"in {regions[profile]} with '***'" in run.result().stdout


MEETING = """
import os, pathlib, time
from flows import bill
def test_meets_the_other():
    bill()
    pathlib.Path(os.environ["REGION"]).touch()
    while not (pathlib.Path("us-east-2").exists() and pathlib.Path("ap-south-1").exists()): time.sleep(0.01)
    raise ValueError(f"in {os.environ['REGION']} with {os.environ['TOKEN']!r}")
"""


SHARED = """
#- conftest.py
import os, pytest
from flows import bill
AT_IMPORT = os.environ.get("TOKEN")

@pytest.fixture(scope="session")
def billed():
    bill()
    return os.environ.get("TOKEN")
#- test_flows.py
import os, pathlib, pytest
import conftest

@pytest.fixture(scope="module", autouse=True)
def of_the_module():
    with open("modules", "a") as file:
        print(os.environ.get("TOKEN"), file=file)

def test_uses(billed):
    assert billed == conftest.AT_IMPORT == "token-of-the-shell"

def test_does_not():
    assert conftest.AT_IMPORT is None and "TOKEN" not in os.environ

def test_does_not_either():
    assert "TOKEN" not in os.environ
"""


@pytest.mark.slow
def test_fixtures_of_a_file_whose_tests_differ_are_set_up_once_for_each_set_of_variables(with_prefect):  # noqa: F811
    write(with_prefect, SHARED)
    said = env(with_prefect, "test", "--allow", "--json")
    told = json.loads(said.stdout)
    assert {one["node_id"]: (one["outcome"], "TOKEN" in one["variables"]) for one in told["results"]} == {
        "test_flows.py::test_uses": ("passed", True),
        "test_flows.py::test_does_not": ("passed", False),
        "test_flows.py::test_does_not_either": ("passed", False),
    }, said.stdout
    assert sorted((with_prefect / "modules").read_text().split()) == ["None", "token-of-the-shell"]
