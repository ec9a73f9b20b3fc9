"""pytest's configuration, read from the texts of a folder's files: `pyproject.toml`, `pytest.ini` and so on.

A project is pytest's rootdir for a file: the nearest folder upwards with a configuration of pytest, else with a
`pyproject.toml`, else with a `setup.py`, else the workspace folder.
"""

from __future__ import annotations

import configparser
import fnmatch
import posixpath
import re
import shlex
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import problems
from prefect_lens.index.settings import Settings, read_settings
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONFIG_NAMES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "setup.py",
)
"""The files whose text matters, in pytest's order."""

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that pytest takes as its rootdir, and what it is told there."""

    root: str
    """Relative to the workspace folder; `.` for the folder itself."""
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    testpaths: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    import_mode: str = "prepend"
    norecursedirs: tuple[str, ...] = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
    config_file: str | None = None
    settings: Settings = field(default_factory=Settings)
    usefixtures: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    """Modules that `-p` or an entry point of the project makes pytest load."""
    options: tuple[str, ...] = ()
    """What `addopts` says."""
    doctests: bool = False
    """Whether it collects the examples in docstrings."""
    ignored: tuple[str, ...] = ()
    """What `--ignore` and `--ignore-glob` in the options leave out."""

    def is_test_file(self, path: str) -> bool:
        """Whether pytest would collect the file, were it or its folder given as an argument.

        So `testpaths` does not limit it: a test that stands elsewhere runs as well when it is asked for.
        """
        inside = relative(path, self.root)
        if inside is None:
            return False
        name = posixpath.basename(inside)
        if name == "conftest.py" or not any(_matches_path(inside, name, pattern) for pattern in self.python_files):
            return False
        return self._enters(inside)

    def has_doctests(self, path: str) -> bool:
        """Whether pytest would collect the examples in the docstrings of a file."""
        inside = relative(path, self.root) if self.doctests else None
        return inside is not None and posixpath.basename(inside) != "setup.py" and self._enters(inside)

    def _enters(self, inside: str) -> bool:
        """Whether pytest would come to a file, as seen from the root."""
        folders = inside.split("/")[:-1]
        start = min((len(base) for base in self._bases() if _is_under(inside, base)), default=0)
        if any(fnmatch.fnmatch(inside, pattern) or _is_under(inside, pattern) for pattern in self.ignored):
            return False
        depth = inside[:start].count("/") + 1 if start else 0
        return not any(
            _is_left_out("/".join(folders[: at + 1]), self.norecursedirs) for at in range(depth, len(folders))
        )

    def is_run_by_default(self, path: str) -> bool:
        """Whether pytest would collect the test file when it is started in the root without arguments."""
        inside = relative(path, self.root)
        return inside is not None and (not self.testpaths or any(_is_under(inside, base) for base in self._bases()))

    def is_class_name(self, name: str) -> bool:
        """Whether `python_classes` names it."""
        return _matches_name(name, self.python_classes)

    def is_function_name(self, name: str) -> bool:
        """Whether `python_functions` names it."""
        return _matches_name(name, self.python_functions)

    def _bases(self) -> Iterable[str]:
        return (posixpath.normpath(base) if base else "." for base in self.testpaths)


@lru_cache(maxsize=10_000)
def _is_left_out(folder: str, patterns: tuple[str, ...]) -> bool:
    return any(_matches_path(folder, posixpath.basename(folder), pattern) for pattern in patterns)


def find_project(folder: str, configs: Mapping[str, str]) -> Project:
    """Return the project of a folder. `configs` maps the paths of configuration files to their texts."""
    folders = list(_upwards(folder))
    first_pyproject: str | None = None
    for base in folders:
        for name in CONFIG_NAMES[:-1]:
            path = join(base, name)
            if (text := configs.get(path)) is None:
                continue
            if name == "pyproject.toml" and first_pyproject is None:
                first_pyproject = path
            if (options := _pytest_options(name, text)) is not None:
                return _project(base, path, options, configs)
    if first_pyproject is not None:
        return _project(posixpath.dirname(first_pyproject) or ".", first_pyproject, {}, configs)
    for base in folders:
        if join(base, "setup.py") in configs:
            return _project(base, None, {}, configs)
    return _project(".", None, {}, configs)


def config_problems(configs: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the configuration files, whatever project they belong to."""
    found: list[Diagnostic] = []
    for path, text in configs.items():
        name = posixpath.basename(path)
        if name.endswith(".toml"):
            try:
                tomllib.loads(text)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                found.append(_does_not_parse(path, text, error))
            if name == "pyproject.toml":
                found.extend(read_settings(path, text)[1])
        elif name.endswith((".ini", ".cfg")):
            try:
                _ini(text)
            except configparser.Error as error:
                found.append(_does_not_parse(path, text, error))
    return tuple(found)


def join(folder: str, name: str) -> str:
    """Join two parts of a path relative to the workspace folder."""
    return name if folder in {"", "."} else posixpath.normpath(f"{folder}/{name}")


def relative(path: str, folder: str) -> str | None:
    """Return the path as seen from the folder; None where it is outside of it."""
    if folder in {"", "."}:
        return path
    return path[len(folder) + 1 :] if path.startswith(folder + "/") else None


def _upwards(folder: str) -> Iterable[str]:
    while folder not in {"", ".", "/"}:
        yield folder
        folder = posixpath.dirname(folder)
    yield "."


def _project(root: str, config_file: str | None, options: Options, configs: Mapping[str, str]) -> Project:
    settings = Settings()
    for base in _upwards(root):
        if (text := configs.get(join(base, "pyproject.toml"))) is not None and "prefect-lens" in text:
            settings = read_settings(join(base, "pyproject.toml"), text)[0]
            break
    default = Project(root)
    added = _words(options.get("addopts"))
    return Project(
        root=root,
        python_files=_words(options.get("python_files")) or default.python_files,
        python_classes=_words(options.get("python_classes")) or default.python_classes,
        python_functions=_words(options.get("python_functions")) or default.python_functions,
        testpaths=_words(options.get("testpaths")),
        pythonpath=_words(options.get("pythonpath")),
        import_mode=next(iter(_option(added, "--import-mode")), "prepend"),
        norecursedirs=_words(options.get("norecursedirs")) or default.norecursedirs,
        config_file=config_file,
        settings=settings,
        usefixtures=_words(options.get("usefixtures")),
        plugins=(
            *(p for p in _option(added, "-p") if not p.startswith("no:")),
            *_entry_points(configs.get(join(root, "pyproject.toml"))),
        ),
        options=added,
        doctests="--doctest-modules" in added,
        ignored=(*_option(added, "--ignore"), *_option(added, "--ignore-glob")),
    )


def _pytest_options(name: str, text: str) -> Options | None:
    """Return pytest's options in a file; None where the file is no configuration of pytest."""
    if name.endswith(".toml"):
        try:
            whole: Options = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return {} if name != "pyproject.toml" else None
        if name != "pyproject.toml":
            return _table(whole, "pytest") or {}
        native = _table(_table(whole, "tool") or {}, "pytest")
        if native is None:
            return None
        return _table(native, "ini_options") if "ini_options" in native else native
    try:
        parser = _ini(text)
    except configparser.Error:
        return {} if name in {"pytest.ini", ".pytest.ini"} else None
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if name in {"pytest.ini", ".pytest.ini"} else None


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=("#", ";"))
    parser.read_string(text)
    return parser


def _table(table: Options, key: str) -> Options | None:
    value = table.get(key)
    return cast("Options", value) if isinstance(value, dict) else None


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(word for word in cast("list[Any]", value) if isinstance(word, str))
    if not isinstance(value, str):
        return ()
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())


def _option(words: tuple[str, ...], name: str) -> tuple[str, ...]:
    found: list[str] = []
    for at, word in enumerate(words):
        if word == name and at + 1 < len(words):
            found.append(words[at + 1])
        elif word.startswith(name + "="):
            found.append(word[len(name) + 1 :])
        elif len(name) == 2 and word.startswith(name) and len(word) > 2:
            found.append(word[2:])
    return tuple(found)


def _entry_points(pyproject: str | None) -> tuple[str, ...]:
    if pyproject is None or "pytest11" not in pyproject:
        return ()
    try:
        whole: Options = tomllib.loads(pyproject)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()
    tables = [
        _table(_table(_table(whole, "project") or {}, "entry-points") or {}, "pytest11"),
        _table(_table(_table(_table(whole, "tool") or {}, "poetry") or {}, "plugins") or {}, "pytest11"),
    ]
    return tuple(str(value).partition(":")[0] for table in tables if table for value in table.values())


def _matches_path(inside: str, name: str, pattern: str) -> bool:
    if "/" in pattern:
        return fnmatch.fnmatch(inside, pattern) or fnmatch.fnmatch("/" + inside, "*/" + pattern)
    return fnmatch.fnmatch(name, pattern)


def _matches_name(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        name.startswith(pattern) or (any(c in pattern for c in "*?[") and fnmatch.fnmatch(name, pattern))
        for pattern in patterns
    )


def _is_under(path: str, base: str) -> bool:
    base = base.rstrip("/")
    if any(c in base for c in "*?["):
        parts = path.split("/")
        return any(fnmatch.fnmatch("/".join(parts[: at + 1]), base) for at in range(len(parts)))
    return base in {".", path} or path.startswith(base + "/")


def _does_not_parse(path: str, text: str, error: Exception) -> Diagnostic:
    message = str(error).replace("\n", " ")
    found = re.search(r"line:?\s+(\d+)(?:, column (\d+))?", message)
    line = int(found.group(1)) - 1 if found else text.count("\n")
    column = int(found.group(2)) - 1 if found and found.group(2) else 0
    lines = text.split("\n")
    line = min(line, len(lines) - 1)
    span = Span(Position(line, min(column, len(lines[line]))), Position(line, len(lines[line])))
    what = f"{posixpath.basename(path)} does not parse: {message}"
    return Diagnostic(Location(path, span), Severity.ERROR, problems.CONFIG_DOES_NOT_PARSE, what)
