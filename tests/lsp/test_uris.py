from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from prefect_lens.lsp.uris import to_path, to_uri


@pytest.mark.parametrize(
    "path",
    [
        "/w/a.py",
        "/w/with space/a.py",
        "/w/größe/流.py",
        "/w/100%/a#b?c.py",
        "/w/a+b&c=d;e,f@g.py",
        "/w/[x]/{y}.py",
        "/",
    ],
)
def test_a_path_survives_the_way_to_a_uri_and_back(path):
    assert to_path(to_uri(PurePosixPath(path)), windows=False) == Path(path)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/a%20b.py", "/w/a b.py"),
        ("file:///w/gr%C3%B6%C3%9Fe.py", "/w/größe.py"),
        ("file:///w/größe.py", "/w/größe.py"),
        ("file:///w/a%2520b.py", "/w/a%20b.py"),
        ("file://localhost/w/a.py", "/w/a.py"),
        ("file:///w/./x/../a.py", "/w/a.py"),
    ],
)
def test_editors_spell_uris_differently(uri, path):
    assert to_path(uri, windows=False) == Path(path)


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "vscode-notebook-cell:/w/a.ipynb#x",
        "file://host/w/a.py",
        "file:///a%00b",
        "",
        "x",
        "file://[",
        "a.py",
    ],
)
def test_what_is_no_local_file_has_no_path(uri):
    assert to_path(uri, windows=False) is None


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("C:\\Users\\a b\\x.py", "file:///c%3A/Users/a%20b/x.py"),
        ("\\\\server\\share\\x.py", "file://server/share/x.py"),
    ],
)
def test_windows_paths_have_uris(path, uri):
    assert to_uri(PureWindowsPath(path)) == uri


@pytest.mark.parametrize("uri", ["file:///c%3A/w/x.py", "file:///C:/w/x.py", "file:///c:/w/x.py"])
def test_a_drive_letter_is_one_however_it_is_spelt(uri):
    assert to_path(uri, windows=True) == to_path("file:///C%3A/w/x.py", windows=True)


def test_bytes_that_are_no_utf_8_survive():
    path = PurePosixPath("/w/caf\udce9.py")
    assert to_uri(path) == "file:///w/caf%E9.py"
    assert to_path(to_uri(path), windows=False) == Path(path)
