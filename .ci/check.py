"""Runs the checks and tests one after the other, with the time each takes, and tells at the end how many passed."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import environments
import javascript
import vsix
from places import CACHE, IN_CI, ROOT, call, say

sys.path.append(str(ROOT / "tests"))

import forkserver

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

EXTENSION = ROOT / "vscode-extension"
E2E = ROOT / "tests" / "e2e"
TWO = ("-n", "2", "--dist=worksteal")
"""Tests two at a time; a fixture of a module is then rarely made by both."""
_WHY = re.compile(r"E  +\S|FAILED |ERROR |✖ |picture: |messages: |\s+(\w+\.)*\w*Error\b")
"""How the lines begin with which pytest and Node tell what failed."""
_WHY_LINES = 12


@dataclass
class Tally:
    """What has been run so far."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)
    times: list[tuple[str, float]] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    """What the tests that failed said, so that it stands at the end, too."""

    def add(self, title: str, seconds: float, status: int, lines: Sequence[str]) -> None:
        """Count a section: its tests, where its output ends with how many there were, else the section as one."""
        output = "".join(lines[-12:]) if "tests" in title else ""
        counted = [_count(output, word) for word in ("passed|pass", "failed|fail|errors?", "skipped")]
        passed, failed, skipped = counted if any(counted) else (int(status == 0), int(status != 0), 0)
        self.passed += passed
        # A runner that ends badly without a failed test has failed all the same.
        self.failed += max(failed, int(status != 0))
        self.skipped += skipped
        self.times.append((title, seconds))
        if status != 0:
            self.broken.append(title)
            self.why += [line.rstrip()[:300] for line in lines if _WHY.match(line)][:_WHY_LINES]


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--quick", action="store_true", help="the checks and the quick tests")
    what.add_argument("--thorough", action="store_true", help="all that there is")
    what.add_argument("--e2e", nargs="*", metavar="WORD", help="the end-to-end tests, those whose names have a word")
    what.add_argument("--pictures", action="store_true", help="take the pictures of the documentation anew")
    asked = parser.parse_args()
    tally = Tally()
    begun = time.monotonic()
    if asked.pictures:
        _end_to_end(tally, ["pictures"], {"PREFECT_LENS_PICTURES": str(ROOT / "docs" / "images")})
    elif asked.e2e is not None:
        _end_to_end(tally, asked.e2e, {})
    elif asked.quick:
        _checks_and_quick_tests(tally)
    else:
        environments.development()
        javascript.executable()
        with ThreadPoolExecutor(1) as beside:  # it waits for the network most of the time
            prepared = beside.submit(_prepare)
            _checks_and_quick_tests(tally)
        prepared.result()
        _slow_tests(tally, thorough=asked.thorough)
    return _told(tally, time.monotonic() - begun)


def _checks_and_quick_tests(tally: Tally) -> None:
    bin_folder = environments.development().parent
    javascript.dependencies(EXTENSION)
    javascript.dependencies(E2E)
    compiler = _tool(EXTENSION, "typescript", "tsc")
    _section(tally, "ruff", [bin_folder / "ruff", "check", "."])
    _section(tally, "import-linter", [bin_folder / "lint-imports"], env={"PYTHONPATH": str(ROOT / "server")})
    pyright = [bin_folder / "pyright", "--pythonpath", environments.development()]
    with ThreadPoolExecutor(1) as beside:  # it has one thread
        ended = beside.submit(_section, tally, "pyright", pyright, at_once=False)
        _section(tally, "tsc: extension", [*compiler, "--project", "."], cwd=EXTENSION)
        _section(tally, "tsc: what drives the editor", [*compiler, "--project", "."], cwd=E2E)
        _quick_tests(tally)
    ended.result()


def _prepare() -> None:
    """Install what the slow tests need."""
    environments.variables()
    server = ROOT / "server"
    for python, folder in (
        (environments.development(), server),
        (environments.newest(), server / "pytest_prefect_lens"),
        (environments.oldest(), server / "pytest_prefect_lens"),
    ):
        if python is not None:  # else each process compiles it anew, where Python is told not to keep what it compiles
            call([python, "-m", "compileall", "-q", folder], quiet=True)
    javascript.code_server()
    javascript.browser()
    javascript.neovim()


def _pytest() -> list[str | Path]:
    return [environments.development(), "-m", "pytest", "--quiet"]


def _quick_tests(tally: Tally) -> None:
    node_tests = sorted((EXTENSION / "test").glob("*.test.ts"))
    _section(
        tally,
        "tests of the extension's parts",
        [javascript.executable(), "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test", *node_tests],
        cwd=EXTENSION,
    )
    _section(tally, "unit tests", [*_pytest(), "-m", "not slow", *TWO])


def _slow_tests(tally: Tally, *, thorough: bool) -> None:
    slow = [*_pytest(), "-m", "slow" if thorough else "slow and not thorough", *TWO, "--durations=20"]
    with ThreadPoolExecutor(1) as beside:  # whoever drives an editor waits most of the time
        ended = beside.submit(_end_to_end, tally, [], {})
        _section(tally, "slow tests", slow, env=environments.variables(), at_once=False)
    ended.result()


def _end_to_end(tally: Tally, words: Sequence[str], env: Mapping[str, str]) -> None:
    browser, neovim = javascript.browser(), javascript.neovim()
    if missing := [name for name, found in (("Chromium", browser), ("Neovim", neovim)) if found is None]:
        text = f"end-to-end tests, for want of {' and '.join(missing)} (PREFECT_LENS_BROWSER may name a Chromium)"
        say(f"{'FAILED' if IN_CI else 'SKIPPED'}: {text}")
        tally.failed += int(IN_CI)
        tally.skipped += int(not IN_CI)
    if browser is None:
        return
    given = {
        "PREFECT_LENS_BROWSER": str(browser),
        "PREFECT_LENS_NEOVIM": str(neovim or ""),
        "PREFECT_LENS_CODE_SERVER": str(javascript.code_server()),
        "PREFECT_LENS_SERVER": str(environments.development().parent / "prefect-lens"),
        "PREFECT_LENS_TEST_PYTHON": str(environments.newest()),
        "PREFECT_LENS_TEST_DEBUGPY": str(environments.debugpy()),
        "PREFECT_LENS_E2E_CACHE": str(CACHE.parent),
    }
    javascript.dependencies(E2E)
    wanted = [word for word in words if word != "pictures"]
    files = sorted(E2E.glob("*.test.ts")) if "pictures" not in words else [E2E / "pictures.ts"]
    files = [file for file in files if not wanted or any(word in file.name for word in wanted)]
    command = [javascript.executable(), "--test", "--test-concurrency=1", "--test-reporter=spec", *files]
    with forkserver.running([str(environments.newest())]), _installed(vsix.build()) as extensions:
        given["PREFECT_LENS_EXTENSIONS"] = str(extensions)
        _section(tally, "end-to-end tests", command, cwd=E2E, env={**given, **env})


@contextmanager
def _installed(extension: Path) -> Generator[Path]:
    """Install an extension for code-server, and give the folder that has it."""
    with tempfile.TemporaryDirectory(prefix="prefect-lens-extensions-") as folder:
        config, extensions = Path(folder, "config.yaml"), Path(folder, "extensions")
        config.touch()
        places = ["--config", config, "--user-data-dir", Path(folder, "data"), "--extensions-dir", extensions]
        start = [javascript.executable(), javascript.code_server(), *places]
        env = {"EXTENSIONS_GALLERY": '{"serviceUrl":""}'}
        call([*start, "--install-extension", extension, "--force"], env=env, quiet=True)
        yield extensions


def _tool(folder: Path, package: str, name: str) -> list[str | Path]:
    return [javascript.executable(), folder / "node_modules" / package / "bin" / name]


def _section(
    tally: Tally,
    title: str,
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    at_once: bool = True,
) -> None:
    """Run a program, show what it says, as it says it or at its end, and count."""
    say(title)
    begun = time.monotonic()
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            if at_once:
                sys.stdout.write(line)
                sys.stdout.flush()
            lines.append(line)
        if not at_once:
            sys.stdout.write("".join(lines))
    seconds = time.monotonic() - begun
    tally.add(title, seconds, process.returncode, lines)
    say(f"{title}: {'ok' if process.returncode == 0 else 'FAILED'}, {seconds:.1f} s\n")


def _count(output: str, word: str) -> int:
    """Read a number off the last words of pytest (`3 passed`) or of Node (`pass 3`)."""
    found = re.findall(rf"(?:(\d+) (?:{word})\b)|(?:^\S* ?(?:{word}) (\d+)$)", output, re.MULTILINE)
    return sum(int(one or other) for one, other in found)


def _told(tally: Tally, seconds: float) -> int:
    for line in tally.why:
        print(line)
    for title, taken in tally.times:
        print(f"  {taken:7.1f} s  {title}{'  FAILED' if title in tally.broken else ''}")
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {tally.failed} failed{skipped} in {seconds:.0f} s")
    return int(tally.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
