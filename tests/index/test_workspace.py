"""Which files of a folder are read, and how."""

import os
import sys

import pytest
from prefect_lens import bulk, workspace
from prefect_lens.workspace import Problem


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_environments_ignored_and_hidden_folders_are_left_out(tmp_path):
    write(
        tmp_path,
        {
            "a.py": "",
            "pyproject.toml": "",
            "readme.md": "",
            "env/pyvenv.cfg": "",
            "env/lib/b.py": "",
            "conda/conda-meta/history": "",
            "conda/b.py": "",
            "node_modules/b.py": "",
            ".hidden/b.py": "",
            ".gitignore": "out/\n*_gen.py\n!keep_gen.py\n",
            "out/b.py": "",
            "x_gen.py": "",
            "sub/keep_gen.py": "",
            "sub/.gitignore": "/local.py\n",
            "sub/local.py": "",
            "sub/deep/local.py": "",
        },
    )
    assert list(workspace.walk(tmp_path)) == ["a.py", "pyproject.toml", "sub/keep_gen.py", "sub/deep/local.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_followed_where_it_leads_to_something_new(tmp_path):
    root = tmp_path / "root"
    write(tmp_path, {"root/z/a.py": "", "root/.shared/b.py": "", "beside/c.py": "", "beside/deep/d.py": ""})
    (root / "again").symlink_to(root / "z")  # its real place counts, whatever comes first
    (root / "hidden").symlink_to(root / ".shared")
    (root / "outside").symlink_to(tmp_path / "beside")
    (root / "part").symlink_to(tmp_path / "beside" / "deep")
    (root / "everything").symlink_to(tmp_path)
    (tmp_path / "beside" / "back").symlink_to(tmp_path / "beside")
    assert list(workspace.walk(root)) == ["z/a.py", "hidden/b.py", "outside/c.py", "outside/deep/d.py"]


def test_whether_a_new_file_counts_is_told_without_a_look_at_all_others(tmp_path, monkeypatch):
    write(
        tmp_path,
        {
            "a.py": "",
            "src/pkg/b.py": "",
            "src/.gitignore": "*_gen.py",
            "src/pkg/x_gen.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/c.py": "",
            "node_modules/d.py": "",
            "other/e.py": "",
        },
    )
    looked = []
    really = workspace.os.scandir
    monkeypatch.setattr(workspace.os, "scandir", lambda place: (looked.append(place), really(place))[1])
    new = ["src/pkg/b.py", "src/pkg/x_gen.py", "env/lib/c.py", "node_modules/d.py", "src/gone.py", "a.py"]
    assert workspace.counted_among(tmp_path, new) == {"src/pkg/b.py", "a.py"}
    assert not [place for place in looked if place.endswith("other")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_new_file_behind_a_link_counts_where_it_has_no_other_place(tmp_path):
    write(tmp_path, {"root/z/a.py": "", "beside/c.py": ""})
    (tmp_path / "root" / "again").symlink_to(tmp_path / "root" / "z")
    (tmp_path / "root" / "outside").symlink_to(tmp_path / "beside")
    found = workspace.counted_among(tmp_path / "root", ["again/a.py", "outside/c.py", "z/a.py"])
    assert found == {"outside/c.py", "z/a.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_link_loops_end(tmp_path):
    write(tmp_path, {"pkg/a.py": ""})
    (tmp_path / "pkg" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere.py")
    assert list(workspace.walk(tmp_path)) == ["pkg/a.py"]


def test_texts_are_decoded_as_python_does(tmp_path):
    write(
        tmp_path,
        {
            "bom.py": b"\xef\xbb\xbfx = 1\r\n",
            "flows.py": "import prefect",
            "latin.py": "# -*- coding: latin-1 -*-\nx = 'ä'\n".encode("latin-1"),
            "bad.py": b"x = '\xff'\n",
            "odd.py": b"# coding: nothing-known\n",
            "rot.py": b"# coding: rot13\n",
        },
    )
    assert workspace.read(tmp_path / "bom.py") == "x = 1\r\n"
    assert "ä" in workspace.read(tmp_path / "latin.py")
    for name in ("bad.py", "odd.py", "rot.py"):
        assert isinstance(workspace.read(tmp_path / name, name), Problem)
    assert [p.path for p in workspace.load_all(tmp_path).problems] == ["bad.py", "odd.py", "rot.py"]


def test_a_folder_that_does_not_name_prefect_is_not_read(tmp_path):
    write(tmp_path, {"pyproject.toml": "[project]\n", "a.py": "import (\n", "test_a.py": "def test(): ...\n"})
    loaded = workspace.load_all(tmp_path)
    assert not loaded.is_whole
    assert (set(loaded.snapshot.paths), set(loaded.snapshot.configs)) == (set(), {"pyproject.toml"})
    wanted = workspace.load_all(tmp_path, wanted=True)
    assert wanted.is_whole
    assert set(wanted.snapshot.paths) == {"a.py", "test_a.py"}
    write(tmp_path, {"pkg/flows.py": "import prefect\n"})
    loaded = workspace.load_all(tmp_path)
    assert loaded.is_whole
    assert set(loaded.snapshot.paths) == {"a.py", "pkg/flows.py", "test_a.py"}


def test_a_folder_whose_configuration_tells_us_anything_is_read(tmp_path):
    text = "[tool.prefect-lens.environment.variables]\nREGION = 'eu'\n"
    write(tmp_path, {"pyproject.toml": text, "test_a.py": "def test(): ...\n"})
    loaded = workspace.load_all(tmp_path)
    assert loaded.is_whole
    assert set(loaded.snapshot.paths) == {"test_a.py"}


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "big.py").write_bytes(b"#" * (workspace.LARGEST + 1))
    assert "too large" in workspace.read(tmp_path / "big.py", "big.py").message
    assert "cannot be read" in workspace.read(tmp_path / "gone.py", "gone.py").message
    assert isinstance(workspace.read(tmp_path), Problem)


def test_loading_tells_how_far_it_is(tmp_path):
    for number in range(150):
        (tmp_path / f"m{number}.py").write_text("import prefect" if number == 100 else "")
    told = []
    workspace.load_all(tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(0, 150), (100, 150)]


def test_a_second_process_reads_what_one_would(tmp_path, monkeypatch):
    files = {f"pkg/flow_{n}.py": f"from prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(40)}
    write(tmp_path, {**files, "bad.py": b"x = '\xff'\n", "broken.py": "import (\n"})
    alone = workspace.load_all(tmp_path)
    monkeypatch.setattr(bulk, "MANY", 2)
    both = workspace.load_all(tmp_path)
    assert both.snapshot._files == alone.snapshot._files
    assert both.snapshot.definitions() == alone.snapshot.definitions()
    assert both.problems == alone.problems
    assert both.snapshot.problems() == alone.snapshot.problems()


def test_a_second_process_reads_half_of_the_files(tmp_path, monkeypatch):
    write(tmp_path, {f"flow_{n}.py": f"from prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(40)})
    monkeypatch.setattr(bulk, "MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    here = []
    really = bulk.read_file
    monkeypatch.setattr(bulk, "read_file", lambda folder, path: here.append(path) or really(folder, path))
    assert len(workspace.load(tmp_path).definitions()) == 40
    assert len(here) == 20


@pytest.mark.parametrize("start", ["raise SystemExit(3)", "import sys; sys.stdout.write('(')"])
def test_a_second_process_that_ends_early_leaves_nothing_unread(tmp_path, monkeypatch, start):
    write(tmp_path, {f"flow_{n}.py": f"from prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(9)})
    monkeypatch.setattr(bulk, "MANY", 2)
    monkeypatch.setattr(bulk, "_START", start)
    assert len(workspace.load(tmp_path).definitions()) == 9
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    assert len(workspace.load(tmp_path).definitions()) == 9
