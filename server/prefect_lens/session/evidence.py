"""What the code was like when a run started, and how its results and diagnostics are kept true while it changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from prefect_lens.features import freshness
from prefect_lens.features.results import Batch, Place, Results, function_id, record
from prefect_lens.features.severity import with_chosen
from prefect_lens.features.shift import shifted
from prefect_lens.model import Diagnostic, Location, Related
from prefect_lens.session.reading import disk_text
from prefect_lens.session.selection import test_id

if TYPE_CHECKING:
    from pathlib import Path

    from prefect_lens.model import RunResult
    from prefect_lens.session.selection import Plan

Texts = Mapping[str, str]


def read_texts(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return what the disk has of some files."""
    texts = {path: disk_text(root, path) for path in sorted(set(paths))}
    return {path: text for path, text in texts.items() if text is not None}


def texts_before(root: Path, planned: Plan) -> dict[str, str]:
    """Return what the disk has of the files that a run is about, which are those that it will import."""
    paths = {function.partition("::")[0] for function in planned.asked}
    for definition, _ in planned.definitions:
        paths |= {definition.path, definition.location.path}
    return read_texts(root, paths)


def recorded(results: Results, run: RunResult, whole: frozenset[str], root: Path, before: Texts) -> Results:
    """Return the results with those of a run.

    Args:
        results: what was known.
        run: what the run told.
        whole: the test functions that it was to run with all their parameters.
        root: the workspace folder.
        before: the texts of files as they were when the run started; of others, the present one has to do.
    """
    places = {place for case in run.cases for place in freshness.places(case)}
    said = Batch(run.cases, run.collect_errors, run.missing, run.trouble).diagnostics
    paths = {path for path, _ in places} | {location for one in said for location in _paths(one)} | _paths_of_runs(run)
    texts = {**read_texts(root, paths - before.keys()), **before}
    hashes = {path: freshness.function_hashes(texts[path]) or {} for path, _ in places if path in texts}
    code: dict[Place, str] = {(path, name): hashes[path][name] for path, name in places if name in hashes.get(path, {})}
    pointed = {location for one in said for location in _paths(one)} | _paths_of_runs(run)
    return record(results, run, whole, {path: texts[path] for path in sorted(pointed) if path in texts}, code)


def current(
    problems: Iterable[Diagnostic],
    results: Results,
    stale: frozenset[str],
    text: Callable[[str], str | None],
    chosen: Callable[[str], Mapping[str, str]],
) -> dict[str, list[Diagnostic]]:
    """Return the diagnostics of each file as they hold now: those of runs where their code is, and the index's.

    Args:
        problems: the index's.
        results: the latest results.
        stale: test functions whose result is older than their code.
        text: gives the text of a file as it is.
        chosen: gives the severities that were chosen for a file.
    """

    def is_stale(diagnostic: Diagnostic) -> bool:
        functions = {function_id(test_id(node)) for node in diagnostic.tests}
        return bool(functions) and functions <= stale

    found = list(problems)
    for batch in results.batches:
        found += shifted(batch.diagnostics, batch.texts, text, is_stale)
    by_path: dict[str, list[Diagnostic]] = {}
    for diagnostic in with_chosen(found, chosen):
        by_path.setdefault(diagnostic.location.path, []).append(diagnostic)
    return by_path


def moved(diagnostics: Iterable[Diagnostic], old: Path, new: Path) -> list[Diagnostic]:
    """Return the diagnostics of one folder with paths as another one has them."""

    def path(location: Location) -> Location:
        absolute = old / location.path
        inside = absolute.relative_to(new) if absolute.is_relative_to(new) else absolute
        return dataclasses.replace(location, path=inside.as_posix())

    return [
        dataclasses.replace(
            one,
            location=path(one.location),
            related=tuple(Related(path(place.location), place.message) for place in one.related),
        )
        for one in diagnostics
    ]


def _paths_of_runs(run: RunResult) -> set[str]:
    """Return the files that flows and tasks stand in or were called in."""
    runs = [one for case in run.cases for one in case.runs]
    return {one.path for one in runs if one.path} | {one.called_at.path for one in runs if one.called_at is not None}


def _paths(diagnostic: Diagnostic) -> set[str]:
    return {diagnostic.location.path, *(one.location.path for one in diagnostic.related)}
