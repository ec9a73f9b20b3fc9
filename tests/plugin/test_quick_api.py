"""What is taken out of the API of a run for speed leaves its answers as they are."""

from textwrap import dedent

import pytest

from tests.plugin.driving import run_code
from tests.pythons import MISSING, newest_and_thoroughly_the_rest

pytestmark = pytest.mark.slow

ASKING = """
import http.client, json, os, pathlib, sqlite3, sys, threading
from urllib.parse import urlsplit
from pytest_prefect_lens import api

home = pathlib.Path("home").resolve(); home.mkdir()
served = api.start(home, pathlib.Path("cache").resolve())
assert served.wait() is None, served.wait()
place = urlsplit(served.url)

def ask(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, place.path + path, body if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode()

def new_run(**headers):
    flow = json.loads(ask("POST", "/flows/", {"name": "one"}, Content_Type="application/json")[2])
    asked = {"flow_id": flow["id"], "state": {"type": "PENDING"}}
    return ask("POST", "/flow_runs/", asked, Content_Type="application/json", **headers)
"""


@pytest.fixture(params=newest_and_thoroughly_the_rest())
def run(request, tmp_path):
    """Run code beside an API, in an interpreter that has Prefect."""
    if request.param is None:
        pytest.skip(MISSING)
    (tmp_path / "cache").mkdir()

    return lambda code: run_code(request.param, ASKING + dedent(code) + "\nserved.end()\n", tmp_path)


def test_the_shortest_way_answers_as_the_long_one(run):
    # One that names its origin goes through all that Prefect has for browsers.
    run("""
        origin = {"Origin": "http://localhost:4200"}
        json_body = {"Content_Type": "application/json"}
        for asked in (
            ("GET", "/admin/version"), ("GET", "/health"), ("GET", "/nothing/there"), ("DELETE", "/health"),
            ("GET", "/flows/00000000-0000-0000-0000-000000000000"), ("GET", "/flows/no-id"),
            ("POST", "/flows/filter", {"limit": -1}), ("POST", "/flows/filter", {}), ("POST", "/flows/count", {}),
        ):
            short = ask(*asked, **(json_body if len(asked) == 3 else {}))
            long = ask(*asked, **origin, **(json_body if len(asked) == 3 else {}))
            assert short[0] == long[0], (asked, short, long)
            assert short[2] == long[2], (asked, short, long)
            assert short[1]["content-type"] == long[1]["content-type"]
            assert "access-control-allow-origin" in long[1] and "access-control-allow-origin" not in short[1]
        # Older clients do not say of which kind a body is; what is packed is unpacked by nobody but a browser.
        assert ask("POST", "/flows/filter", {})[0] == 200
        assert "content-encoding" not in ask("POST", "/flows/filter", {}, Accept_Encoding="gzip", **json_body)[1]
        status, _, text = new_run()
        assert status == 201, text
        flow = f"/flows/{json.loads(text)['flow_id']}"
        assert ask("GET", flow)[2] == ask("GET", flow, **origin)[2]
    """)


def test_a_database_that_somebody_else_writes_into_is_waited_for_while_others_are_answered(run):
    assert run("""
        held = sqlite3.connect(home / "prefect.db", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        answers = []
        writes = threading.Thread(target=lambda: answers.append(ask("POST", "/flows/", {"name": "two"})))
        writes.start()
        for _ in range(3):
            assert ask("POST", "/flows/filter", {})[0] == 200
            assert not answers
        held.execute("COMMIT")
        writes.join()
        print(answers[0][0])
    """).split() == ["201"]


def test_many_that_write_at_once_are_all_answered(run):
    assert run("""
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(new_run()[0])) for _ in range(30)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(*sorted(set(answers)), len(answers))
        print(json.loads(ask("POST", "/flow_runs/count", {}, Content_Type="application/json")[2]))
    """).split() == ["201", "30", "30"]


def test_the_api_has_no_thread_for_its_database(run):
    assert run("""
        assert new_run()[0] == 201
        child = next(one for one in os.listdir("/proc") if one.isdigit()
                     and f") S {os.getpid()} " in pathlib.Path("/proc", one, "stat").read_text())
        print(len(os.listdir(f"/proc/{child}/task")) < 8)
    """).split() == ["True"]
