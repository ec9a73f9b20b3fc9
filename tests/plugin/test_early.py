"""Which libraries bear to be imported before a project's code does it, and what is noted of those that do not."""

import json
import os
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.plugin.driving import SERVER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

LIBRARIES = {
    "plain": "import os, json\nHOME = os.environ.get('HOME')",
    "with_parts/__init__": "",
    "with_parts/part": "class Part: pass",
    "with_own_variable": "import os\nDEBUG = os.getenv('WITH_OWN_VARIABLE_DEBUG')",
    "starts": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "starts_in_silence": "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))",
    "reads": "import os\nREGION = os.environ.get('CLOUD_REGION', 'here')",
    "reads_all": "import os\nALL = dict(os.environ)",
    "fails": "1 / 0",
    "crashes": "import os\nos.abort()",
    "exits": "import os\nos._exit(0)",
    "hangs": "import time\ntime.sleep(60)",
    "computes": "while True: pass",
    "keeps_open": "FILE = open(__file__)",
    "takes_signals": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)",
    "is_large": "DATA = b'x' * 120_000_000",
    "builds_on_prefect": "from prefect import flow",
    "prefect/__init__": "def flow(): pass",
}


@pytest.fixture
def run(tmp_path):
    """Run code in an interpreter that has the libraries and nothing else; `FILE` is where verdicts are kept."""
    for name, text in LIBRARIES.items():
        path = tmp_path / "libraries" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    file = tmp_path / "cache" / "verdicts.json"

    def run(code, **more):
        given = f"from pathlib import Path\nfrom pytest_prefect_lens import early\nFILE = Path({str(file)!r})\n"
        path = os.pathsep.join((str(tmp_path / "libraries"), str(SERVER)))
        ended = subprocess.run(
            [sys.executable, "-c", given + dedent(code)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": path, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr

    run.verdicts = lambda: json.loads(file.read_text())
    return run


FIND_OUT = (
    "early.PATIENCE, early.LONGEST = 1, 3.0\nearly.find_out(early.untried({!r}, FILE), FILE)\nprint(early.good(FILE))"
)


def test_each_library_is_tried_and_those_that_do_not_bear_it_are_noted_with_the_reason(run):
    names = [name for name in LIBRARIES if "/" not in name]
    run(FIND_OUT.format([*names, "with_parts.part.Part", "with_parts.part", "is.not.there"]))
    said = {name: verdict["why_not"] for name, verdict in run.verdicts().items()}
    assert said == {
        "plain": "",
        "with_parts": "",
        "with_own_variable": "",
        "is": "",
        "starts": "it starts a thread",
        "starts_in_silence": "it starts a thread",
        "reads": "it reads CLOUD_REGION when it is imported",
        "reads_all": "it reads the whole environment when it is imported",
        "fails": "its import fails: ZeroDivisionError: division by zero",
        "crashes": "its import ends the process, by signal 6",
        "exits": "its import ends the process",
        "hangs": "its import takes longer than 1 s",
        "computes": "its import takes longer than 1 s",
        "keeps_open": "it keeps a file or a connection open",
        "takes_signals": "it takes signals",
        "is_large": said["is_large"],
        "builds_on_prefect": "it builds on Prefect",
    }
    assert said["is_large"].startswith("it takes 1")
    assert {name: verdict["modules"] for name, verdict in run.verdicts().items() if verdict["modules"]} == {
        "plain": ["plain"],
        "with_parts": ["with_parts.part"],
        "with_own_variable": ["with_own_variable"],
    }


def test_a_library_is_tried_again_only_when_more_of_it_is_imported(run):
    run(FIND_OUT.format(["plain", "with_parts"]))
    assert run("print(early.untried(['plain', 'with_parts', 'with_parts.part'], FILE))") == (
        "{'with_parts': ('with_parts', 'with_parts.part')}\n"
    )


BRING = """
import os, sys
found = early.bring(FILE)
os.environ["WITH_OWN_VARIABLE_DEBUG"] = os.environ.get("LATER", "")
if not os.environ["WITH_OWN_VARIABLE_DEBUG"]: del os.environ["WITH_OWN_VARIABLE_DEBUG"]
found.back(set(sys.modules))
print(sorted(early.good(FILE)))
"""


def test_a_library_whose_variable_is_set_after_it_was_read_is_left_out_from_then_on(run):
    run(FIND_OUT.format(["plain", "with_own_variable"]))
    assert run(BRING) == "['plain', 'with_own_variable']\n"
    said = run(BRING, LATER="1")
    assert "['plain']" in said
    assert "a library had read a variable before it was set" in said
    assert run.verdicts()["with_own_variable"]["why_not"] == "runs change WITH_OWN_VARIABLE_DEBUG, which it reads"
    assert run("print(early.untried(['with_own_variable'], FILE))") == "{}\n"
    assert run(BRING, LATER="1") == "['plain']\n"


def test_one_that_fails_after_all_spoils_the_process_once(run, tmp_path):
    run(FIND_OUT.format(["plain", "with_parts"]))
    (tmp_path / "libraries" / "plain.py").write_text("1 / 0")
    said = run("""
        try:
            early.bring(FILE)
        except early.SpoiledError:
            print("spoiled", sorted(early.bring(FILE).libraries))
    """)
    assert said == "spoiled ['with_parts']\n"
