"""A plain pytest with a Prefect of its own: asked for by configuration, by a fixture or by a mark."""

import os
from pathlib import Path

import pytest

from tests.plugin.driving import Plain, pytest_alone, write
from tests.pythons import MISSING, prefect_pythons, python_with

pytestmark = pytest.mark.slow

# Everything here points to a Prefect that must not be reached.
HOSTILE = """
#- .env
PREFECT_API_URL=http://127.0.0.1:9/dotenv
PREFECT_API_KEY=of-the-user
#- prefect.toml
[api]
url = "http://127.0.0.1:9/toml"
"""

BY_CONFIGURATION = (
    HOSTILE
    + """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
prefect_lens_api_scope = module
addopts = --strict-markers
#- conftest.py
import prefect  # before anything of ours could
#- flows.py
from prefect import flow, get_client
from prefect.settings import get_current_settings
AT_IMPORT = str(get_current_settings().api.url)

@flow
def shop(): return 1

def runs():
    with get_client(sync_client=True) as client:
        return len(client.read_flow_runs())
#- test_a.py
import os, pathlib
from prefect.settings import get_current_settings
import flows

def test_settings():
    settings = get_current_settings()
    assert settings.api.url == os.environ["PREFECT_API_URL"] == flows.AT_IMPORT
    assert ":9/" not in settings.api.url and settings.api.key is None
    assert pathlib.Path(settings.home) != pathlib.Path("~").expanduser() / ".prefect"

def test_run():
    assert flows.shop() == 1
    assert flows.runs() == 1

def test_the_same_module_shares_the_database():
    assert flows.runs() == 1
#- test_b.py
import flows

def test_another_module_has_a_clean_one():
    assert flows.runs() == 0
    assert flows.shop() == 1
    assert flows.runs() == 1
"""
)

BY_MARK = (
    HOSTILE
    + """
#- test_marked.py
import time
import pytest
from prefect import flow, task
from prefect.settings import get_current_settings
from pytest_prefect_lens import arun_flow, run_flow as run

@task(retries=1, retry_delay_seconds=3600)
def broken(): raise ValueError("x")

@flow(retries=1, retry_delay_seconds=3600)
def waits():
    broken()

@flow
async def waits_async():
    await broken_async()

@task(retries=1, retry_delay_seconds=3600)
async def broken_async(): raise ValueError("x")

def is_hermetic():
    return ":9/" not in str(get_current_settings().api.url)

@pytest.mark.prefect(retry_delays=False)
def test_without_delays():
    result = run(waits)
    assert result.retries == 1 and result.reached("AwaitingRetry")
    first, second = result.task_runs[broken]
    assert (first.retries, second.retries) == (1, 1)
    waiting = first.transitions[first.states.index("AwaitingRetry")]
    told = waiting.state.state_details.scheduled_time
    assert (told - waiting.time).total_seconds() > 3000, "the state tells of the delay that there would be"
    assert run(waits_async).task_run(broken_async).states[-2:] == ("Retrying", "Failed")

@pytest.mark.prefect(settings={"tasks.refresh_cache": True, "PREFECT_TASKS_DEFAULT_RETRIES": 3})
class TestSettings:
    def test_class(self):
        tasks = get_current_settings().tasks
        assert (tasks.refresh_cache, tasks.default_retries) == (True, 3) and is_hermetic()

    @pytest.mark.prefect(settings={"tasks.default_retries": 1})
    def test_nearest(self):
        tasks = get_current_settings().tasks
        assert (tasks.refresh_cache, tasks.default_retries) == (True, 1)

@pytest.fixture
def sees(): return get_current_settings().tasks.default_retries

@pytest.mark.prefect(settings={"tasks.default_retries": 2})
def test_fixtures_see_them(sees): assert sees == 2

def test_back_again(run_flow):
    assert get_current_settings().tasks.default_retries == 0
    assert is_hermetic()

@pytest.mark.prefect(expect_state="Failed")
def test_expected():
    with pytest.raises(ValueError): run_flow_of_one()

@pytest.mark.prefect(expect_state="FAILED")
def test_expected_in_vain(): steady()

@pytest.mark.prefect(settings={"no.such": 1})
def test_no_such_setting(): pass

@flow
def run_flow_of_one(): raise ValueError("x")

@task
def stumbles(): raise ValueError("x")

@flow
def fails(): stumbles()

@flow
def steady(): return 1

def test_tree(run_flow):
    result = run_flow(fails)
    assert result.state_name == "Completed"

def test_compared(run_flow):
    assert run_flow(steady) == 1

def test_after(): assert ":9/" in str(get_current_settings().api.url) or is_hermetic()
"""
)


@pytest.fixture(scope="module", params=prefect_pythons() or [None], ids=lambda p: Path(p).parts[-3] if p else "none")
def python(request) -> str:
    if request.param is None:
        pytest.skip(MISSING)
    return request.param


def run(python: str, folder: Path, text: str, *args: str) -> Plain:
    project = write(folder / "project", text)
    home = folder / "home"
    home.mkdir()
    ended = pytest_alone(project, "--tb=short", *args, python=python, HOME=str(home), XDG_CACHE_HOME=cache())
    assert not list(home.rglob("*.db")), "the user's own Prefect was written to"
    return ended


def cache() -> str:
    return os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


def test_by_configuration(python, tmp_path):
    ended = run(python, tmp_path, BY_CONFIGURATION)
    assert not (tmp_path / "home" / ".prefect").exists()
    assert set(ended.outcomes.values()) == {"passed"}, ended.output
    assert len(ended.outcomes) == 4


def test_each_worker_of_xdist_has_its_own(tmp_path):
    ended = run(python_with("xdist", "prefect"), tmp_path, BY_CONFIGURATION, "-n2", "--dist=loadfile")
    assert (ended.status, ended.output.count("PASSED")) == (0, 4), ended.output


@pytest.fixture(scope="module")
def marked(python, tmp_path_factory) -> Plain:
    return run(python, tmp_path_factory.mktemp("marked"), BY_MARK)


@pytest.mark.parametrize(
    "name", ["without_delays", "class", "nearest", "fixtures_see_them", "back_again", "expected", "after"]
)
def test_a_mark_says_what_one_test_asks_for(marked, name):
    told = {test.rpartition("::")[2]: word for test, word in marked.outcomes.items()}
    assert told[f"test_{name}"] == "passed", marked.output


def test_a_state_that_is_expected_in_vain_fails_the_test(marked):
    assert marked.outcomes["test_expected_in_vain"] == "failed"
    assert "no run of this test ended FAILED" in marked.output
    assert "flow steady: Completed" in marked.output


def test_a_setting_that_is_none_is_told(marked):
    assert marked.outcomes["test_no_such_setting"] == "error"
    assert "this Prefect has no setting 'no.such'" in marked.output


def test_a_failing_test_shows_the_tree_of_its_runs(marked):
    assert marked.outcomes["test_tree"] == "failed"
    _, tree, leaf, *_ = marked.output.partition("Prefect runs")[2].splitlines()
    assert tree.startswith("flow fails (")
    assert leaf.startswith("└─ task stumbles (")
    assert marked.outcomes["test_compared"] == "failed"
    assert "<flow steady (" in marked.output
