"""What is likely to be run is made ready before, and nothing else."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect_lens.model import EnvironmentKind, Interpreter, Trouble
from prefect_lens.session.readiness import Readiness
from prefect_lens.session.settings import Settings

ROOT = Path("/projects")


class Engine:
    def __init__(self):
        self.prepared = []
        self.closed = False

    def prepare(self, interpreter, folder, project):
        self.prepared.append((interpreter.path, folder, project))

    def mention(self, interpreter, folder, project, imports):
        self.mentioned = (interpreter.path, folder, project, imports)

    def limit(self, most, idle):
        self.limits = most, idle

    async def close(self):
        self.closed = True


def folder(*projects, documents=(), uses_prefect=True, is_complete=True):
    snapshot = SimpleNamespace(
        project_of=lambda path: SimpleNamespace(root=path.partition("/")[0]),
        imports=lambda project: (f"imported_by_{project}",),
        patiently=lambda: snapshot,
    )
    reading = SimpleNamespace(projects=projects, uses_prefect=uses_prefect)
    return SimpleNamespace(
        root=ROOT, reading=reading, snapshot=snapshot, documents=dict.fromkeys(documents), is_complete=is_complete
    )


async def found(_folder, project):
    if project == "broken":
        return Trouble("PL901", "No Python was found.")
    return Interpreter(f"/{project}/bin/python", "given", EnvironmentKind.PIP)


@pytest.fixture
def engine():
    return Engine()


async def told(readiness, *folders):
    for one in folders:
        readiness.look(one)
    while readiness._telling:
        await asyncio.wait(readiness._telling)


async def test_a_folders_only_project_is_made_ready_once_until_it_changes(engine):
    readiness = Readiness(engine, found)
    await told(readiness, folder("."), folder("."))
    assert engine.prepared == [("/./bin/python", ROOT, ".")]
    assert engine.mentioned == ("/./bin/python", ROOT, ".", ("imported_by_.",))
    readiness.forget(ROOT)
    await told(readiness, folder("."))
    assert len(engine.prepared) == 2
    await readiness.close()
    assert engine.closed


async def test_of_several_projects_those_are_made_ready_that_are_looked_at(engine):
    readiness = Readiness(engine, found)
    await told(readiness, folder("a", "b", documents=["b/flows.py"]))
    assert [project for *_, project in engine.prepared] == ["b"]
    await told(readiness, folder("a", "b", documents=["b/flows.py", "a/flows.py"]))
    assert [project for *_, project in engine.prepared] == ["b", "a"]


async def test_what_is_not_read_or_has_no_prefect_or_no_python_is_not_made_ready(engine):
    readiness = Readiness(engine, found)
    await told(readiness, folder(".", is_complete=False), folder(".", uses_prefect=False), folder("broken"))
    assert engine.prepared == []


async def test_an_engine_that_prepares_nothing_needs_nothing():
    readiness = Readiness(None, found)
    await told(readiness, folder("."))
    await readiness.close()


def test_as_much_is_kept_ready_as_the_most_generous_folder_says(engine):
    folders = [SimpleNamespace(settings=Settings(warm_projects=n, warm_minutes=m)) for n, m in ((1, 30), (4, 2))]
    Readiness(engine, found).limit(folders)
    assert engine.limits == (4, 1800)
