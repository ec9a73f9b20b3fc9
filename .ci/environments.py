"""The Python environments: one to develop in, and the projects' interpreters that the tests run flows with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from places import CACHE, ROOT, WINDOWS, call, once, say

# Beside newer releases of fastapi the newest Prefect that installs on some Pythons does not start its server.
NEWEST = (
    "prefect>=3.8",
    "fastapi<0.151",
    "pytest>=9",
    "pytest-asyncio",
    "pytest-cov",
    "pytest-rerunfailures",
    "pytest-xdist",
)
# Its own test harness does not start beside the fastapi of today.
OLDEST = ("prefect==3.1.15", "fastapi<0.116", "pytest<9", "pytest-asyncio")
# What other people's tests use beside us. They lie in a folder of their own, for the tests that ask for them: some of
# them change every session in which they are found.
BESIDE = (
    "freezegun",
    "hypothesis",
    "pytest-mock",
    "pytest-randomly",
    "pytest-timeout",
    "sortedcontainers",
    "time-machine",
)
# An editor brings it along, in a folder of its own.
DEBUGPY = ("debugpy",)
# What a plain install gave people for a while: a server that cannot start.
BROKEN = ("prefect==3.8.8", "fastapi==0.165.0", "pytest>=9")
OLDEST_PYTHON = (3, 10)
# The same one from inside an environment: else each checkout's would make anew what all of them share.
PYTHON = str(Path(sys.executable).resolve())
# What the tests' interpreters do when they start, so that tests can say it; see `tests/forkserver.py`.
AT_START = "import os; exec(os.environ.get('LENS_TESTS_AT_START', ''))\n"
# Where secrets come from: libraries that projects have, and servers that stand in for the ones on the network.
PROVIDERS = ("boto3", "keyring", "keyrings.alt", "moto[server,sts]", "nanoidp")
# Few servers that can be installed exchange one token for another (RFC 8693); this one brings a web framework along.
EXCHANGE = ("authgent-server",)


def development() -> Path:
    """Return the Python of `.venv`, with the package editable and everything that checks it."""
    folder = ROOT / ".venv"
    python = _python_of(folder)

    def make() -> None:
        say("Making .venv, to develop in")
        shutil.rmtree(folder, ignore_errors=True)
        call([sys.executable, "-m", "venv", folder])
        call([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], quiet=True)
        call([python, "-m", "pip", "install", "--quiet", "--editable", ".", "--group", "dev"], quiet=True)

    once(folder / "prefect-lens.stamp", (ROOT / "pyproject.toml").read_text(encoding="utf-8") + sys.version, make)
    return python


def newest() -> Path:
    """Return the Python of an environment with the newest Prefect and pytest."""
    return project(CACHE / "python" / "newest", PYTHON, NEWEST)


def oldest() -> Path | None:
    """Return the Python of an environment with the oldest Prefect that is supported; None without a Python for it."""
    base = _find(OLDEST_PYTHON)
    return None if base is None else project(CACHE / "python" / "oldest", base, OLDEST)


def beside() -> Path:
    """Return a folder with packages for the environment with the newest Prefect, to be put on its path."""
    return _folder("beside", BESIDE)


def debugpy() -> Path:
    """Return a folder with debugpy for the environment with the newest Prefect."""
    return _folder("debugpy", DEBUGPY)


def _folder(name: str, packages: tuple[str, ...]) -> Path:
    folder = CACHE / "python" / name
    python = newest()

    def make() -> None:
        say(f"Installing {', '.join(packages)}")
        shutil.rmtree(folder, ignore_errors=True)
        _install(python, "--no-deps", "--target", folder, *packages)

    once(folder / "prefect-lens.stamp", "\n".join((str(python), sys.version, *packages)), make)
    return folder


def project(folder: Path, base: str, requirements: tuple[str, ...], *options: str) -> Path:
    """Return the Python of an environment with these packages; `options` are pip's."""
    python = _python_of(folder)

    def make() -> None:
        say(f"Installing {', '.join(requirements)}")
        shutil.rmtree(folder, ignore_errors=True)
        call([base, "-m", "venv", "--without-pip", folder])
        _install(python, *options, *requirements)
        for packages in folder.glob("[Ll]ib*/**/site-packages"):
            (packages / "prefect-lens-tests.pth").write_text(AT_START, encoding="utf-8")

    once(folder / "prefect-lens.stamp", "\n".join((base, *requirements, AT_START)), make)
    return python


def variables() -> dict[str, str]:
    """Return what tells the tests which interpreters there are."""
    development()  # it installs the others
    makers = {
        "PREFECT_LENS_TEST_PYTHON": newest,
        "PREFECT_LENS_TEST_PYTHON_OLDEST": oldest,
        "PREFECT_LENS_TEST_PROVIDERS_PYTHON": lambda: _of_servers("providers", PROVIDERS),
        "PREFECT_LENS_TEST_BROKEN_PYTHON": lambda: project(CACHE / "python" / "broken", PYTHON, BROKEN),
        "PREFECT_LENS_TEST_EXCHANGE_PYTHON": lambda: _of_servers("exchange", EXCHANGE),
    }
    with ThreadPoolExecutor(2) as pool:
        made = {name: pool.submit(make) for name, make in makers.items()}
    found = {name: python for name, future in made.items() if (python := future.result()) is not None}
    found |= {"PREFECT_LENS_TEST_BESIDE": beside(), "PREFECT_LENS_TEST_DEBUGPY": debugpy()}
    if "PREFECT_LENS_TEST_PYTHON_OLDEST" not in found:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        say(f"SKIPPED: what needs the oldest supported Prefect, for want of a Python {wanted} on the path or in pyenv")
    return {name: str(path) for name, path in found.items()}


def _of_servers(name: str, requirements: tuple[str, ...]) -> Path:
    # They bring a great deal along that is never imported, and need not be compiled.
    return project(CACHE / "python" / name, PYTHON, requirements, "--no-compile")


def _install(python: Path, *what: str | Path) -> None:
    """Install for an interpreter, by the pip of `.venv`."""
    call([development(), "-m", "pip", "--python", python, "install", "--quiet", *what], quiet=True)


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def _find(wanted: tuple[int, int]) -> str | None:
    name = f"python{wanted[0]}.{wanted[1]}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [shutil.which(name), *(str(found / "bin" / name) for found in pyenv.glob(f"{wanted[0]}.{wanted[1]}.*"))]
    for place in places:
        # A version manager's shim is there for versions that it has not: ask.
        if place is not None and _answers(place, wanted):
            return place
    return None


def _answers(python: str, wanted: tuple[int, int]) -> bool:
    code = "import sys, venv; sys.exit(sys.version_info[:2] != %r)" % (wanted,)  # noqa: UP031
    try:
        return subprocess.run([python, "-c", code], check=False, capture_output=True, timeout=30).returncode == 0
    except OSError:
        return False
