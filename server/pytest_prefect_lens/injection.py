"""Gives this process what its run is to find in its environment, and takes from it what it is not to.

It is done before anything of the project is imported, and in the process of the run alone: what comes here came over
the run's own channel. Needs the standard library alone.
"""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_prefect_lens.addresses import ADDRESSING, hermetic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_prefect_lens.wire import Environment

KEPT = (
    *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_*", "PYTHON*", "PREFECT_LENS_*"),
    *("VIRTUAL_ENV", "CONDA_PREFIX"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"),
    *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES*", "NUMBER_OF_PROCESSORS"),
)
"""What an interpreter and its libraries need to start, on any system; inherited whatever a project lists."""

_FILES = (
    # What names a file of credentials that a library would look for in the home folder.
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG", "NETRC", "PGPASSFILE", "PGSERVICEFILE"),
    *("KUBECONFIG", "DATABRICKS_CONFIG_FILE", "HF_TOKEN_PATH"),
)
_FOLDERS = (
    # And what names a folder of them.
    *("CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "DOCKER_CONFIG", "GH_CONFIG_DIR", "SNOWFLAKE_HOME", "KAGGLE_CONFIG_DIR"),
)
_ASKING = {
    # Credentials that a machine in a cloud answers with, to whoever asks.
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_GCE_CHECK": "true",
}


def apply(environment: Environment, home: Path) -> None:
    """Make `os.environ` what the user's code is to find; `home` is the run's private folder."""
    given = dict(environment.variables)
    before = set(os.environ)
    if environment.inherit is not None:
        ours = {*hermetic(home), "PREFECT_API_URL"}
        for name in before - ours:
            if not (ADDRESSING.fullmatch(name) or matches(name, (*KEPT, *environment.inherit))):
                del os.environ[name]
    for name, value in given.items():
        if ADDRESSING.fullmatch(name.upper()):
            sys.stderr.write(f"prefect-lens: {name} is not set: every run has a Prefect of its own\n")
        else:
            os.environ[name] = value
    if environment.is_configured:
        asked = (*given, *(before if environment.inherit is None else environment.inherit))
        os.environ.update({name: value for name, value in _nothing(home).items() if not matches(name, asked)})
    if environment.secrets:
        _without_core_dumps()


def secrets_of(environment: Environment) -> list[str]:
    """Return the values that no message may hold; a worker of xdist has inherited them."""
    given = dict(environment.variables)
    return [given.get(name) or os.environ.get(name, "") for name in environment.secrets]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a variable is named by one of the patterns, as a shell would match them; on Windows in any case."""
    if sys.platform == "win32":
        name, patterns = name.upper(), (pattern.upper() for pattern in patterns)
    # To compile a pattern takes longer than all of the rest.
    return any(name == pattern or (not pattern.isidentifier() and fnmatchcase(name, pattern)) for pattern in patterns)


def _nothing(home: Path) -> dict[str, str]:
    """Return the variables that lead away from the credentials in a home folder, whose name stays."""
    empty = home / "nothing"
    empty.mkdir(mode=0o700, exist_ok=True)
    return {
        **dict.fromkeys(_FILES, os.devnull),
        **{name: str(empty / name.lower()) for name in _FOLDERS},
        **_ASKING,
    }


def _without_core_dumps() -> None:
    """Let no process of the run leave its memory on the disk.

    A limit of one byte also stops the kernel from handing it to a program (`core(5)`, fs/coredump.c), zero does not.
    """
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  Windows does not have it

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        least = min(1, hard) if hard != resource.RLIM_INFINITY else 1
        resource.setrlimit(resource.RLIMIT_CORE, (least, least))
