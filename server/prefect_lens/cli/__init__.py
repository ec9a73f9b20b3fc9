"""The command `prefect-lens`. Each subcommand calls the functions that the editor calls."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from prefect_lens import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "index": "flows and tasks, and the tests that run each, with the reason",
    "test": "run the tests of flows and tasks, and print what failed at its line",
    "env": "show where the variables of the tests' environment come from, and allow what they need",
    "audit": "show, verify and export who ran which tests, when, and with what result",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A name on the disk, or what a test printed, may hold what the terminal's encoding cannot.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr,unused-ignore]
    if given[:1] == ["server"]:
        from prefect_lens.lsp.server import main as serve  # noqa: PLC0415  the protocol's libraries take their time

        return serve()  # editors add `--stdio`, which is all there is
    parser = argparse.ArgumentParser(
        prog="prefect-lens", description="Run the tests of Prefect flows, and see failed states at their lines."
    )
    parser.add_argument("--version", action="version", version=f"prefect-lens {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("server", help="the language server, on standard input and output")
    for name, about in _COMMANDS.items():
        command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        module = import_module(f"prefect_lens.cli.{name}")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    # What follows `--` is pytest's; argparse would take it for more targets.
    own, behind = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    namespace = parser.parse_args(own)
    if behind and namespace.command != "test":
        parser.error(f"nothing may follow -- in `prefect-lens {namespace.command}`")
    namespace.pytest_args = tuple(behind)
    try:
        return int(namespace.run(namespace))
    except BrokenPipeError:
        # Whoever reads (`head`) has seen enough. Python would complain again when it flushes at its end.
        sys.stdout = None  # type: ignore[assignment]
        return 0
