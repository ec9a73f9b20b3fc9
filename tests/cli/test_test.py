"""`prefect-lens test`, started as a person starts it."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
import venv
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
from prefect_lens import __version__

from tests import forkserver
from tests.engine.running import processes

SERVER = Path(__file__).parents[2] / "server"

ORDERS = """
#- flows/orders.py
from prefect import flow, task

@task(retries=2)
def parse(line):
    return float(line)

@flow
def orders(lines):
    return sum(parse(line) for line in lines)

@flow
def untested():
    pass
#- flows/__init__.py
#- tests/test_orders.py
import pytest
from flows.orders import orders

@pytest.mark.parametrize("line", ["1", "x"])
def test_total(line):
    assert orders([line]) == 1
#- tests/test_other.py
def test_other():
    pass
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
"""

FINDING = (
    "flows/orders.py:5:12: PL101 Task 'parse' Failed (attempt 3 of 3): ValueError: "
    "could not convert string to float: 'x' in flow 'orders', by tests/test_orders.py::test_total[x]"
)


@pytest.fixture
def folder(tmp_path) -> Path:
    write(tmp_path / "project", ORDERS)
    return tmp_path / "project"


def write(folder: Path, text: str) -> None:
    for part in dedent(text).split("#- ")[1:]:
        name, _, body = part.partition("\n")
        (folder / name.strip()).parent.mkdir(parents=True, exist_ok=True)
        (folder / name.strip()).write_text(body)


@pytest.fixture
def with_prefect(folder) -> Path:
    own = sys.executable if find_spec("prefect") else None
    python = os.environ.get("PREFECT_LENS_TEST_PYTHON") or own
    if python is None:
        pytest.skip("PREFECT_LENS_TEST_PYTHON names no interpreter that has Prefect and pytest")
    (folder / ".venv").symlink_to(Path(python).parents[1])
    return folder


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "NO_COLOR")}
    # The server finds its own packages; the project's interpreter must not.
    return {**kept, "TERM": "xterm-256color", **more}


def command(*arguments: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(SERVER)!r}); from prefect_lens.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *arguments]


def lens(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**{forkserver.FORK_WORKER: "1"} | more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_version_is_told(tmp_path):
    said = lens(tmp_path, "--version")
    assert (said.stdout.strip(), said.returncode) == (f"prefect-lens {__version__}", 0)


def test_a_target_that_does_not_exist_gets_the_nearest_names(folder):
    said = lens(folder, "test", "flows/orders.py:pars")
    assert said.returncode == 2
    assert "nothing here is called flows/orders.py:pars. Did you mean flows/orders.py:parse" in said.stderr
    assert said.stdout == ""


def test_a_flow_without_tests_is_told(folder):
    said = lens(folder, "test", "flows/orders.py:untested")
    assert (said.stdout, said.returncode) == ("No test reaches flows/orders.py:untested.\n", 5)


def test_a_folder_without_prefect_is_told(tmp_path):
    write(tmp_path, "#- test_a.py\ndef test_a(): pass\n")
    said = lens(tmp_path, "test")
    assert (said.stdout, said.returncode) == (f"Nothing in {tmp_path} uses Prefect: no Python file names it.\n", 5)


def test_what_cannot_run_is_told_with_its_cure(folder):
    venv.create(folder / ".venv", with_pip=False)
    said = lens(folder, "test", "flows/orders.py:parse")
    wanted = "Could not run: No pytest in .venv. Run: .venv/bin/python -m pip install pytest\n"
    assert (said.stdout, said.returncode) == (wanted, 2)


def test_no_interpreter_is_told_with_what_stands_in_the_project(folder):
    with (folder / "pyproject.toml").open("a") as text:
        text.write("[tool.prefect-lens]\ninterpreter = 'none/bin/python'\ninterpretr = 1\n")
    said = lens(folder, "test")
    problem, last = said.stdout.splitlines()
    assert re.match(r"pyproject.toml:5:1: PL503 .*interpretr", problem)
    assert last.startswith("Could not run: none/bin/python ([tool.prefect-lens] interpreter) not found.")
    assert said.returncode == 2


def test_the_interpreter_can_be_named_and_is_told_by_the_options_name(folder):
    said = lens(folder, "test", "--interpreter", "other/bin/python")
    assert said.stdout.startswith("Could not run: other/bin/python (--interpreter) not found. Correct --interpreter")
    assert said.returncode == 2


def test_json_is_an_object_whatever_happens(folder):
    venv.create(folder / ".venv", with_pip=False)
    said = json.loads(lens(folder, "test", "--json").stdout)
    assert (said["results"], said["diagnostics"]) == ([], [])
    assert [trouble["code"] for trouble in said["trouble"]] == ["PL903"]
    said = json.loads(lens(folder, "test", "--json", "flows/orders.py:untested").stdout)
    assert said == {"results": [], "diagnostics": [], "trouble": []}


@pytest.mark.slow
def test_a_pipe_gets_findings_and_the_last_line(with_prefect):
    said = lens(with_prefect, "test", "flows/orders.py:orders")
    first, *_, last = said.stdout.splitlines()
    assert first == FINDING
    assert all(re.match(r"[^:]+:\d+:\d+: PL\d\d\d ", line) for line in said.stdout.splitlines()[:-1])
    assert re.fullmatch(r"1 failed, 1 passed in \d+\.\d\d s", last)
    assert said.returncode == 1
    assert said.stderr == ""


@pytest.mark.slow
def test_json_tells_results_and_diagnostics(with_prefect):
    said = lens(with_prefect, "test", "--json")
    about = json.loads(said.stdout)
    assert [(result["node_id"], result["outcome"]) for result in about["results"]] == [
        ("tests/test_orders.py::test_total[1]", "passed"),
        ("tests/test_orders.py::test_total[x]", "failed"),
        ("tests/test_other.py::test_other", "passed"),
    ]
    (first, *_) = about["diagnostics"]
    assert [first[key] for key in ("file", "line", "column", "severity", "code")] == [
        "flows/orders.py",
        5,
        12,
        "error",
        "PL101",
    ]
    assert all({"file", "line", "column", "message"} == related.keys() for related in first["related"])
    assert (about["trouble"], said.returncode) == ([], 1)


@pytest.mark.slow
def test_pytests_own_arguments_come_behind_two_dashes(with_prefect):
    said = lens(with_prefect, "test", "--", "-k", "1 or other")
    assert said.returncode == 0, said
    assert said.stdout.startswith("2 passed in ")
    said = lens(with_prefect, "test", "flows/orders.py:parse", "--", "-m", "nothing_has_this")
    assert said.returncode == 5
    assert said.stdout == "No test ran: the project's own options left out 2.\n"


@pytest.mark.slow
def test_a_terminal_gets_each_case_and_the_tree_of_runs(with_prefect):
    coloured = terminal(with_prefect)
    plain = terminal(with_prefect, NO_COLOR="1")
    assert "\x1b[31m✗" in coloured
    assert re.search(r"\x1b\[[0-9;]*3\dm", plain) is None
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", plain)
    assert re.search(r"test_total\[1\] +✓  \d+\.\d\d s", text)
    assert re.search(r"test_total\[x\] +✗  \d+\.\d\d s", text)
    assert re.search(r"  flow orders +Failed +[\d.]+ m?s", text)
    assert re.search(r"  └ task parse +Failed +[\d.]+ m?s  (AwaitingRetry|Retrying) \N{MULTIPLICATION SIGN}2", text)
    assert f"    {FINDING}" in text
    assert re.search(r"1 failed, 1 passed in \d+\.\d\d s\s*$", text)


def terminal(folder: Path, **more: str) -> str:
    """Run the command in a terminal, and return all that it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("test", "flows/orders.py:orders"),
        cwd=folder,
        env=environment(COLUMNS="200", **more),
        stdout=theirs,
        stdin=theirs,
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:
        pass  # what a terminal's end looks like on Linux
    process.wait(timeout=60)
    os.close(ours)
    return said.decode()


WAYS_TO_GO = {
    "ctrl-c": [signal.SIGINT],
    "ctrl-c twice": [signal.SIGINT, signal.SIGINT],
    "terminated": [signal.SIGTERM],
    "killed": [signal.SIGKILL],
}


@pytest.mark.slow
@pytest.mark.parametrize("signals", WAYS_TO_GO.values(), ids=WAYS_TO_GO)
def test_nothing_is_left_however_it_is_stopped(with_prefect, signals):
    write(
        with_prefect,
        """
        #- tests/test_waits.py
        import os, subprocess, sys, time, flows.orders
        def test_waits():
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
            os.mkfifo("now")
            open("now").close()
            while True:
                try: time.sleep(100)
                except KeyboardInterrupt:
                    if "ctrl-c twice" not in os.environ["RUN_MARK"]: raise
        """,
    )
    mark = f"{[name for name, way in WAYS_TO_GO.items() if way == signals]}-{with_prefect}"
    process = subprocess.Popen(
        command("test", "tests/test_waits.py"),
        cwd=with_prefect,
        env=environment(RUN_MARK=mark),
        stdout=subprocess.PIPE,
        text=True,
    )
    fifo = with_prefect / "now"
    while not fifo.exists():
        assert process.poll() is None
        time.sleep(0.01)
    fifo.open("w").close()  # the test runs
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)  # two signals at once would be one
    said, _ = process.communicate(timeout=10)
    if signals == [signal.SIGKILL]:
        assert process.returncode == -signal.SIGKILL
        deadline = time.monotonic() + 5
        while processes(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
    else:
        assert process.returncode == 130
    assert said.startswith("Cancelled after") == (len(signals) == 1 and process.returncode == 130)
    assert processes(mark) == []


@pytest.mark.slow
def test_nothing_is_left_when_the_terminal_goes(with_prefect):
    write(
        with_prefect,
        """
        #- tests/test_waits.py
        import os, time, flows.orders
        def test_waits():
            os.mkfifo("now")
            open("now").close()
            time.sleep(100)
        """,
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("test", "tests/test_waits.py"),
        cwd=with_prefect,
        env=environment(RUN_MARK=str(with_prefect)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  this process has one thread
    )
    os.close(theirs)
    fifo = with_prefect / "now"
    while not fifo.exists():
        assert process.poll() is None
        time.sleep(0.01)
    fifo.open("w").close()  # the test runs
    os.close(ours)
    process.wait(timeout=10)
    assert processes(str(with_prefect)) == []


@pytest.mark.slow
def test_nothing_is_left_when_nobody_reads_what_it_prints(with_prefect):
    process = subprocess.Popen(
        command("test", "tests/test_orders.py"),
        cwd=with_prefect,
        env=environment(RUN_MARK=str(with_prefect)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    assert processes(str(with_prefect)) == []


@pytest.mark.slow
def test_each_project_of_a_workspace_has_its_own_interpreter_and_settings(with_prefect):
    target = (with_prefect / ".venv").readlink()
    for name, outcome in (("a", "assert True"), ("b", "assert False")):
        write(
            with_prefect / "packages" / name,
            f"""
            #- test_same.py
            import sys, prefect
            def test_same():
                assert sys.prefix.endswith("packages/{name}/.venv")
                {outcome}
            #- pytest.ini
            [pytest]
            """,
        )
        (with_prefect / "packages" / name / ".venv").symlink_to(target)
    said = lens(with_prefect, "test", "packages", "--json", **{forkserver.FORK_WORKER: ""})
    assert [(result["node_id"], result["outcome"]) for result in json.loads(said.stdout)["results"]] == [
        ("packages/a/test_same.py::test_same", "passed"),
        ("packages/b/test_same.py::test_same", "failed"),
    ]
