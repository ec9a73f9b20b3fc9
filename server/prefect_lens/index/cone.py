"""Which files an answer about a file comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.packed import Packed


def sources(inter: Interpreter, files: Mapping[str, Packed], paths: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each file those that its answers come from, as far as anybody asked, and all that these import."""
    asked: dict[str, list[str]] = {}
    for source, others in inter.dependents.items():
        for other in others:
            asked.setdefault(other, []).append(source)
    next_to: dict[str, set[str]] = {}
    found: dict[str, frozenset[str]] = {}
    for path in paths:
        seen, waiting = {path}, [path]
        while waiting:
            one = waiting.pop()
            if one not in next_to:
                imports = files[one].imports() if one in files else ()
                imported = {inter.resolver.find(dotted, level, one) for dotted, level, _ in imports}
                next_to[one] = {other for other in (*asked.get(one, ()), *imported) if other and other in files}
            waiting.extend(next_to[one] - seen)
            seen |= next_to[one]
        found[path] = frozenset(seen)
    return found


def dependents(inter: Interpreter, path: str) -> frozenset[str]:
    """Return the files whose answers come from a file, as far as anybody asked."""
    found, waiting = set[str](), [path]
    while waiting:
        for other in inter.dependents.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)
