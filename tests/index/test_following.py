"""Following a test may be left off between two calls and taken up again; whoever waits has a turn meanwhile."""

import itertools
import threading

import pytest
from prefect_lens import workspace
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

from tests.truth.forms import FORMS, PROJECTS

LONG = 30.0
DEEP = 30

CHAIN = "from prefect import flow\n@flow\ndef deepest(): ...\ndef step_0(): deepest()\n" + "".join(
    f"def step_{n}(): step_{n - 1}()\n" for n in range(1, DEEP)
)
TESTS = f"import chain\ndef test_chain(): chain.step_{DEEP - 1}()\ndef test_last(): chain.step_0()\n"


def _chain():
    texts = {"chain.py": CHAIN, "test_chain.py": TESTS}
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in texts.items()}, {})
    definition = snapshot.definition("chain.py:deepest")
    assert definition is not None
    return snapshot, definition


def _found(snapshot):
    return {one.entrypoint: snapshot.matches(one) for one in snapshot.definitions()}


def _after(calls):
    """Return what says "enough" when it has been asked so many times; the first time before anything is done."""
    asked = itertools.count()
    return lambda: next(asked) >= calls


@pytest.mark.parametrize("name", PROJECTS)
def test_what_is_left_off_after_every_call_comes_to_the_same(name):
    snapshot = workspace.load(FORMS / name)
    for path in sorted(snapshot.paths):
        while not snapshot.follow(path, _after(1)):
            pass
    assert _found(snapshot) == _found(workspace.load(FORMS / name))


def test_it_takes_as_many_attempts_as_there_are_calls_and_no_more():
    snapshot, definition = _chain()
    attempts = 1
    while not snapshot.follow("chain.py", _after(1)):
        assert len(snapshot.matches_so_far(definition)) == 0
        attempts += 1
    assert DEEP < attempts < 2 * DEEP
    assert len(snapshot.matches_so_far(definition)) == 2


def test_tests_that_have_been_found_are_told_while_others_are_not():
    snapshot, definition = _chain()
    more = "import chain\ndef test_more(): chain.deepest()\n"
    snapshot = snapshot.update({"test_a.py": read_facts(more)}, {})
    assert not snapshot.follow("chain.py", _after(3 + 3))
    assert [match.test.node_id for match in snapshot.matches_so_far(definition)] == ["test_a.py::test_more"]


@pytest.mark.parametrize("body", ["kept = 1", "step_0()"])
def test_an_old_snapshot_leaves_off(body):
    snapshot, _ = _chain()
    assert not snapshot.follow("chain.py", _after(5))
    edited = CHAIN.replace("def deepest(): ...", f"def deepest():\n    {body}")
    new = snapshot.update({"chain.py": read_facts(edited)}, {})
    assert not snapshot.follow("chain.py", _after(1_000))
    assert new.follow("chain.py", _after(1_000))


@pytest.mark.parametrize("is_patient", [True, False])
def test_who_waits_has_a_turn_between_two_calls_of_one_test(is_patient):
    snapshot, definition = _chain()
    follower = snapshot.patiently() if is_patient else snapshot
    began, order, asked = threading.Event(), [], itertools.count()

    def enough():
        if next(asked) == DEEP // 2:  # it has the lock
            began.set()
            while not follower._lock.is_waited_for:
                pass
        return False

    def follow():
        follower.follow("chain.py", enough)
        order.append("followed")

    thread = threading.Thread(target=follow)
    thread.start()
    assert began.wait(LONG)
    assert snapshot.project_of("chain.py").root == "."
    order.append("answered")
    thread.join(LONG)
    assert order == ["answered", "followed"]
    assert len(snapshot.matches_so_far(definition)) == 2


def test_who_goes_on_asking_an_old_snapshot_hears_of_its_files_and_tells_the_new_one_nothing():
    texts = {
        "steps.py": "from prefect import flow\n@flow\ndef one(): ...\n@flow\ndef two(): ...\ndef pick(): return one\n",
        "helper.py": "def idle(): ...\ndef run():\n    import steps\n    return steps.pick()()\n",
        "test_idle.py": "import helper\ndef test_idle(): helper.idle()\n",
        "test_it.py": "import helper\ndef test_it(): helper.run()\n",
    }
    old = Snapshot.empty().update({path: read_facts(text) for path, text in texts.items()}, {})
    assert old.guessed("test_idle.py") == {}  # reads a part of the helper, and nothing of what the rest imports
    edited = texts["steps.py"].replace("def pick(): return one", "pick = lambda: two")
    new = old.update({"steps.py": read_facts(edited)}, {})
    one, two = old.definitions("steps.py")
    assert [len(old.matches(found)) for found in (one, two)] == [1, 0]
    assert [len(new.matches(found)) for found in new.definitions("steps.py")] == [0, 1]
    assert [len(old.matches(found)) for found in (one, two)] == [1, 0]
    other = old.update({"steps.py": read_facts(texts["steps.py"] + "kept = 1\n")}, {})
    assert [len(found.matches(one)) for found in (other, new) for one in found.definitions("steps.py")] == [1, 0, 0, 1]
