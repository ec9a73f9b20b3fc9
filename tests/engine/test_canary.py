"""A secret's way out is shut, whichever it takes: nothing of it is in what is told, and nothing on the disk."""

import base64
import os
import secrets
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.request import Injected, RunRequest
from prefect_lens.engine.run import run_tests
from prefect_lens.engine.warm import WarmWorkers
from prefect_lens.model import Ending

pytestmark = pytest.mark.slow

WAYS_OUT = """
    #- pytest.ini
    [pytest]
    junit_family = xunit2
    #- conftest.py
    import os, pytest
    @pytest.fixture
    def secret(): return os.environ["SHORT"]
    @pytest.fixture
    def long(): return os.environ["LONG"]
    @pytest.fixture
    def key(): return os.environ["KEY"]
    @pytest.fixture
    def odd(): return os.environ["ODD"]
    #- test_import.py
    import os
    raise RuntimeError("at import " + os.environ["SHORT"])
    #- test_plain.py
    import base64, json, logging, os, pprint, subprocess, sys, warnings
    from urllib.parse import quote
    import pytest
    def test_prints(secret, long, key):
        for value in (secret, long, key):
            print(value, repr(value), json.dumps({"a": value}), quote(value, safe=""), value.encode().hex())
            for pad in (b"", b"x", b"xy"):
                print(base64.b64encode(pad + value.encode()).decode(), file=sys.stderr)
                sys.stderr.write(base64.encodebytes(pad + value.encode()).decode())
            pprint.pprint([value] * 2, width=20)
        os.write(1, secret.encode())
        subprocess.run([sys.executable, "-c", "import os; print(os.environ['SHORT'])"])
        warnings.warn("careless " + secret)
        logging.getLogger("a").error("logged %s", secret)
    def test_raises(secret): raise ValueError(f"refused: {secret}")
    def test_has_a_type(secret): raise type(secret, (Exception,), {})()
    def test_compares(secret): assert {"token": secret} == {"token": "other"}
    def test_compares_long(long): assert long == long[:100] + "?" + long[100:]
    def test_compares_key(key): assert key.splitlines() == ["other"]
    def test_causes(secret):
        try: raise KeyError(secret)
        except KeyError as error: raise OSError("outer") from error
    def test_fails_by_hand(long): pytest.fail("by hand " + long, pytrace=False)
    def test_skips(secret): pytest.skip("without " + secret)
    def test_is_expected(secret): pytest.xfail("since " + secret)
    @pytest.mark.parametrize("value", [os.environ["SHORT"], os.environ["SHORT"] * 2, "plain"])
    def test_parameters(value, tmp_path):
        assert tmp_path.exists() and value == "plain"
    @pytest.fixture
    def broken(secret): raise RuntimeError("no " + secret)
    def test_setup(broken): pass
    #- test_odd.py
    import asyncio, atexit, html, json, shlex, sys, threading
    from urllib.parse import quote, quote_plus
    from xml.sax.saxutils import escape, quoteattr
    def test_forms(odd):
        forms = odd, repr(odd), ascii(odd), json.dumps(odd), json.dumps(odd, ensure_ascii=False), repr([repr(odd)])
        for form in forms:
            print(form, json.dumps({"nested": form}), html.escape(form))
        print(quote(odd), quote_plus(odd), quote(odd, safe=""), shlex.quote(odd), escape(odd), quoteattr(odd))
        print(odd.encode(), odd.encode().hex(" "), str({"a": {odd: odd}}), f"{odd:>80}")
        print(odd, file=sys.__stderr__)
    def test_is_odd(odd): assert [odd] == [odd.upper()]
    def test_notes(secret):
        error = ValueError("noted")
        error.__notes__ = ["a note of " + secret]
        raise error
    def test_groups(secret):
        raise getattr(__import__("builtins"), "ExceptionGroup", ValueError)("of " + secret, [KeyError(secret)])
    def test_threads(secret):
        def work(): raise OSError("in a thread " + secret)
        thread = threading.Thread(target=work, name=secret)
        thread.start()
        thread.join()
    def test_loops(secret):
        async def lost(): raise OSError("in a task " + secret)
        async def main():
            asyncio.create_task(lost(), name=secret)
            await asyncio.sleep(0)
        asyncio.run(main())
    def test_is_not_deleted(secret):
        class Deleted:
            def __del__(self): raise OSError("while it goes " + secret)
        Deleted()
    def test_properties(secret, record_property, record_testsuite_property):
        record_property("token", secret)
        record_testsuite_property(secret, secret)
        atexit.register(print, "at exit", secret)
        atexit.register(sys.stderr.write, "at exit " + secret)
    #- test_prefect.py
    import os
    from prefect import flow, get_run_logger, tags, task
    from prefect.artifacts import create_markdown_artifact
    from prefect.states import Failed
    SECRET = os.environ["SHORT"]
    @task(name=SECRET, task_run_name="run " + SECRET, persist_result=True)
    def named():
        get_run_logger().info("logged %s", SECRET)
        create_markdown_artifact(key="artifact", markdown=SECRET)
        return SECRET
    @flow(name="flow " + SECRET, flow_run_name="as " + SECRET)
    def tells():
        named()
        return Failed(name=SECRET, message="because of " + SECRET)
    def test_flow(): tells()
    @flow(log_prints=True)
    def takes(value, more):
        print(value)
        with tags(SECRET): return [named.with_options(tags=[value]).submit().result(), more["key"]]
    def test_takes(secret): assert takes(secret, {"key": secret, secret: 1}) == 3
    @task(retries=1)
    def fails(text): raise ValueError(text)
    @flow
    def around(text): fails(text)
    def test_task(long): around(long)
"""
LAST_WORDS = (
    pytest.param("cold", "os.write(2, SECRET.encode() + b'\\n'); os.kill(os.getpid(), 9)", id="killed"),
    pytest.param("cold", "os.write(2, b'abort: ' + SECRET.encode()); os.abort()", id="aborted"),
    pytest.param("warm", "import pytest; pytest.exit('stop: ' + SECRET)", id="stopped"),
    pytest.param("warm", "import conftest; conftest.MESSAGE = SECRET", id="broken"),
)
DIES = """
    #- conftest.py
    MESSAGE = ""
    def pytest_runtest_logreport(report):
        if MESSAGE: raise RuntimeError("plugin: " + MESSAGE)
    #- test_dies.py
    import os, pytest
    SECRET = os.environ["SHORT"]
    @pytest.mark.parametrize("value", [SECRET])
    def test_dies(value):
        print("before", value)
        {}
"""


class Canary:
    """Values that nobody else has, and the search for them."""

    def __init__(self) -> None:
        self.began = time.time() - 1
        short, long = f"cnry{secrets.token_hex(8)}", base64.b64encode(secrets.token_bytes(240)).decode()
        key = (
            "-----BEGIN-----\n" + "\n".join(long[at : at + 64][::-1] for at in range(0, 320, 64)) + "\n-----END-----\n"
        )
        left, right = secrets.token_hex(8), secrets.token_hex(8)
        odd = f"{left}\u00e9\"'\\ %/+&<>=${{\u20ac}} {right}"
        self.values = {"SHORT": short, "LONG": long, "KEY": key, "ODD": odd}
        self.injected = Injected(tuple(self.values.items()), frozenset(self.values), is_configured=True)
        # Parts of them too: what is cut short tells more than nothing.
        parts = [short, short[:12], left, right, long[:16], long[-16:], *(line[:20] for line in key.splitlines()[1:-1])]
        whole = [value.encode() for value in (short, long)]
        self.forms = {part.encode() for part in parts}
        for value in whole:
            self.forms |= {value.hex().encode(), value.hex().upper().encode(), quote(value, safe="").encode()}
            self.forms |= {base64.b64encode(b"x" * pad + value)[4:-4] for pad in range(3)}

    def found_in(self, text: str) -> list[str]:
        """The places of a text where something of them stands."""
        data = text.encode("utf-8", "surrogatepass")
        return [text[max(0, at - 200) : at + 100] for form in self.forms if (at := data.find(form)) >= 0]

    def found_below(self, *folders: Path) -> list[str]:
        """The files written since the beginning in whose path or text something of them stands."""
        found = []
        for path in (path for folder in folders for path in folder.rglob("*")):
            try:
                text = path.read_bytes() if path.is_file() and path.stat().st_mtime >= self.began else b""
            except OSError:
                continue
            found += [
                f"{path}: …{text[max(0, text.find(form) - 100) :][:200]!r}"
                for form in self.forms
                if form in os.fsencode(path) or form in text
            ]
        return found


@pytest.fixture
def places(home, tmp_path, monkeypatch) -> list[Path]:
    """Every folder that a run writes to, but for the one that goes with it."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return [tmp_path, home, Path(os.environ["XDG_CACHE_HOME"]) / "prefect-lens", Path("/dev/shm")]


@pytest.fixture
async def source(request, places, shared_imports):  # noqa: ARG001
    if request.param == "cold":
        yield ColdWorkers()
        return
    warm = WarmWorkers()
    yield warm
    await warm.close()


@pytest.mark.parametrize(
    ("source", "options"),
    [("cold", ("-n", "2")), ("warm", ())],
    ids=["cold, with xdist", "warm"],
    indirect=["source"],
)
async def test_nothing_of_a_secret_gets_out(project, python, source, places, options):
    canary = Canary()
    folder = project(WAYS_OUT)
    args = ("--showlocals", "-vv", "-rA", "--junitxml=report.xml", "--prefect-report=runs.jsonl", *options)
    request = RunRequest(folder, ".", python, pytest_args=args, environment=canary.injected)
    events = []
    result = await run_tests(request, source, events.append)
    assert result.ending is Ending.COMPLETE, result.output
    assert {(case.test.names[-1], case.test.params): case.outcome for case in result.cases} == {
        ("test_prints", None): "passed",
        **{(f"test_{name}", None): "failed" for name in ("raises", "has_a_type", "compares", "compares_long")},
        **{(f"test_{name}", None): "failed" for name in ("compares_key", "causes", "fails_by_hand", "flow", "task")},
        **{(f"test_{name}", None): "failed" for name in ("is_odd", "notes", "groups", "takes")},
        **{(f"test_{name}", None): "passed" for name in ("forms", "threads", "loops", "is_not_deleted", "properties")},
        ("test_skips", None): "skipped",
        ("test_is_expected", None): "xfailed",
        ("test_parameters", "***"): "failed",
        ("test_parameters", "***-2"): "failed",
        ("test_parameters", "plain"): "passed",
        ("test_setup", None): "error",
    }
    assert canary.found_in(repr(result)) == []
    assert canary.found_in(repr(events)) == []
    assert canary.found_in(result.output) == []
    assert "***" in (folder / "report.xml").read_text()
    assert "***" in (folder / "runs.jsonl").read_text()
    assert canary.found_below(*places) == []
    # What is told keeps its names: a case can be asked for by what it is called.
    (failed,) = [case.test for case in result.cases if case.test.params == "***-2"]
    again = RunRequest(folder, ".", python, tests=(failed,), environment=canary.injected)
    assert [case.test for case in (await run_tests(again, source, print)).cases] == [failed]


@pytest.mark.parametrize(("source", "words"), LAST_WORDS, indirect=["source"])
async def test_the_last_words_of_a_worker_hold_nothing_of_a_secret(project, python, source, places, words):
    canary = Canary()
    folder = project(DIES.format(words))
    events = []
    request = RunRequest(folder, ".", python, pytest_args=("-s",), environment=canary.injected)
    result = await run_tests(request, source, events.append)
    assert result.trouble, result.output
    assert "***" in result.output
    assert canary.found_in(repr((result, events)) + result.output) == []
    assert canary.found_below(*places) == []
