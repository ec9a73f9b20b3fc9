"""What a run finds in its environment: what was injected, what is inherited, and nothing of it anywhere else."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.request import Injected, RunRequest
from prefect_lens.engine.run import run_tests
from prefect_lens.engine.warm import WarmWorkers
from prefect_lens.model import Ending, EnvironmentKind, Interpreter

from tests.engine.test_worker import outcomes

pytestmark = pytest.mark.slow

ASKS = """
    #- pytest.ini
    [pytest]
    #- conftest.py
    import os
    AT_IMPORT = os.environ["TOKEN"]
    #- test_a.py
    import os, pathlib, resource, subprocess, sys
    from conftest import AT_IMPORT
    from prefect import flow
    def test_finds():
        assert AT_IMPORT == os.environ["TOKEN"] and AT_IMPORT.endswith("4711")
        assert os.environ["REGION"] == "injected"
        code = "import os; print(os.environ['TOKEN'])"
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == AT_IMPORT
    def test_nobody_else_does():
        value = AT_IMPORT.encode()
        @flow
        def sees():
            found = []
            for folder in pathlib.Path("/proc").iterdir():
                for name in ("environ", "cmdline"):
                    try:
                        if folder.name.isdecimal() and value in (folder / name).read_bytes():
                            found.append((folder / "cmdline").read_text()[:200])
                    except OSError: pass
            return found
        assert sees() == []
    def test_inherits():
        assert os.environ["KEPT_ONE"] == "kept"
        assert "OTHER" not in os.environ
        assert {"PATH", "HOME", "PREFECT_HOME", "VIRTUAL_ENV"} <= set(os.environ)
    def test_leads_away_from_credentials():
        assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
        assert not os.path.exists(os.environ["CLOUDSDK_CONFIG"])
        assert os.environ["NETRC"] == "asked for"
        assert "KUBECONFIG" not in os.environ
    def test_has_its_own_prefect():
        assert os.environ["PREFECT_API_URL"].startswith("http://127.0.0.1:")
    def test_leaves_nothing(request):
        assert resource.getrlimit(resource.RLIMIT_CORE)[1] <= 1
        request.config.cache.set("a/b", AT_IMPORT)
        assert pathlib.Path(os.environ["PREFECT_HOME"]) in request.config.cache._cachedir.parents
"""
INTERPRETER = Interpreter("python", "", EnvironmentKind.PIP)
INJECTED = Injected(
    variables=(("TOKEN", "a secret 4711"), ("REGION", "injected"), ("PREFECT_API_URL", "https://example.com/api")),
    secrets=frozenset({"TOKEN"}),
    inherit=("KEPT_*", "NETRC", "KUBECONFIG", "REGION", "RUN_MARK"),
    is_configured=True,
)


@pytest.fixture(params=["cold", "warm"])
async def source(request, home, monkeypatch, shared_imports):  # noqa: ARG001  the user's own stays out of it
    for name, value in {"KEPT_ONE": "kept", "OTHER": "of the shell", "REGION": "shell", "NETRC": "asked for"}.items():
        monkeypatch.setenv(name, value)
    if request.param == "cold":
        yield ColdWorkers()
        return
    warm = WarmWorkers()
    yield warm
    await warm.close()


async def test_a_run_finds_what_was_injected_and_nobody_else_does(project, python, source):
    folder = project(ASKS)
    request = RunRequest(folder, ".", python, files=("test_a.py",), environment=INJECTED)
    result = await run_tests(request, source, lambda _: None)
    assert result.ending is Ending.COMPLETE, (result.trouble, result.output)
    assert set(outcomes(result).values()) == {"passed"}, [case.failures for case in result.cases]
    assert not (folder / ".pytest_cache").exists()
    # The next run has what it is given itself.
    other = Injected(variables=(("TOKEN", "the next one, 4711"), ("REGION", "injected")))
    result = await run_tests(RunRequest(folder, ".", python, files=("test_a.py",), environment=other), source, print)
    passed = {name for name, outcome in outcomes(result).items() if outcome == "passed"}
    assert passed == {"test_finds", "test_nobody_else_does", "test_has_its_own_prefect"}, result.output


def test_nothing_shows_a_value():
    assert "4711" not in repr(RunRequest(Path(), ".", INTERPRETER, environment=INJECTED))


GATEWAY = """
    #- gateway
    #!/bin/sh
    # Hands down no descriptor, does not pass signals on, and gives access of its own.
    for number in 3 4 5 6 7 8 9; do eval "exec $number>&-"; done
    test "$1" = "deny" && echo "log in first" >&2 && exit 3
    ACCESS=granted "$@"
    #- test_a.py
    import os, pathlib, signal, time
    import pytest
    @pytest.fixture
    def resource():
        yield
        pathlib.Path("torn down").touch()
    def test_has_access(): assert (os.environ["ACCESS"], os.environ["TOKEN"]) == ("granted", "a secret 4711")
    def test_waits(resource):
        pathlib.Path("runs").write_text("")
        time.sleep(100)
"""


async def test_a_gateway_wraps_the_worker_and_is_interrupted_with_it(project, python, home):  # noqa: ARG001
    folder = project(GATEWAY)
    (folder / "gateway").chmod(0o755)
    os.mkfifo(folder / "runs")
    wrapped = Injected((("TOKEN", "a secret 4711"),), frozenset({"TOKEN"}), wrap=(str(folder / "gateway"),))
    request = RunRequest(folder, ".", python, files=("test_a.py",), environment=wrapped)
    source, cancel = WarmWorkers(), asyncio.Event()
    running = asyncio.ensure_future(run_tests(request, source, lambda _: None, cancel))
    waiting = asyncio.ensure_future(asyncio.to_thread((folder / "runs").read_text))
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    assert waiting.done(), await running
    cancel.set()
    result = await running
    assert result.ending is Ending.CANCELLED
    assert outcomes(result) == {"test_has_access": "passed"}
    assert (folder / "torn down").exists()
    assert source._warm == {}, "nothing warm stands behind a gateway"


@pytest.mark.parametrize(
    ("wrap", "says"),
    [(("./gateway", "deny"), "exit status 3: log in first"), (("./no-gateway",), "could not be started")],
    ids=["refuses", "is not there"],
)
async def test_a_gateway_that_gives_no_access_is_told_as_such(project, python, home, wrap, says):  # noqa: ARG001
    folder = project(GATEWAY)
    (folder / "gateway").chmod(0o755)
    request = RunRequest(folder, ".", python, files=("test_a.py",), environment=Injected(wrap=wrap))
    result = await run_tests(request, ColdWorkers(), lambda _: None)
    assert result.ending is Ending.BROKEN
    (trouble,) = result.trouble
    assert says in trouble.what, trouble
    assert trouble.what.startswith(wrap[0])
    assert f"{' '.join(wrap)} " in trouble.cure


HOLDS = """
    #- test_a.py
    import asyncio, socket, subprocess, sys
    from prefect import flow, task
    from prefect.task_runners import ProcessPoolTaskRunner
    CODE = "import socket; socket.create_connection(('api.example.com', 443))"
    @task
    def fetch(): socket.create_connection(("api.example.com", 443))
    @task
    async def fetch_later(): await asyncio.open_connection("api.example.com", 443)
    @flow
    def at_once(): fetch()
    @flow
    def in_a_thread(): fetch.submit().result()
    @flow
    async def on_the_loop(): await fetch_later()
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def in_a_process(): fetch.submit().result()
    @flow
    def in_a_child(): subprocess.run([sys.executable, "-c", CODE], check=True)
    def test_at_once(): at_once()
    def test_in_a_thread(): in_a_thread()
    def test_on_the_loop(): asyncio.run(on_the_loop())
    def test_in_a_process(): in_a_process()
    def test_in_a_child(): in_a_child()
    def test_an_allowed_host():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp: udp.connect(("192.0.2.1", 9))
"""


@pytest.mark.parametrize("source", ["warm"], indirect=True)
@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "xdist"])
async def test_a_run_reaches_what_it_may_and_no_more(project, python, source, options):
    held = Injected(network=("192.0.2.0/24",), is_configured=True)
    request = RunRequest(project(HOLDS), ".", python, files=("test_a.py",), pytest_args=options, environment=held)
    result = await run_tests(request, source, lambda _: None)
    assert result.ending is Ending.COMPLETE, (result.trouble, result.output)
    cure = "which is refused: add it to `network` in [tool.prefect-lens.environment], or have the test do without it"
    said = {case.test.names[0]: case.failures[0].exception.message for case in result.cases if case.failures}
    assert said.pop("test_in_a_child").startswith("Command ")
    assert "A child process of test_a.py::test_in_a_child reaches api.example.com, " + cure in repr(result.cases)
    process = said.pop("test_in_a_process")
    assert process.startswith("A child process of task 'fetch' in "), process
    assert process.endswith(f"reaches api.example.com, {cure}")
    assert said == {
        f"test_{how}": f"Task '{task}' in flow '{how.replace('_', '-')}' in test_a.py::test_{how} reaches "
        f"api.example.com, {cure}"
        for how, task in {"at_once": "fetch", "in_a_thread": "fetch", "on_the_loop": "fetch_later"}.items()
    }
    assert outcomes(result)["test_an_allowed_host"] == "passed"


async def test_two_runs_at_once_have_each_their_own_and_an_expiry_is_told(project, python, home):  # noqa: ARG001
    folder = project("""
        #- test_a.py
        import os
        def test_a(): assert os.environ["TOKEN"] == "staging token"
    """)
    ends = time.time()

    async def one(value: str):
        given = Injected((("TOKEN", value),), frozenset({"TOKEN"}), is_configured=True, expires=(("TOKEN", ends),))
        request = RunRequest(folder, ".", python, files=("test_a.py",), environment=given)
        return await run_tests(request, ColdWorkers(), lambda _: None)

    staging, production = await asyncio.gather(one("staging token"), one("production token"))
    assert (outcomes(staging), outcomes(production)) == ({"test_a": "passed"}, {"test_a": "failed"})
    assert "production token" not in repr(production) + production.output
    (passed, failed) = (*staging.cases, *production.cases)
    assert (passed.expired, failed.expired) == ((), (("TOKEN", ends),))
