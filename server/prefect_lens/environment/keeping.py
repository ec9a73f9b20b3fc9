"""Putting a secret where it can live: into the system's keyring, by whichever Python has the library for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prefect_lens.environment.providers.borrowed import python_with, script

if TYPE_CHECKING:
    from prefect_lens.model import Interpreter

PATIENCE = 30.0
"""Seconds that a keyring has, which may ask to be unlocked."""


async def put_into_keyring(interpreter: Interpreter | None, service: str, user: str, value: str) -> bool:
    """Put a secret into the keyring; false where there is none, or it refuses. The value goes over a pipe."""
    python = python_with("keyring", interpreter)
    if python is None:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            python,
            "-I",
            script("keyring_entry.py"),
            "put",
            service,
            user,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(PATIENCE):
            await process.communicate(value.encode("utf-8"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
