"""Who looks at a file of a large product does not wait until all its tests are found."""

import asyncio
import threading

import pytest
from prefect_lens.features.code_lens import code_lenses
from prefect_lens.features.hover import hover
from prefect_lens.features.results import Results
from prefect_lens.features.view import View
from prefect_lens.session import looking as looking_module
from prefect_lens.session import selection
from prefect_lens.session.folder import Folder
from prefect_lens.session.looking import PATIENCE, Looking
from prefect_lens.session.settings import Settings
from prefect_lens.session.texts import Document

FLOWS = "from prefect import flow\nfrom steps import step\n@flow\ndef etl(): step()\n"
STEPS = "from prefect import task\n@task\ndef step(): ...\n"
TESTS = "from flows import etl\nfrom steps import step\ndef test_etl(): etl()\ndef test_step(): step.fn()\n"

LONG = 30.0


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (folder := tmp_path / "project").mkdir()
    for name, text in {"flows.py": FLOWS, "steps.py": STEPS, "test_flows.py": TESTS}.items():
        (folder / name).write_text(text)
    return folder


async def _opened(root):
    folder = Folder(root, Settings(), lambda _: None, lambda: None)
    folder.load()
    await folder.complete()
    return folder


def _shown(view):
    return [(lens.title, lens.tooltip) for lens in code_lenses(view, "steps.py")]


def _said(view):
    (definition,) = view.snapshot.definitions("steps.py")
    return hover(view, definition, lambda _: STEPS)


async def test_where_it_takes_too_long_a_lens_comes_without_a_number_and_the_number_later(root):
    folder, found = await _opened(root), asyncio.Event()
    looking = Looking(found.set, patience=0.0)
    view = await looking.view(View(folder.snapshot), folder, "steps.py")
    assert _shown(view) == [("▶ Run tests", "Its tests are still being looked for.")]
    assert "Its tests are still being looked for." in _said(view)
    await asyncio.wait_for(found.wait(), LONG)
    view = await looking.view(View(folder.snapshot), folder, "steps.py")
    assert [title for title, _ in _shown(view)] == ["▶ Run 2 tests"]
    assert "2 tests: 1 direct, 1 indirect" in _said(view)
    assert "looked for" not in _said(view)
    folder.close()


async def test_where_it_takes_no_time_nobody_hears_of_it(root):
    folder = await _opened(root)
    looking = Looking(lambda: pytest.fail("there is nothing more to tell"), PATIENCE)
    view = await looking.view(View(folder.snapshot), folder, "steps.py")
    assert [title for title, _ in _shown(view)] == ["▶ Run 2 tests"]
    folder.close()


async def test_meanwhile_lenses_say_what_they_said_last_above_the_same_text(root):
    before = await _opened(root)
    before.set_document("steps.py", Document(STEPS, 1))
    await before.complete()
    before._to_keep.add("steps.py")
    await before._keep()
    before.close()
    folder, found = await _opened(root), asyncio.Event()
    looking = Looking(found.set, patience=0.0)
    folder.set_document("steps.py", Document(STEPS, 1))
    await folder.complete()
    view = await looking.view(View(folder.snapshot), folder, "steps.py")
    assert view.is_searching
    assert [title for title, _ in _shown(view)] == ["▶ Run 2 tests"]
    folder.set_document("steps.py", Document(STEPS + "@task\ndef more(): ...\n", 2))
    await folder.complete()
    view = await looking.view(View(folder.snapshot), folder, "steps.py")
    assert view.is_searching
    assert [title for title, _ in _shown(view)] == ["▶ Run tests", "▶ Run tests"]
    folder.close()


async def test_nobody_waits_for_a_folder_that_is_being_read(root):
    folder = Folder(root, Settings(), lambda _: None, lambda: None)
    folder.load()
    looking = Looking(lambda: pytest.fail("the folder tells that it has been read"))
    view = await looking.view(View(folder.snapshot, is_complete=False), folder, "steps.py")
    assert view.why_unsure == "The project is still being read."
    await folder.complete()
    folder.close()


async def test_a_file_that_changes_meanwhile_is_looked_at_anew(root):
    folder, found = await _opened(root), asyncio.Event()
    looking = Looking(found.set, patience=0.0)
    await looking.view(View(folder.snapshot), folder, "steps.py")
    (root / "test_flows.py").write_text(TESTS + "def test_more(): step()\n")
    folder.changed_on_disk(["test_flows.py"])
    await folder.caught_up()
    while (view := await looking.view(View(folder.snapshot), folder, "steps.py")).is_searching:
        found.clear()
        await asyncio.wait_for(found.wait(), LONG)
    assert [title for title, _ in _shown(view)] == ["▶ Run 3 tests"]
    folder.close()


async def test_a_run_of_given_tests_does_not_wait_until_all_is_known_that_they_exercise(root, monkeypatch):
    folder = await _opened(root)
    given = selection.Tests(("test_flows.py::test_etl",))
    monkeypatch.setattr(selection, "PATIENCE", -1.0)
    planned = selection.plan(folder.snapshot, Results(), given)
    assert (planned.asked, planned.definitions) == (frozenset(given.node_ids), ())
    monkeypatch.setattr(selection, "PATIENCE", LONG)
    planned = selection.plan(folder.snapshot, Results(), given)
    assert [(one.name, len(tests)) for one, tests in planned.definitions] == [("etl", 1), ("step", 2)]
    folder.close()


async def test_a_folder_that_is_closed_is_searched_no_more(root, monkeypatch):
    began, found = threading.Event(), asyncio.Event()

    def follow(_snapshot, _path, is_over, seconds=None):
        if seconds is None:  # in the background, in a product without an end
            began.set()
            while not is_over():
                pass
        return False

    monkeypatch.setattr(looking_module, "_follow", follow)
    folder = await _opened(root)
    looking = Looking(found.set)
    await looking.view(View(folder.snapshot), folder, "steps.py")
    assert await asyncio.to_thread(began.wait, LONG)
    folder.close()
    looking.forget(folder)
    await asyncio.wait_for(found.wait(), LONG)
