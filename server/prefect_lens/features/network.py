"""What can be done where a test reaches another machine: say in the configuration that it may, and no other one."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from prefect_lens.features.code_action import RUN, Action
from prefect_lens.features.code_lens import Call
from prefect_lens.features.edits import Edit
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

REACHED = "PL306"
_WORDS = " reaches "


def for_reached(path: str, message: str) -> tuple[Action, ...]:
    """Return what can be done about hosts that a line of a file reaches, as its diagnostic tells them."""
    hosts = [line.rpartition(_WORDS)[2] for line in message.splitlines() if _WORDS in line]
    if not hosts:
        return ()
    title = f"Let the tests reach {' and '.join(hosts)}, and nothing else"
    return (Action(title, RUN, Call("limitNetwork", {"path": path, "hosts": hosts})),)


def limited(text: str, hosts: Sequence[str]) -> Edit | None:
    """Return the edit that begins the environment in a `pyproject.toml`: all is inherited, these hosts are reached.

    None where there is one already, or the file is none.
    """
    lines = text.split("\n")
    gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    end = Position(len(lines) - 1, len(lines[-1]))
    table = (
        f"[tool.prefect-lens.environment]\ninherit = true\nnetwork = {json.dumps(list(hosts), ensure_ascii=False)}\n"
    )
    edit = Edit(Span(end, end), f"{gap}{table}")
    try:
        tomllib.loads(text + edit.text)
    except tomllib.TOMLDecodeError:
        return None
    return edit
