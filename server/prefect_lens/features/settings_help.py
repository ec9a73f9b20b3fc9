"""What can stand in `[tool.prefect-lens]`, and what what stands there means: told by its schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index.schema import Node, schema
from prefect_lens.index.settings import TABLE
from prefect_lens.index.toml_places import Path, places, typing_at_end
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that can stand at a place."""

    label: str
    about: str
    text: str
    """What is put there."""
    span: Span
    """What it takes the place of."""
    is_key: bool


@dataclass(frozen=True, slots=True)
class Help:
    """What stands at a place means, as Markdown."""

    text: str
    span: Span


def settings_hover(text: str, position: Position) -> Help | None:
    """Return what the key at a position of a `pyproject.toml` means."""
    found = [(path, place) for path, place in places(text).items() if place.key.start <= position <= place.key.end]
    for path, place in sorted(found, key=lambda pair: -len(pair[0])):
        inside = _inside(path)
        if inside is None or not isinstance(path[-1], str):
            continue
        siblings = _siblings(text, path[:-1])
        about = [node["description"] for node in _nodes(inside, siblings) if "description" in node]
        if about:
            return Help(f"`{path[-1]}`  \n{about[0]}", place.key)
    return None


def settings_completions(text: str, position: Position) -> tuple[Completion, ...]:
    """Return what can stand at a position of a `pyproject.toml`."""
    lines = text.split("\n")[: position.line + 1]
    if len(lines) <= position.line:
        return ()
    lines[-1] = lines[-1][: position.column]
    typing = typing_at_end("\n".join(lines))
    inside = _inside(typing.table)
    if inside is None or "\n" in typing.word:
        return ()
    span = Span(Position(position.line, position.column - len(typing.word)), position)
    siblings = _siblings(text, typing.table)
    if typing.key is None:
        tables = [table for table in _nodes(inside, siblings) if "properties" in table]
        keys = [
            Completion(name, node.get("description", ""), name, span, is_key=True)
            for table in tables
            for name, node in cast("Node", table["properties"]).items()
            # Where it is open what this is to be, the keys count that decide it.
            if name not in siblings and (len(tables) == 1 or name == table["required"][0])
        ]
        return tuple({one.label: one for one in keys}.values())
    quote = typing.word[:1] if typing.word[:1] in ("'", '"') else '"'
    words: dict[str, Completion] = {}
    for node in _nodes((*inside, typing.key), siblings):
        for word in (*node.get("enum", ()), *(("true", "false") if node.get("type") == "boolean" else ())):
            written = word if word in ("true", "false") else f"{quote}{word}{quote}"
            words[word] = Completion(word, node.get("description", ""), written, span, is_key=False)
    return tuple(words.values())


@cache
def _schema() -> Node:
    return schema()


def _inside(path: Path) -> Path | None:
    """Return a path as seen from our table; None for one that lies elsewhere."""
    return path[len(TABLE) :] if path[: len(TABLE)] == TABLE else None


def _siblings(text: str, table: Path) -> frozenset[str]:
    """Return the keys that stand in a table."""
    found = (path[-1] for path in places(text) if path[:-1] == table)
    return frozenset(key for key in found if isinstance(key, str))


def _nodes(path: Path, siblings: frozenset[str]) -> list[Node]:
    """Return what the schema says of a path; of several forms, those that the keys which stand there leave."""
    nodes = [_schema()]
    for number, part in enumerate(path):
        last = number == len(path) - 1
        tables = [one for node in nodes for one in _flat(node)]
        fitting = _fitting(tables, siblings if last else frozenset())
        nodes = [below for table in fitting for below in _below(table, part)]
    return [_resolved(one, node) for node in nodes for one in _fitting(list(_flat(node)), siblings)]


def _flat(node: Node) -> Iterator[Node]:
    """Yield the forms that something can have."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        yield from _flat(_schema()["$defs"][name])
    for form in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _flat(form)
    if not {"$ref", "anyOf", "oneOf"} & node.keys():
        yield node


def _fitting(nodes: list[Node], siblings: frozenset[str]) -> list[Node]:
    return [one for one in nodes if siblings <= cast("Node", one.get("properties", {})).keys()] or nodes


def _below(node: Node, part: str | int) -> Iterable[Node]:
    if isinstance(part, int):
        return [node["items"]] if "items" in node else []
    if part in node.get("properties", {}):
        return [node["properties"][part]]
    for pattern, below in cast("dict[str, Node]", node.get("patternProperties", {})).items():
        if re.search(pattern, part):
            return [below]
    more: Any = node.get("additionalProperties")
    return [cast("Node", more)] if isinstance(more, dict) else []


def _resolved(form: Node, node: Node) -> Node:
    """Return a form with what was said of it where it was referred to."""
    return {**form, **({"description": node["description"]} if "description" in node else {})}
