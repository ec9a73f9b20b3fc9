"""Whatever an editor and others do to a folder, in whatever order, its index says what a fresh one would say."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from prefect_lens import workspace
from prefect_lens.index.facts import read_facts
from prefect_lens.session import folder as folder_module
from prefect_lens.session import reading
from prefect_lens.session.folder import Folder
from prefect_lens.session.settings import Settings
from prefect_lens.session.texts import Document

from tests.checking import described

FILES = {
    "flows.py": "from prefect import flow\nfrom steps import step\n@flow\ndef etl(): step()\n",
    "steps.py": "from prefect import task\n@task\ndef step(): ...\n",
    "tests/conftest.py": "import pytest\nfrom flows import etl\n@pytest.fixture\ndef ran(): return etl()\n",
    "tests/test_flows.py": "from flows import etl\ndef test_etl(): etl()\ndef test_ran(ran): ...\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
}
NAMES = [*FILES, "other.py", "pkg/__init__.py", "pkg/flows.py", "tests/test_other.py", ".hidden/flows.py", "env/a.py"]
TEXTS = [
    "",
    *FILES.values(),
    "from prefect import flow\n@flow\ndef other(): ...\n",
    "from pkg.flows import *\nfrom other import other\ndef test_other(): other()\n",
    "import flows, steps\ndef test_both(): flows.etl(), steps.step()\n",
]
IGNORED = ["", "other.py\n", "pkg/\n", "/tests/test_*.py\n"]

_python = st.sampled_from([name for name in NAMES if name.endswith(".py")])
_texts = st.sampled_from(TEXTS[:-4] + TEXTS[-3:])


class OpenFolder(RuleBasedStateMachine):
    """A folder on the disk that an editor has open, with all that happens to its files."""

    @initialize(uses_prefect=st.booleans())
    def open_folder(self, uses_prefect) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="prefect-lens-test-"))
        self.patch = pytest.MonkeyPatch()
        self.patch.setenv("XDG_CACHE_HOME", str(self.base / "cache"))
        self.patch.setenv("XDG_STATE_HOME", str(self.base / "state"))
        self.patch.setattr(folder_module, "MANY", 3)
        self.root = self.base / "project"
        for name, text in FILES.items():
            if uses_prefect or "prefect" not in text:
                self.write(name, text)
        self.runner = asyncio.Runner()
        self.texts: dict[str, str] = {}
        self.folder = self.runner.run(self.opened())

    async def opened(self) -> Folder:
        folder = Folder(self.root, Settings(), lambda _: None, lambda: None)
        folder.load()
        return folder

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def tell(self, *names: str) -> None:
        async def heard() -> None:
            self.folder.changed_on_disk(names)

        self.runner.run(heard())

    def show(self, name: str, text: str | None) -> None:
        async def told() -> None:
            if text is None:
                self.folder.close_document(name)
            else:
                self.folder.set_document(name, Document(text, None))

        if text is None:
            self.texts.pop(name, None)
        else:
            self.texts[name] = text
        self.runner.run(told())

    @rule(name=_python, text=_texts)
    def type(self, name, text) -> None:
        self.show(name, text)

    @rule(name=_python)
    def open(self, name) -> None:
        if name not in self.texts and (self.root / name).exists():
            self.show(name, (self.root / name).read_text())

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def save(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.texts)))
        self.write(name, self.texts[name])
        self.tell(name)

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def close(self, data) -> None:
        self.show(data.draw(st.sampled_from(sorted(self.texts))), None)

    @rule(name=_python, text=_texts)
    def have_it_written_by_others(self, name, text) -> None:
        self.write(name, text)
        self.tell(name)

    @rule(name=_python)
    def delete(self, name) -> None:
        (self.root / name).unlink(missing_ok=True)
        self.tell(name)

    @rule(name=_python, to=_python)
    def rename(self, name, to) -> None:
        if name != to and (self.root / name).exists():
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).rename(self.root / to)
            if name in self.texts:
                text = self.texts[name]
                self.show(name, None)
                self.show(to, text)
            self.tell(name, to)

    @rule(texts=st.dictionaries(_python, st.none() | _texts, min_size=5), at_once=st.booleans())
    def check_out(self, texts, at_once) -> None:
        for name, text in texts.items():
            if text is None:
                (self.root / name).unlink(missing_ok=True)
            else:
                self.write(name, text)
            if not at_once:
                self.tell(name)
        self.tell(*texts)

    @rule(text=st.sampled_from(IGNORED))
    def ignore(self, text) -> None:
        self.write(".gitignore", text)
        self.tell(".gitignore")

    @rule()
    def open_the_folder_again(self) -> None:
        self.runner.run(self.closed())
        self.folder = self.runner.run(self.opened())
        for name, text in self.texts.items():
            self.show(name, text)

    async def closed(self) -> None:
        self.folder.close()

    @rule()
    def compare(self) -> None:
        self.runner.run(self.folder.complete())
        fresh = workspace.load_all(self.root, wanted=True).snapshot
        found = {name: read_facts(text) for name, text in self.texts.items() if name in fresh.paths}
        new = {name for name in self.texts if not (self.root / name).exists()}
        found |= {name: read_facts(self.texts[name]) for name in new}
        expected = fresh.update(found, {})
        assert self.folder.snapshot.uses_prefect == expected.uses_prefect
        if not expected.uses_prefect:
            return  # there is nothing to say about its files
        assert set(self.folder.snapshot.paths) == set(expected.paths)
        assert described(self.folder.snapshot) == described(expected)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            try:
                self.compare()
            finally:
                self.runner.run(self.closed())
                self.runner.close()
                self.patch.undo()
                shutil.rmtree(self.base)


TestOpenFolder = OpenFolder.TestCase
TestOpenFolder.settings = settings(
    max_examples=15, stateful_step_count=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


async def test_an_edit_has_the_edited_file_parsed_and_no_other(tmp_path, monkeypatch):
    parsed = []

    def noted(text):
        parsed.append(text)
        return read_facts(text)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(reading, "read_facts", noted)
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    folder = Folder(root, Settings(), lambda _: None, lambda: None)
    folder.load()
    await folder.complete()
    parsed.clear()
    texts = [FILES["steps.py"] + "    print()\n", FILES["steps.py"].replace("step", "other")]
    for text in texts:
        folder.set_document("steps.py", Document(text, None))
        await folder.caught_up()
    assert parsed == texts
    folder.close()


async def test_the_files_of_a_folder_are_read_once_one_names_prefect(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "other.py").write_text("def other(: ...\n")
    (root / "tests/test_flows.py").write_text(FILES["tests/test_flows.py"])
    folder = Folder(root, Settings(), lambda _: None, lambda: None)
    folder.load()
    await folder.complete()
    assert folder.is_complete
    assert not folder.snapshot.paths
    assert not folder.reading.problems

    text = FILES["flows.py"].replace("from steps import step\n", "").replace("step()", "...")
    folder.set_document("flows.py", Document(text, None))
    await folder.complete()
    assert folder.is_complete
    [etl] = folder.snapshot.definitions()
    assert [match.test.node_id for match in folder.snapshot.matches(etl)] == ["tests/test_flows.py::test_etl"]
    assert [problem.location.path for problem in folder.reading.problems] == ["other.py"]
    folder.close()


async def test_the_files_of_a_folder_are_read_once_its_configuration_names_us(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "jobs.py").write_text("from company import flow\n")
    folder = Folder(root, Settings(), lambda _: None, lambda: None)
    folder.load()
    await folder.complete()
    assert not folder.snapshot.paths
    (root / "pyproject.toml").write_text("[tool.prefect-lens]\n")
    folder.changed_on_disk(["pyproject.toml"])
    await folder.complete()
    assert folder.is_complete
    assert set(folder.snapshot.paths) == {"jobs.py"}
    folder.close()
