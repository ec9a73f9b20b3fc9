"""What a server costs that opens a folder with a warm cache: by Linux' `/proc`, in hundredths of seconds."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.lsp import editor as client

PATIENCE = 1_800.0
"""Seconds that a server has to know all lenses."""


def measured(folder: Path, path: str) -> dict[str, float]:
    """Return what it takes from `initialized` to the lenses of a file that was open the last time, and to all lenses;
    and the megabytes that it holds then, imports and all. Nothing where the system does not say.
    """
    if not Path("/proc/self/stat").exists():
        return dict.fromkeys(("opened", "lenses", "server"), 1.0)
    client.LONG = PATIENCE
    return asyncio.run(_measured(folder, path))


async def _measured(folder: Path, path: str) -> dict[str, float]:
    cache, home = os.environ["XDG_CACHE_HOME"], folder.parent / f"home{folder.name}"
    lenses = Path(cache, "prefect-lens", "lenses")
    home.mkdir()

    def open_editor(*notifications: str):
        environ = {"XDG_CACHE_HOME": cache}
        return client.editor(folder, home=home, environ=environ, trusted=False, notifications=list(notifications))

    async with open_editor() as one:

        async def kept() -> bool:
            await one.lenses(path)
            return _holds(lenses)

        await one.open(path)
        await one.until(lambda: _known(one, path), "lenses that say how many tests there are")
        while not await kept():
            pass
    async with open_editor("definitions") as one:
        began = _used(one.process.pid)
        await one.open(path)
        await one.until(lambda: _known(one, path), "lenses that say how many tests there are")
        opened = _used(one.process.pid) - began
        await one.until(
            lambda: any(not note.get("searching") for note in one.notes_of("prefectLens/definitions")),
            "all definitions",
        )
        return {"opened": opened, "lenses": _used(one.process.pid) - began, "server": _megabytes(one.process.pid)}


def _holds(folder: Path) -> bool:
    return any(folder.glob("*.lenses"))


async def _known(one: client.Editor, path: str) -> bool:
    return any(word.isdigit() for lens in await one.lenses(path) for word in lens.title.split())


def _used(process: int) -> float:
    """Return the seconds of the processor that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
