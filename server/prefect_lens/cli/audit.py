"""`prefect-lens audit`: show, verify and export who ran which tests, when, and with what result."""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.states import MACHINERY

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from prefect_lens.audit.places import Places
    from prefect_lens.audit.reading import AuditedRun

WELL, FOUND, COULD_NOT = 0, 1, 2
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    show = commands.add_parser("show", help="list runs, the newest last")
    show.add_argument(
        "--since", type=_time, metavar="TIME", help="from a time on: 2026-11-24, 2026-11-24T18:00, 3h, 2d"
    )
    show.add_argument("--until", type=_time, metavar="TIME", help="before a time")
    show.add_argument("--user", metavar="NAME", help="who ran them")
    show.add_argument("--through", choices=("editor", "command", "ci", "pytest"), help="by which way")
    show.add_argument("--outcome", choices=("passed", "failed", "broken", "cancelled", "nothing", "refused", "unknown"))
    show.add_argument("--test", default="", metavar="TEXT", help="a part of a test's node ID")
    show.add_argument("--run", dest="ran", default="", metavar="NAME", help="a flow or task that ran")
    show.add_argument("--variable", default="", metavar="NAME", help="a variable that the tests found")
    show.add_argument("--last", type=int, metavar="N", help="the newest N alone")
    verify = commands.add_parser("verify", help="find whatever was changed, removed, moved or cut off")
    verify.add_argument("file", nargs="?", type=Path, metavar="FILE", help="an exported trail (default: the own one)")
    verify.add_argument("--public-key", metavar="HEX", help="verify signatures, by what `export` told of their key")
    verify.add_argument(
        "--expect",
        type=_noted,
        action="append",
        default=[],
        metavar="N:HASH",
        help="hold that entry N has this hash (or one that begins so), which was noted elsewhere",
    )
    for command in (show, verify):
        command.add_argument("--json", action="store_true", help="print JSON")
    export = commands.add_parser("export", help="write the whole trail into one file, which others can verify")
    export.add_argument("file", type=Path, metavar="FILE")
    commands.add_parser("append", help="write what a process that runs tests tells on standard input; for pytest")


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say."""
    from prefect_lens.audit.places import Places  # noqa: PLC0415  --help needs none of it

    places = Places.of(os.environ)
    try:
        match arguments.what:
            case "show":
                return _show(places, arguments)
            case "verify":
                return _verify(places, arguments)
            case "export":
                return _export(places, arguments.file)
            case _:
                from prefect_lens.audit.told import write_what_is_told  # noqa: PLC0415

                return write_what_is_told(places, os.environ, sys.stdin.buffer, sys.stdout)
    except OSError as error:
        print(f"prefect-lens audit: {error}", file=sys.stderr)
        return COULD_NOT


def _show(places: Places, arguments: argparse.Namespace) -> int:
    from prefect_lens.audit.reading import Wanted, runs  # noqa: PLC0415

    wanted = Wanted(
        arguments.since,
        arguments.until,
        arguments.user,
        arguments.through,
        arguments.outcome,
        arguments.test,
        arguments.ran,
        arguments.variable,
    )
    found = [one for one in runs(places.segments()) if wanted.has(one)]
    if arguments.last is not None:
        found = found[-arguments.last :] if arguments.last > 0 else []
    if arguments.json:
        print(json.dumps([one.to_json() for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            print("\n".join(_told(one)))
        if not found:
            print(f"No such run is in {places.folder}.")
    return WELL


def _told(run: AuditedRun) -> Iterator[str]:
    by, code = run.began.get("by", {}), run.began.get("code", {})
    way = by.get("editor") or by.get("ci", {}).get("system") or by.get("through")
    tests = len(run.tests) or len(run.began.get("files", ()))
    parts = [
        f"{run.at:%Y-%m-%d %H:%M:%S}Z",
        f"{by.get('user')}@{by.get('host')}",
        str(way),
        f"{Path(str(run.began.get('folder'))) / str(run.began.get('project'))}",
        f"{tests} test{'s' if tests != 1 else ''}" if tests else "everything",
        run.outcome,
    ]
    if "seconds" in run.ended:
        parts.append(f"{run.ended['seconds']:.2f} s")
    if "commit" in code:
        changed = len(code.get("changed", ()))
        parts.append(f"{code['commit'][:10]}{f' and {changed} changed files' if changed else ''}")
    yield "  ".join(parts)
    for why in run.ended.get("why", ()):
        row = MACHINERY.get(why)
        yield f"    {why if row is None else f'{why} {row.sentence}'}"
    for one in run.runs:
        if one.get("kind") == "flow":
            yield f"    flow {one.get('name')}  {' → '.join(str(state[0]) for state in one.get('states', ()))}"


def _verify(places: Places, arguments: argparse.Namespace) -> int:
    from prefect_lens.audit.exporting import read_exported  # noqa: PLC0415
    from prefect_lens.audit.keys import known_keys  # noqa: PLC0415
    from prefect_lens.audit.places import exclusive  # noqa: PLC0415
    from prefect_lens.audit.sealing import read_head  # noqa: PLC0415
    from prefect_lens.audit.verifying import by_keys, by_public_key, verify  # noqa: PLC0415

    keys = known_keys(places)
    try:
        holds = by_public_key(arguments.public_key) if arguments.public_key else by_keys(keys)
    except ValueError:
        print(f"prefect-lens audit: {arguments.public_key} is no public key, which is 64 hex digits", file=sys.stderr)
        return COULD_NOT
    if arguments.file is not None:
        report = verify(*read_exported(arguments.file, keys, arguments.public_key), holds, arguments.expect)
    elif not keys and not places.segments():
        print(f"Nothing has been written to {places.folder} yet.")
        return WELL
    else:
        with exclusive(places):
            try:
                head = read_head(places.head.read_bytes(), keys) or "broken"
            except FileNotFoundError:
                head = "missing"
            lines = [(segment.name, segment.read_bytes()) for segment in places.segments()]
        report = verify(lines, head, holds, arguments.expect)
    last = report.last
    if arguments.json:
        told: dict[str, Any] = {
            "holds": report.holds,
            "entries": report.count,
            "last": {"entry": last.number, "at": last.at, "hash": last.hash} if last is not None else None,
            "findings": [asdict(one) for one in report.findings],
            "notes": [asdict(one) for one in report.notes],
        }
        print(json.dumps(told, indent=2))
    else:
        for one in report.findings:
            print(f"{one.where}: {one.what}")
        for one in report.notes:
            print(f"{one.where}: {one.what}; this does no harm")
        end = f"; the last is {last.number}:{last.hash[:16]}, of {last.at}" if last is not None else ""
        count = "1 entry" if report.count == 1 else f"{report.count} entries"
        print(f"{count}: {'the trail holds' if report.holds else 'the trail does not hold'}{end}")
    return WELL if report.holds else FOUND


def _export(places: Places, file: Path) -> int:
    from prefect_lens.audit.exporting import export  # noqa: PLC0415

    public = export(places, file)
    if public is None:
        print(f"{file} can be verified by who has the key alone: `cryptography` is not installed beside Prefect Lens.")
    else:
        print(f"Others verify it with: prefect-lens audit verify {file} --public-key {public}")
    return WELL


def _time(text: str) -> datetime:
    if (ago := re.fullmatch(r"(\d+)([mhdw])", text)) is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no time, such as 2026-11-24, 2026-11-24T18:00, 3h or 2d") from None


def _noted(text: str) -> tuple[int, str]:
    number, colon, hash_ = text.partition(":")
    if not (number.isdigit() and colon and re.fullmatch(r"[0-9a-f]{8,64}", hash_)):
        raise ArgumentTypeError(f"{text} is not as `audit verify` tells it: 512:0123456789abcdef")
    return int(number), hash_
