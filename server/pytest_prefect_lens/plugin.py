"""pytest's hooks. PYTEST_DONT_REWRITE.

A test that uses nothing of ours is neither changed nor slowed down: nothing of Prefect is imported, and of ours what
stands here and the fixtures' names.

Where a server waits for news, two plugins do the work: the observer stands where the items are and puts what it sees
on pytest's reports; the speaker stands where the link is and tells the server. Under xdist they live in different
processes, else in one.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens import link

if TYPE_CHECKING:
    from collections.abc import Generator

WORKER_INPUT = "prefect_lens"
"""The key under which xdist's controller hands its workers the order."""


_SCOPES = ("session", "package", "module", "class", "function")
_told: set[tuple[str, str]] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what may stand in pytest's configuration."""
    parser.addini("prefect_lens_hermetic", "run every test in a hermetic Prefect", type="bool", default=False)
    parser.addini(
        "prefect_lens_api_scope",
        "how long one clean database of the hermetic Prefect is in use: session, package, module, class or function",
        default="session",
    )
    parser.addini(
        "prefect_lens_network",
        "the hosts that tests may reach beside this machine itself; `loopback` stands for none",
        type="args",
        default=[],
    )
    parser.addini("prefect_lens_audit", "write each session into the user's audit trail", type="bool", default=False)
    group = parser.getgroup("prefect-lens", "Prefect flows")
    group.addoption(
        "--prefect-repeat",
        metavar="N",
        type=int,
        default=1,
        help="run each test of flows N times; fail where its runs' states, results or artifacts differ",
    )
    group.addoption("--prefect-report", metavar="FILE", help="write the runs of each test to FILE, as lines of JSON")


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, None]:
    """Tell of a conftest that cannot be imported, and go on: files that it does not concern can still run.

    pytest would give up here, before any other hook. What the conftest concerns fails when it is collected.
    """
    connected = link.current()
    if connected is None and early_config.getini("prefect_lens_hermetic") and _runs_tests(early_config):
        from pytest_prefect_lens import fixtures  # noqa: PLC0415

        fixtures.begin(early_config)  # now, as a conftest may import Prefect, which writes to its home at once
    outcome = yield
    if connected is None or outcome.excinfo is None:
        return
    from pytest_prefect_lens.collection import conftest_error  # noqa: PLC0415  a plain pytest pays for none of it

    error = conftest_error(outcome.excinfo[1])
    if error is not None:
        connected.send(error)
        _told.add((error.path, error.exception.message))
        # xdist's workers load it as well, and die of it before we could say anything there.
        if not getattr(early_config.known_args_namespace, "numprocesses", None):
            outcome.force_result(None)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Put the speaker and the observer where they belong."""
    config.addinivalue_line(
        "markers",
        "prefect(settings, retry_delays, expect_state, network, profile): run the test in a hermetic Prefect, with "
        "these settings of it, and let it reach these hosts alone.",
    )
    config.addinivalue_line(
        "markers",
        "flow_parameters(*sets, **set): run the test with each set of parameters, given as its argument "
        "`flow_parameters`.",
    )
    config.addinivalue_line(
        "markers",
        "prefect_deployments(file, *names): run the test with each deployment of the file, given as its argument "
        "`deployment`; `pytest_prefect_lens.deployments` puts it on.",
    )
    _check(config)
    config.pluginmanager.import_plugin("pytest_prefect_lens.fixtures")
    times: Any = config.getoption("prefect_repeat", 1)
    if times > 1:
        from pytest_prefect_lens.repeat import Repeat  # noqa: PLC0415

        config.pluginmanager.register(Repeat(times), "prefect-lens-repeat")
    hosts: list[str] = config.getini("prefect_lens_network")
    if hosts and _tests_run_here(config.option):
        from pytest_prefect_lens import held  # noqa: PLC0415

        config.add_cleanup(held.begin(tuple(hosts)))
    connected = link.current()
    order: str | None = getattr(config, "workerinput", {}).get(WORKER_INPUT)
    if (report := config.getoption("prefect_report", None)) is not None:
        from pytest_prefect_lens import report_file  # noqa: PLC0415

        watched = connected is not None or order is not None
        report_file.begin(config, report, watched=watched)
    if connected is None and order is None and config.getini("prefect_lens_audit"):
        _have_written_down(config)
    if connected is None and order is None:
        return
    from pytest_prefect_lens.observer import Observer  # noqa: PLC0415
    from pytest_prefect_lens.speaker import Speaker  # noqa: PLC0415

    observer = Observer.for_order(config, connected.order if connected is not None else order)
    config.pluginmanager.register(observer, "prefect-lens-observer")
    if connected is not None:
        config.pluginmanager.register(Speaker(config, connected, observer, _told), "prefect-lens-speaker")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests the parameters and deployments that their marks ask for."""
    if metafunc.definition.get_closest_marker("flow_parameters") is not None:
        from pytest_prefect_lens import inputs  # noqa: PLC0415

        inputs.parametrize(metafunc)
    if (mark := metafunc.definition.get_closest_marker("prefect_deployments")) is not None:
        from pytest_prefect_lens import deployed  # noqa: PLC0415

        deployed.parametrize(metafunc, *mark.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the hermetic Prefect into the tests that are to have it."""
    hermetic = config.getini("prefect_lens_hermetic")
    marked = [item for item in items if item.get_closest_marker("prefect") is not None]
    if not hermetic and not marked:
        return
    for item in items if hermetic else marked:
        _bring(item, "prefect_lens_api", 0)
    for item in marked:
        # Around everything of this test alone, but within what it shares with others.
        _bring(item, "prefect_lens_marked", _first_of_its_own(item))
    if marked and not config.pluginmanager.hasplugin("prefect-lens-marks"):
        from pytest_prefect_lens import marks  # noqa: PLC0415

        config.pluginmanager.register(marks.Expectations(), "prefect-lens-marks")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, None]:
    """Show the runs that `run_flow` told of where the test failed."""
    del item
    outcome = yield
    running: Any = sys.modules.get("pytest_prefect_lens.running")
    if running is None or not running.latest:
        return
    report = outcome.get_result()
    if report.failed:
        report.sections.append(("Prefect runs", "\n\n".join(map(str, running.latest))))
    if call.when == "teardown" or report.failed:
        running.latest.clear()


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show the tree of runs where a comparison of one fails."""
    result: Any = sys.modules.get("pytest_prefect_lens.result")
    if result is None:
        return None
    runs = [side for side in (left, right) if isinstance(side, (result.Run, result.TaskRuns))]
    if not runs:
        return None
    return [f"{left!r} {op} {right!r}", *(line for run in runs for line in str(run).splitlines())]


def _check(config: pytest.Config) -> None:
    """Look at what stands in the configuration and on the command line.

    Raises:
        pytest.UsageError: something there is not what its option takes.
    """
    scope: str = config.getini("prefect_lens_api_scope")
    if scope not in _SCOPES:
        raise pytest.UsageError(f"prefect_lens_api_scope takes {', '.join(_SCOPES)}; not {scope}.")
    for host in config.getini("prefect_lens_network"):
        address, _, bits = host.partition("/")
        if "://" in host or not address or (bits and not bits.isdigit()):
            raise pytest.UsageError(
                f"prefect_lens_network takes hosts, as api.example.com, *.example.com or 10.0.0.0/8; not {host}."
            )
    # A conftest below the root that asks for this plugin comes too late for its options.
    times: Any = config.getoption("prefect_repeat", 1)
    if times < 1:
        raise pytest.UsageError("--prefect-repeat takes how often to run each test: 1 or more.")


def _have_written_down(config: pytest.Config) -> None:
    """Have the session's runs watched here, and the whole of it written down by the process that knows all."""
    from pytest_prefect_lens import audited, report_file  # noqa: PLC0415

    if config.option.collectonly:
        return
    if not config.pluginmanager.hasplugin("prefect-lens-watcher"):
        config.pluginmanager.register(report_file.Watcher(config), "prefect-lens-watcher")
    if not hasattr(config, "workerinput"):
        audited.begin(config)


def _bring(item: pytest.Item, fixture: str, place: int) -> None:
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is not None and fixture not in names:
        names.insert(place, fixture)


def _first_of_its_own(item: pytest.Item) -> int:
    """Return the place of the first fixture that is set up for this test alone."""
    names: list[str] = getattr(item, "fixturenames", [])
    known: dict[str, Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    shared = [
        place
        for place, name in enumerate(names)
        if name == "prefect_lens_api" or (name in known and known[name][-1].scope != "function")
    ]
    return shared[-1] + 1 if shared else 0


def _runs_tests(early_config: pytest.Config) -> bool:
    """Whether this process will run tests, and has no hermetic Prefect yet."""
    return "PREFECT_LENS_HELD" not in os.environ and _tests_run_here(early_config.known_args_namespace)


def _tests_run_here(options: Any) -> bool:
    """Whether tests run in this process: none does where they are only listed, nor in xdist's controller."""
    has_workers = getattr(options, "numprocesses", None) or getattr(options, "tx", None)
    return "PYTEST_XDIST_WORKER" in os.environ or not (options.collectonly or has_workers)
