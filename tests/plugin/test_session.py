"""What the plugin says of a session of pytest."""

import subprocess
import sys

import pytest
from pytest_prefect_lens.wire import Broken, Ended, Finished

from tests.plugin.driving import SERVER, Said, drive, write
from tests.pythons import python_with

pytestmark = pytest.mark.slow  # a process for each session

OUTCOMES = """
#- test_all.py
import unittest
import pytest

@pytest.mark.parametrize("x", ["a]b", "c::d", "\\0", "😀"])
def test_ids(x): assert x != "c::d"

class TestClass:
    def test_passes(self): print("heard")
    @pytest.mark.xfail(reason="known")
    def test_fails_as_expected(self): assert 0
    @pytest.mark.xfail
    def test_passes_unexpectedly(self): pass
    @pytest.mark.xfail(strict=True)
    def test_must_fail(self): pass
    @pytest.mark.skip("not today")
    def test_is_skipped(self): pass

@pytest.fixture
def broken(): raise OSError("no disk")
def test_set_up(broken): pass

@pytest.fixture
def dirty():
    yield
    raise OSError("still there")
def test_tear_down(dirty): pass
def test_both(dirty): assert 0

def test_unknown_fixture(no_such): pass

class TestUnit(unittest.TestCase):
    def test_unit(self): self.assertEqual(1, 2)

def test_breakpoint(): breakpoint()
def test_pdb():
    import pdb; pdb.set_trace()
def test_input(): input()
def test_answered_input(monkeypatch):
    import io
    monkeypatch.setattr("sys.stdin", io.StringIO("ada\\n"))
    assert input() == "ada"

def test_much():
    print("x" * 3_000_000)
    assert 0
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Said:
    project = write(tmp_path_factory.mktemp("session") / "project", OUTCOMES)
    return drive(project, files=("test_all.py",), args=("--pdb",))


def test_outcomes_are_in_pytests_words(session):
    assert session.outcomes == {
        "test_ids[a]b]": "passed",
        "test_ids[c::d]": "failed",
        "test_ids[\\x00]": "passed",
        "test_ids[\\U0001f600]": "passed",
        "TestClass::test_passes": "passed",
        "TestClass::test_fails_as_expected": "xfailed",
        "TestClass::test_passes_unexpectedly": "xpassed",
        "TestClass::test_must_fail": "failed",
        "TestClass::test_is_skipped": "skipped",
        "test_set_up": "error",
        "test_tear_down": "error",
        "test_both": "failed",
        "test_unknown_fixture": "error",
        "TestUnit::test_unit": "failed",
        "test_breakpoint": "failed",
        "test_pdb": "failed",
        "test_input": "failed",
        "test_answered_input": "passed",
        "test_much": "failed",
    }


def test_what_is_collected_starts_and_finishes_in_order(session):
    (ended,) = session.of(Ended)
    names = list(session.outcomes)
    assert session.started == names
    assert len(session.collected.tests) == len(names)
    assert (ended.exit_status, ended.left) == (1, ())
    assert session.messages[-1] is ended


def test_a_test_starts_at_its_def(session):
    lines = OUTCOMES.replace("#- test_all.py\n", "").strip("\n").splitlines()
    started = [message for message in session.messages if getattr(message, "line", 0)]
    for message in started:
        assert f"def {message.test.names[-1]}(" in lines[message.line - 1]


def test_output_is_kept_for_tests_that_pass(session):
    assert session.cases["TestClass::test_passes"].sections == (("Captured stdout call", "heard\n"),)


def test_a_flood_of_output_is_cut_for_us_and_for_the_terminal(session):
    ((_, text),) = session.cases["test_much"].sections
    assert 1_000_000 <= len(text) < 1_000_100
    assert "characters left out" in text
    assert len(session.output) < 1_500_000


def test_reasons_are_noted(session):
    assert session.cases["TestClass::test_is_skipped"].note == "not today"
    assert session.cases["TestClass::test_fails_as_expected"].note == "known"


def test_a_failure_names_its_phase_its_exception_and_its_line(session):
    set_up, *_ = session.cases["test_set_up"].failures
    assert (set_up.phase, set_up.exception.type, set_up.exception.message) == ("setup", "OSError", "no disk")
    assert set_up.exception.frames[-1].function == "broken"
    (strict,) = session.cases["TestClass::test_must_fail"].failures
    assert strict.exception.message == "[XPASS(strict)]"
    assert strict.exception.frames[-1].function == "TestClass.test_must_fail"
    assert [failure.phase for failure in session.cases["test_both"].failures] == ["call", "teardown"]
    assert "AssertionError" in session.cases["TestUnit::test_unit"].failures[0].text
    (unknown,) = session.cases["test_unknown_fixture"].failures
    assert unknown.exception.message == "fixture 'no_such' not found"
    assert unknown.exception.frames[-1].function == "test_unknown_fixture"


def test_what_asks_a_person_ends_at_once_with_a_word_on_how_to_debug(session):
    for name in ("test_breakpoint", "test_pdb", "test_input"):
        (failure,) = session.cases[name].failures
        assert "debug it from the editor" in failure.exception.message, name
        assert failure.exception.frames[-1].function == name


def test_a_selection_runs_what_it_names_and_tells_what_it_cannot(project):
    made = project("""
        #- pytest.ini
        [pytest]
        addopts = -m "not slow" --lf
        markers = slow
        #- test_a.py
        import pytest
        def test_one(): pass
        def test_two(): pass
        @pytest.mark.slow
        def test_slow(): pass
        @pytest.mark.parametrize("x", [1, 2])
        def test_many(x): pass
        """)
    said = drive(made, *(f"test_a.py::{name}" for name in ("test_many[2]", "test_two", "test_slow", "test_gone")))
    assert list(said.outcomes) == ["test_two", "test_many[2]"]
    assert [test.names for test in said.collected.missing] == [("test_gone",)]
    assert [test.names for test in said.collected.deselected] == [("test_slow",)]


def test_tests_that_maxfail_did_not_get_to_are_told(project):
    said = drive(
        project("#- test_a.py\ndef test_1(): assert 0\ndef test_2(): pass\n"), files=("test_a.py",), args=("-x",)
    )
    (ended,) = said.of(Ended)
    assert [test.names for test in ended.left] == [("test_2",)]
    assert ended.reason is not None
    assert "stopping after 1 failures" in ended.reason


BROKEN = """
#- test_import.py
import os
from helpers import total
#- helpers.py
import no_such_library
#- test_syntax.py
def test_a(: pass
#- test_name.py
print(undefined)
#- test_parametrize.py
import pytest
@pytest.mark.parametrize("y", [1])
def test_a(x): pass
#- test_fine.py
def test_fine(): pass
#- sub/conftest.py
import no_such_plugin
#- sub/test_sub.py
def test_sub(): pass
"""


def test_files_that_cannot_be_collected_are_told_and_the_others_run(project):
    made = project(BROKEN)
    said = drive(made, files=tuple(sorted(path.name for path in made.folder.glob("test_*"))), args=("sub/test_sub.py",))
    assert said.outcomes == {"test_fine": "passed"}
    told = {error.path.rpartition("/")[2]: error.exception for error in said.collect_errors}
    assert set(told) == {"test_import.py", "test_syntax.py", "test_name.py", "test_parametrize.py", "conftest.py"}
    places = {name: (error.frames[-1].path.rpartition("/")[2], error.frames[-1].line) for name, error in told.items()}
    assert places["test_import.py"] == ("helpers.py", 1)
    assert places["test_syntax.py"] == ("test_syntax.py", 1)
    assert places["test_name.py"] == ("test_name.py", 1)
    assert places["conftest.py"] == ("conftest.py", 1)
    assert [frame.line for frame in told["test_import.py"].frames] == [2, 1]
    assert said.of(Broken) == []


def test_a_usage_error_is_a_failure_of_the_machinery(project):
    (broken,) = drive(project("#- test_a.py\ndef test_a(): pass\n"), files=("test_none.py",)).of(Broken)
    assert broken.code == "PL910"
    assert "test_none.py" in broken.what


def test_an_error_in_a_plugin_is_a_failure_of_the_machinery(project):
    made = project("""
        #- conftest.py
        def pytest_runtest_logreport(report): raise LookupError("plugin")
        #- test_a.py
        def test_a(): pass
        """)
    (broken,) = drive(made, files=("test_a.py",)).of(Broken)
    assert (broken.code, broken.what) == ("PL910", "pytest broke: LookupError: plugin")


def test_a_forked_child_says_nothing(project):
    made = project("""
        #- test_a.py
        import os
        def test_forks():
            child = os.fork()
            if child:
                os.waitpid(child, 0)
        def test_after(): pass
        """)
    said = drive(made, files=("test_a.py",))
    assert said.started == ["test_forks", "test_after"]
    assert len(said.of(Finished)) == 2
    assert len(said.of(Ended)) == 1


def test_a_test_that_is_inherited_from_a_library_fails_at_its_class(project):
    made = project("""
        #- lib/site-packages/library.py
        class Standards:
            def test_has_a_name(self): assert self.name
        #- conftest.py
        import sys
        sys.path.insert(0, "lib/site-packages")
        #- test_a.py
        from library import Standards
        class TestMine(Standards):
            name = ""
        """)
    (failure,) = drive(made, files=("test_a.py",)).cases["TestMine::test_has_a_name"].failures
    assert [(frame.path.rpartition("/")[2], frame.line) for frame in failure.exception.frames] == [("test_a.py", 2)]


def test_subtests_count(project):
    made = project("""
        #- test_a.py
        import unittest
        def test_sub(subtests):
            with subtests.test(msg="one"): assert 1 == 2
            with subtests.test(msg="two"): pass
            with subtests.test(msg="three"): raise KeyError("three")
        class TestU(unittest.TestCase):
            def test_u(self):
                with self.subTest(i=1): assert 0
        """)
    said = drive(made, files=("test_a.py",))
    if "fixture 'subtests' not found" in said.output:
        pytest.skip("subtests are of pytest 9")
    assert said.outcomes == {"test_sub": "failed", "TestU::test_u": "failed"}
    assert [failure.exception.type for failure in said.cases["test_sub"].failures] == ["AssertionError", "KeyError"]
    assert "[one]" in said.cases["test_sub"].failures[0].text


def test_without_a_link_the_plugin_does_nothing_and_imports_nothing_heavy(project):
    made = project("""
        #- test_a.py
        import sys
        def test_a():
            ours = {name for name in sys.modules if name.startswith("pytest_prefect_lens")}
            assert ours == {f"pytest_prefect_lens{part}" for part in ("", ".plugin", ".link", ".fixtures")}
            assert "prefect" not in sys.modules
        """)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_prefect_lens", "-W", "error::pytest.PytestAssertRewriteWarning"],
        cwd=made.folder,
        env={"PYTHONPATH": str(SERVER)},
        check=True,
        capture_output=True,
    )


# --- other plugins ----------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["load", "loadgroup", "loadfile", "worksteal"])
def test_xdist_gives_the_same_as_one_process(project, distribution):
    python = python_with("xdist")
    made = project(
        OUTCOMES
        + "#- test_syntax.py\ndef test_a(: pass\n"
        + "#- test_two.py\ndef test_two(): pass\ndef test_not_asked_for(): pass\n"
    )
    asked = ("test_two.py::test_two", "test_two.py::test_gone")
    alone = drive(made, *asked, files=("test_all.py", "test_syntax.py"), python=python)
    shared = drive(
        made, *asked, files=("test_all.py", "test_syntax.py"), args=("-n2", "--dist", distribution), python=python
    )
    assert shared.outcomes == alone.outcomes
    assert sorted(shared.started) == sorted(alone.started)
    assert {error.path for error in shared.collect_errors} == {error.path for error in alone.collect_errors}
    assert shared.collected.missing == alone.collected.missing
    assert [test.names for test in shared.collected.missing] == [("test_gone",)]
    for name, case in alone.cases.items():
        assert [(one.phase, one.exception) for one in shared.cases[name].failures] == [
            (one.phase, one.exception) for one in case.failures
        ]
    lines = {message.test: message.line for message in alone.messages if hasattr(message, "line")}
    assert lines == {message.test: message.line for message in shared.messages if hasattr(message, "line")}


def test_a_worker_of_xdist_that_dies_is_an_error_at_the_test_that_ran(project):
    python = python_with("xdist")
    made = project("#- test_a.py\nimport os\ndef test_1(): pass\ndef test_2(): os._exit(9)\ndef test_3(): pass\n")
    said = drive(made, files=("test_a.py",), args=("-n2",), python=python)
    assert said.outcomes == {"test_1": "passed", "test_2": "error", "test_3": "passed"}
    (failure,) = said.cases["test_2"].failures
    assert failure.exception.type == "WorkerDied"
    assert failure.exception.frames[-1].line == 3


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "xdist"])
def test_of_a_test_that_is_run_again_the_last_run_counts(project, workers):
    python = python_with("pytest_rerunfailures", *(["xdist"] if workers else []))
    made = project("""
        #- test_a.py
        runs = []
        def test_flaky():
            runs.append(1)
            print("run", len(runs))
            assert len(runs) == 3
        def test_hopeless(): assert 0
        """)
    said = drive(made, files=("test_a.py",), args=("--reruns=2", *workers), python=python)
    assert said.outcomes == {"test_flaky": "passed", "test_hopeless": "failed"}
    assert sorted(said.started) == ["test_flaky", "test_hopeless"]
    assert said.cases["test_flaky"].sections == (("Captured stdout call", "run 3\n"),)
    assert len(said.of(Finished)) == 2


def test_a_breakpoint_in_a_worker_of_xdist_ends_at_once(project):
    said = drive(
        project("#- test_a.py\ndef test_a(): breakpoint()\n"),
        files=("test_a.py",),
        args=("-n2",),
        python=python_with("xdist"),
    )
    assert "debug it from the editor" in said.cases["test_a"].failures[0].exception.message


def test_machinery_that_fails_before_the_first_test_stops_the_session(project):
    made = project("#- test_a.py\ndef test_a(): pass\n")
    said = drive(made, files=("test_a.py",), DRIVE_BROKEN_API="1")
    (broken,) = said.of(Broken)
    assert broken.code == "PL906"
    assert said.outcomes == {}
    assert said.started == []
