"""How a server lives beside others, and how it ends."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.editor import EVERYTHING, editor, start_server, uri

PROJECT = """
#- flows.py
from prefect import flow

@flow
def etl(größe):
    raise ValueError("🎉")
#- test_flows.py
from flows import etl

def test_etl():
    x = '🎉🎉'; etl(1)
"""


async def test_a_server_ends_with_its_editor_though_its_input_stays_open(open_editor, write):
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    try:
        async with open_editor(write(PROJECT)) as one:
            await one.quit()
        process = await start_server({})
        two = type(one)([write(PROJECT)], process, capabilities=EVERYTHING)
        two.listen()
        await two.request("initialize", {"processId": parent.pid, "rootUri": None, "capabilities": {}})
        two.notify("initialized", {})
        await two.execute("environmentInfo")
        parent.kill()
        assert await asyncio.wait_for(process.wait(), 10) == 1
    finally:
        if parent.returncode is None:
            parent.kill()
        await parent.wait()


async def test_what_others_print_never_reaches_the_editor():
    noise = (
        "import os, sys; from prefect_lens.lsp import server; serve = server._serve\n"
        "async def noisy(*streams):\n"
        "    print('noise'); sys.__stdout__.write('noise'); os.system('echo noise'); os.write(1, b'noise')\n"
        "    assert os.read(0, 1) == b''\n"
        "    await serve(*streams)\n"
        "server._serve = noisy; sys.exit(server.main())"
    )
    process = await start_server({}, noise)
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}'
    out, err = await process.communicate(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert out.startswith(b"Content-Length:")
    assert b"noise" not in out
    assert err.count(b"noise") == 4


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
async def test_a_server_that_is_told_to_end_waits_for_no_thread(open_editor, write, home):
    folder = write(PROJECT)
    # The folder's reading begins with what runs have shown; here nobody ever writes that.
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    held = home / "state" / "prefect-lens" / "observed" / f"{name}.jsonl"
    held.parent.mkdir(parents=True)
    os.mkfifo(held)
    async with open_editor(folder) as one:
        await one.open("flows.py")
        await one.lens("flows.py", "▶ Run tests")
        assert await one.quit() == 0


async def test_exit_without_shutdown_is_an_error(open_editor, write):
    async with open_editor(write(PROJECT)) as one:
        one.notify("exit", None)
        assert await asyncio.wait_for(one.process.wait(), 10) == 1


async def test_a_bug_report_names_versions_and_decisions_and_no_value_or_home(write, home):
    project = write(PROJECT, "home/project")
    environ = {"PREFECT_API_KEY": "pnu_canary", "SECRET_TOKEN": "canary"}
    async with editor(project, home=home, environ=environ, python="/no/python") as one:
        await one.lens("flows.py", "▶ Run 1 test")
        text = await one.execute("environmentInfo")
        await one.execute("run", scope="all")
        text = await one.execute("environmentInfo")
        for fact in (
            r"Prefect Lens \d",
            r"Server: Python 3\.",
            r"System: ",
            r"pygls 2\.",
            r"Trust: yes",
            r"Folder ~/project",
            r"files: 2, flows and tasks: 1, tests: 1",
            r"settings given: interpreter",
            r"project \.: PL901",
            r"Trouble: PL901 ",
        ):
            assert re.search(fact, text), fact
        assert "canary" not in text
        assert str(home) not in text


@pytest.mark.slow
@pytest.mark.parametrize("keeps_ready", [True])
async def test_an_interpreter_that_vanishes_is_told_and_no_green_is_left(open_editor, write, python):
    project = write(PROJECT.replace('raise ValueError("🎉")', "return 1"))
    here = Path(python).parents[1]
    (project / ".venv/lib").mkdir(parents=True)
    (project / ".venv/bin").mkdir()
    (project / ".venv/pyvenv.cfg").write_text((here / "pyvenv.cfg").read_text())
    (project / ".venv/bin/python").symlink_to(python)
    [packages] = here.glob("lib/python3*/site-packages")
    (project / ".venv/lib" / packages.parent.name).mkdir()
    (project / ".venv/lib" / packages.parent.name / "site-packages").symlink_to(packages)
    async with open_editor(project) as one:
        lens = await one.lens("flows.py", "▶ Run 1 test")
        assert (await one.click(lens))["counts"] == {"passed": 1}
        await one.lens("flows.py", "✓ 1 passed")
        report = await one.execute("environmentInfo")
        if sys.platform == "linux":
            assert re.search(r"Kept for runs of .*/project: \w", report), report
        (project / ".venv/bin/python").unlink()
        answer = await one.click(lens)
        assert answer["trouble"] is not None, answer
        assert answer["trouble"]["code"].startswith("PL90")
        assert not any("✓" in title for title in await one.titles("flows.py"))
        assert any("⚠ could not run" in title for title in await one.titles("flows.py"))


@pytest.mark.slow
@pytest.mark.parametrize("keeps_ready", [True])
async def test_two_servers_work_on_one_project(open_editor, write, python):
    project = write(PROJECT)
    async with open_editor(project, python=python) as one, open_editor(project, python=python) as two:
        first = one.click(await one.lens("flows.py", "▶ Run 1 test"))
        second = two.click(await two.lens("flows.py", "▶ Run 1 test"))
        for editor_, answer in ((one, first), (two, second)):
            assert (await answer)["counts"] == {"failed": 1}
            assert editor_.problems("flows.py")[0].startswith("5: PL201 ")
            await editor_.lens("flows.py", "4: ✗ 1 failed")


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 20), ("utf-16", 16), ("utf-32", 14)])
async def test_diagnostics_are_in_the_negotiated_encoding(open_editor, write, python, encoding, column):
    async with open_editor(write(PROJECT), python=python, encodings=[encoding]) as one:
        await one.click(await one.lens("flows.py", "▶ Run 1 test"))
        [place] = [
            place["location"]["range"]["start"]
            for found in one.diagnostics[one.uri("flows.py")]["diagnostics"]
            for place in found["relatedInformation"]
            if place["location"]["uri"] == one.uri("test_flows.py")
        ]
        assert place == {"line": 3, "character": column}


@pytest.mark.slow
async def test_a_file_that_is_renamed_in_the_middle_of_a_run_does_no_harm(open_editor, write, python):
    project = write(
        "#- flows.py\nfrom prefect import flow\n\n@flow\ndef etl():\n    import os, pathlib\n"
        "    here = pathlib.Path(__file__)\n    here.rename(here.with_name('renamed.py'))\n    raise ValueError('x')\n"
        "#- test_flows.py\nfrom flows import etl\n\ndef test_etl():\n    etl()\n"
    )
    async with open_editor(project, python=python) as one:
        await one.open("flows.py")
        summary = await one.click(await one.lens("flows.py", "▶ Run 1 test"))
        assert summary["counts"] == {"failed": 1}
        gone, come = one.uri("flows.py"), one.uri("renamed.py")
        one.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": gone, "type": 3}, {"uri": come, "type": 1}]})
        await one.close_file("flows.py")
        await one.lens("renamed.py", "4: No tests")
        assert await one.titles("flows.py") == []


@pytest.mark.slow
async def test_a_branch_that_is_changed_in_the_middle_of_a_run_leaves_no_result_at_a_wrong_line(
    open_editor, write, python
):
    project = write(
        "#- flows.py\nfrom prefect import flow\n\n@flow\ndef etl():\n    raise ValueError('x')\n"
        "#- test_flows.py\nimport time, pathlib\nfrom flows import etl\n\ndef test_etl():\n"
        "    while not pathlib.Path('go').exists():\n        time.sleep(0.01)\n    etl()\n"
    )
    other = "# On this branch stands\n# something above it.\n" + (project / "flows.py").read_text()

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", "-C", project, *identity, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "-m", "one")
    git("checkout", "-b", "other")
    (project / "flows.py").write_text(other)
    git("commit", "-am", "two")
    git("checkout", "main")
    async with open_editor(project, python=python) as one:
        running = one.click(await one.lens("flows.py", "4: ▶ Run 1 test"))
        # Now the flow is imported, as it stands on this branch.
        await one.until(lambda: "::test_etl" in str(one.notes_of("$/progress")), "the test's beginning")
        git("checkout", "other")
        one.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": one.uri("flows.py"), "type": 2}]})
        await one.lens("flows.py", "6: ■ Running")
        (project / "go").touch()
        assert (await running)["counts"] == {"failed": 1}
        assert one.problems("flows.py")[0].startswith("7: PL201")
        await one.lens("flows.py", "6: ✗ 1 failed")


async def test_paths_with_spaces_percents_and_other_scripts_work(open_editor, write):
    project = write("#- größe 100%/流 #1.py\nfrom prefect import flow\n@flow\ndef etl(): ...\n", "a b%20c")
    async with open_editor(project) as one:
        await one.open("größe 100%/流 #1.py")
        await one.lens("größe 100%/流 #1.py", "3: No tests")
        [note] = await one.until(lambda: one.notes_of("prefectLens/definitions"), "the definitions")
        assert note["definitions"][0]["uri"] == one.uri("größe 100%/流 #1.py")
        assert os.fspath(project).endswith("a b%20c")


@pytest.mark.slow
async def test_a_folder_in_a_folder_shows_the_same_diagnostics(open_editor, write, python):
    outer = write("#- inner/a.py\n", "outer")
    inner = write(PROJECT, "outer/inner")
    async with open_editor(outer, inner, python=python) as one:
        lens = await one.lens("inner/flows.py", "▶ Run 1 test")
        assert lens.command["arguments"][0]["folder"] == uri(inner)
        await one.click(lens)
        assert one.problems("inner/flows.py")[0].startswith("5: PL201 ")
        await one.open("inner/test_flows.py")
        await one.edit("inner/test_flows.py", "etl(1)", "etl(1")
        await one.until(lambda: "PL501" in str(one.problems("inner/test_flows.py")), "the syntax error")
        assert "PL301" in str(one.problems("inner/test_flows.py"))


@pytest.mark.slow
async def test_projects_of_a_folder_run_side_by_side_each_by_its_own_rules(open_editor, write, python):
    folder = write(
        "".join(
            f"#- {name}/pyproject.toml\n[tool.pytest.ini_options]\npythonpath = ['src']\n"
            f"#- {name}/src/flows.py\nfrom prefect import flow\n@flow\ndef etl(): return '{name}'\n"
            f"#- {name}/tests/test_etl.py\nimport os\nfrom flows import etl\n\n"
            f"def test_etl():\n    assert etl() == '{name}'\n    assert os.getcwd().endswith('{name}')\n"
            for name in ("one", "two")
        )
    )
    async with open_editor(folder, python=python) as one:
        for name in ("one", "two"):
            await one.lens(f"{name}/src/flows.py", "3: ▶ Run 1 test")
        summary = await one.execute("run", scope="all")
        assert sorted(result["node_id"] for result in summary["results"]) == [
            "one/tests/test_etl.py::test_etl",
            "two/tests/test_etl.py::test_etl",
        ]
        assert summary["outcome"] == "passed"


@pytest.mark.slow
async def test_an_editor_that_watches_no_files_runs_what_the_disk_has(open_editor, write, python):
    folder = write(PROJECT)
    async with open_editor(folder, python=python, capabilities={"workspace": {"configuration": True}}) as one:
        while await one.titles("flows.py") != ["4: ▶ Run 1 test"]:
            await one.execute("environmentInfo")  # this editor is not told when lenses have changed
        (folder / "test_more.py").write_text(
            "from flows import etl\ndef test_more(): assert etl\ndef test_etl(): etl(1)\n"
        )
        summary = await one.execute("run", scope="targets", targets=["flows.py:etl"])
        assert sorted(result["node_id"] for result in summary["results"]) == [
            "test_flows.py::test_etl",
            "test_more.py::test_etl",
        ]
