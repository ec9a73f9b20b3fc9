"""What tests say on command lines decides branches: of argparse, click and typer."""

from tests.checking import check


def test_argparse_gives_what_the_command_line_says():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_by_default, test_by_place, test_of_any
    @flow
    def other(): ...
    #   ^^^^^ flow: test_of_any, test_other, test_other_path
    #- cli.py
    import argparse
    from flows import etl, other
    def build():
        parser = argparse.ArgumentParser()
        parser.add_argument("--mode", default="full")
        parser.add_argument("--dry-run", "-n", action="store_true")
        parser.add_argument("path", type=str)
        return parser
    def main(argv=None):
        args = build().parse_args(argv)
        if args.dry_run:
            return
        if args.path == "here" or args.mode == "full":
            etl()
        else:
            other()
    #- test_cli.py
    from cli import main
    def test_by_default(): main(["there"])
    def test_by_place(): main(["--mode", "fast", "here"])
    def test_dry(): main(["there", "--dry-run"])
    def test_dry_too(): main(["-n", "there"])
    def test_other(): main(["--mode=fast", "there"])
    def test_other_path(tmp_path): main(["there", "--mode", "fast"])
    def test_of_any(argv): main(argv)
    """)


def test_argparse_gives_what_is_set_for_the_command():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_any, test_argv, test_compared, test_looked_up, test_set
    @flow
    def other(): ...
    #   ^^^^^ flow: test_any, test_argv_other
    #- cli.py
    import argparse
    from flows import etl, other
    def run(args): etl()
    def rest(args): other()
    HANDLERS = {"run": run, "rest": rest}
    def parse(argv=None):
        parser = argparse.ArgumentParser()
        commands = parser.add_subparsers(dest="command")
        one = commands.add_parser("run")
        one.set_defaults(func=run)
        two = commands.add_parser("rest")
        two.set_defaults(func=rest)
        return parser.parse_args(argv)
    def by_func(argv=None):
        args = parse(argv)
        args.func(args)
    def by_table(argv=None):
        args = parse(argv)
        HANDLERS[args.command](args)
    def by_name():
        args = parse()
        if args.command == "run": etl()
        elif args.command == "rest": other()
    #- test_cli.py
    import sys
    from unittest.mock import patch
    from cli import by_func, by_name, by_table
    def test_set(): by_func(["run"])
    def test_any(argv): by_func(argv)
    def test_looked_up(): by_table(["run", "--verbose"])
    def test_compared(monkeypatch):
        monkeypatch.setattr(sys, "argv", ["prog", "run"])
        by_name()
    @patch("sys.argv", ["prog", "run"])
    def test_argv(): by_name()
    def test_argv_other():
        with patch.object(sys, "argv", ["prog", "rest"]): by_name()
    """)


def test_a_command_gets_what_its_options_say():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_custom, test_full, test_group_also, test_short_default, test_unknown
    @flow
    def other(): ...
    #   ^^^^^ flow: test_custom_other, test_fast, test_group, test_group_also, test_more, test_unknown
    #- cli.py
    import click, typer
    from typing import Annotated
    from flows import etl, other
    app = typer.Typer()
    @app.command()
    def run(mode: Annotated[str, typer.Option(help="x")], dry_run: bool = typer.Option(False, "--dry-run")):
        if dry_run:
            return
        if mode == "full": etl()
        else: other()
    @app.command("second")
    def two(mode: str = typer.Option("full", "--how"), deep: Annotated[bool, typer.Option("--deep")] = False):
        if deep: other()
        if mode == "full": etl()
    @click.command()
    @click.option("--kind", "-k", default="etl")
    @click.option("--skip", is_flag=True)
    @click.option("--more/--no-more", default=False)
    def single(kind, skip, more):
        if skip: return
        if kind == "etl": etl()
        if more: other()
    @click.group()
    def group(): ...
    @group.command()
    @click.argument("which")
    @click.option("--also", is_flag=True, default=False)
    def inner(which, also):
        if also: etl()
        other()
    #- test_cli.py
    import click.testing
    from typer.testing import CliRunner
    from cli import app, group, single
    runner = CliRunner()
    def test_full(): runner.invoke(app, ["run", "--mode", "full"])
    def test_fast(): runner.invoke(app, ["run", "--mode=fast"])
    def test_dry(): runner.invoke(app, ["run", "--dry-run", "--mode", "full"])
    def test_missing(): runner.invoke(app, ["run", "--dry-run"])
    def test_missing_all(): runner.invoke(app, ["run"])
    def test_unknown(tmp_path): runner.invoke(app, ["run", "--mode", str(tmp_path)])
    def test_custom(): runner.invoke(app, ["second"])
    def test_custom_other(): runner.invoke(app, ["second", "--how", "fast", "--deep"])
    def test_short_default(): click.testing.CliRunner().invoke(single, [])
    def test_short(): click.testing.CliRunner().invoke(single, "-k other")
    def test_skip(tmp_path): click.testing.CliRunner().invoke(single, ["--kind", str(tmp_path), "--skip"])
    def test_more(): click.testing.CliRunner().invoke(single, ["--kind", "other", "--more"])
    def test_group(): click.testing.CliRunner().invoke(group, ["inner", "y"])
    def test_group_also(): click.testing.CliRunner().invoke(group, ["inner", "y", "--also"])
    """)


def test_a_command_alone_does_not_run_without_what_it_needs():
    check("""
    #- cli.py
    from pathlib import Path
    from typing import Annotated
    import typer
    from prefect import flow
    app = typer.Typer(no_args_is_help=True)
    @flow
    def etl(root): ...
    #   ^^^ flow: test_named, test_unnamed, test_whatever
    @app.callback()
    def main(): ...
    @app.command()
    def run(root: Annotated[Path, typer.Option("--input")], out: Annotated[Path, typer.Option("--output")]):
        etl(root)
    #- test_cli.py
    import typer.testing
    from cli import app
    runner = typer.testing.CliRunner()
    def test_bare(): runner.invoke(app, [])
    def test_too_little(): runner.invoke(app, ["--input", "a"])
    def test_unnamed(): runner.invoke(app, ["--input", "a", "--output", "b"])
    def test_named(): runner.invoke(app, ["run", "--input", "a", "--output", "b"])
    def test_whatever(words): runner.invoke(app, words)
    """)


def test_a_command_does_not_run_where_its_line_is_refused():
    check("""
    #- cli.py
    from typing import Annotated
    import click, typer
    from prefect import flow
    NAME = "--kind"
    app = typer.Typer()
    @flow
    def etl(): ...
    #   ^^^ flow: test_any, test_click, test_group, test_later, test_lax, test_name, test_negative, test_number, \
test_other, test_run
    @app.command()
    def run(path: str, kind: Annotated[str, typer.Option(NAME, "-k")] = "a", limit: int = 1):
        etl()
    @click.command()
    @click.argument("path")
    @click.option("--kind", required=True)
    @click.option("--limit", type=int)
    def single(path, kind, limit):
        etl()
    @click.group()
    @click.option("--verbose", is_flag=True)
    def group(verbose): ...
    @group.command(name="go")
    @click.option("--fast", is_flag=True)
    def going(fast): etl()
    @click.command()
    @click.option("--slow", is_flag=True)
    def later(slow): etl()
    group.add_command(later, "late")
    @click.command(context_settings={"ignore_unknown_options": True})
    def lax(): etl()
    @click.command()
    @decorator
    def other(): etl()
    #- test_cli.py
    import click.testing
    from typer.testing import CliRunner
    from cli import app, group, lax, other, single
    runner = CliRunner()
    def test_run(): runner.invoke(app, ["here", "--kind", "b"])
    def test_name(): runner.invoke(app, ["here", "-k", "b"])
    def test_negative(): runner.invoke(app, ["here", "--limit", "-1"])
    def test_number(number): runner.invoke(app, ["here", "--limit", number])
    def test_any(words): runner.invoke(app, [*words, "--limit", "1"])
    def test_no_path(): runner.invoke(app, ["--kind", "b"])
    def test_no_value(): runner.invoke(app, ["here", "--kind"])
    def test_no_such_option(): runner.invoke(app, ["here", "--king", "b"])
    def test_no_number(): runner.invoke(app, ["here", "--limit", "many"])
    def test_click(): click.testing.CliRunner().invoke(single, ["here", "--kind", "a", "--limit", "1"])
    def test_click_no_path(): click.testing.CliRunner().invoke(single, ["--kind", "a"])
    def test_click_no_kind(): click.testing.CliRunner().invoke(single, ["here"])
    def test_click_no_value(): click.testing.CliRunner().invoke(single, ["here", "--kind"])
    def test_click_no_number(): click.testing.CliRunner().invoke(single, ["here", "--kind", "a", "--limit", "x"])
    def test_group(): click.testing.CliRunner().invoke(group, ["--verbose", "go", "--fast"])
    def test_group_none(): click.testing.CliRunner().invoke(group, ["--verbose", "go", "--slow"])
    def test_later(): click.testing.CliRunner().invoke(group, ["--verbose", "late", "--slow"])
    def test_lax(): click.testing.CliRunner().invoke(lax, ["--whatever"])
    def test_other(): click.testing.CliRunner().invoke(other, ["--whatever"])
    """)


def test_options_of_annotations_decide_branches():
    check("""
    #- cli.py
    from typing import Annotated
    import typer
    from prefect import flow
    app = typer.Typer()
    @flow
    def etl(): ...
    #   ^^^ flow: test_called, test_called_back, test_no_dry, test_plain
    @flow
    def other(): ...
    #   ^^^^^ flow: test_deep, test_short, test_some
    @flow
    def last(): ...
    #   ^^^^ flow: test_called_back, test_deep, test_neither, test_no_dry, test_plain, test_short, test_some
    @app.command()
    def run(
        dry: Annotated[bool, typer.Option("--dry-run")] = False,
        deep: Annotated[bool, typer.Option()] = False,
        mode: Annotated[str | None, typer.Option("-m", "--how", help="x")] = None,
        back: Annotated[str, typer.Option(callback=str)] = "",
    ):
        if dry:
            return
        if deep or mode == "other":
            other()
        elif mode is None:
            etl()
        if back:
            last()
    #- test_cli.py
    from typer.testing import CliRunner
    from cli import app, run
    runner = CliRunner()
    def test_plain(): runner.invoke(app, [])
    def test_dry(): runner.invoke(app, ["--dry-run"])
    def test_no_dry(): runner.invoke(app, ["--no-deep"])
    def test_deep(): runner.invoke(app, ["--deep"])
    def test_short(): runner.invoke(app, ["-m", "other"])
    def test_neither(): runner.invoke(app, ["--how", "fast"])
    def test_some(where): runner.invoke(app, ["--how", where])
    def test_called_back(): runner.invoke(app, ["--back", "x"])
    def test_called(): run()
    """)


def test_argparse_ends_the_program_for_help_and_for_what_is_missing():
    check("""
    #- cli.py
    import argparse
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_all, test_elsewhere, test_help_of_own, test_short, test_unknown, test_words
    def main(argv=None):
        parser = argparse.ArgumentParser()
        parser.add_argument("path")
        parser.add_argument("--day", "-d", required=True)
        parser.add_argument("--dry", action="store_true")
        args = parser.parse_args(argv)
        etl()
    #- other.py
    import argparse
    from cli import etl
    def own(argv=None):
        parser = argparse.ArgumentParser(add_help=False)
        parser.add_argument("--help", action="store_true")
        args = parser.parse_args(argv)
        etl()
    #- elsewhere.py
    from cli import etl
    def elsewhere(parser, argv):
        args = parser.parse_args(argv)
        etl()
    #- test_cli.py
    import sys
    import pytest
    from cli import main
    from elsewhere import elsewhere
    from other import own
    def test_all(): main(["here", "--day", "today"])
    def test_short(): main(["--da", "today", "here"])
    def test_unknown(day): main(["here", day])
    def test_words(words): main([*words])
    def test_help():
        with pytest.raises(SystemExit):
            main(["--help"])
    def test_no_day():
        with pytest.raises(SystemExit) as info:
            main(["here", "--dry"])
    def test_no_path(monkeypatch):
        monkeypatch.setattr(sys, "argv", ["cli", "--day", "today"])
        with pytest.raises(SystemExit):
            main()
    def test_nothing():
        with pytest.raises(SystemExit):
            main([])
    def test_help_of_own(): own(["--help"])
    def test_elsewhere(parser): elsewhere(parser, [])
    """)


def test_a_line_of_which_not_all_is_known_is_not_refused():
    check("""
    #- cli.py
    import typer
    from prefect import flow
    app = typer.Typer()
    @flow
    def etl(path): ...
    #   ^^^ flow: test_added, test_comprehension, test_extended, test_increased, test_spread, test_spread_behind
    @app.command()
    def run(path: str, day: str):
        etl(path)
    #- test_cli.py
    from typer.testing import CliRunner
    from cli import app
    runner = CliRunner()
    def test_spread(words): runner.invoke(app, [*words])
    def test_spread_behind(words): runner.invoke(app, ["here", *words])
    def test_comprehension(words): runner.invoke(app, [str(word) for word in words])
    def test_extended(words):
        line = ["here"]
        line.extend(words)
        runner.invoke(app, line)
    def test_increased(words):
        line = ["here"]
        line += words
        runner.invoke(app, line)
    def test_added(word):
        line = ["here"]
        line.append(word)
        runner.invoke(app, line)
    def test_short(): runner.invoke(app, ["here"])
    def test_nothing(): runner.invoke(app, [])
    """)


def test_other_libraries_take_other_lines():
    check("""
    #- application.py
    import typer
    app = typer.Typer()
    #- cli.py
    import argparse, configargparse, cyclopts, typer
    from application import app
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_added, test_cyclopts, test_elsewhere, test_own
    other = cyclopts.App()
    @other.command()
    def run(path: str, day: str): etl()
    @app.command()
    def go(path: str): etl()
    def plain(path: str): etl()
    later = typer.Typer()
    later.command()(plain)
    class Own(typer.Typer): ...
    own = Own()
    @own.command()
    def mine(path: str): etl()
    def main(argv):
        parser = configargparse.ArgumentParser()
        parser.add_argument("--day", required=True)
        args = parser.parse_args(argv)
        etl()
    #- test_cli.py
    from typer.testing import CliRunner
    from cli import app, later, main, other, own
    runner = CliRunner()
    def test_cyclopts(): runner.invoke(other, ["run", "--path", "here", "--day", "today"])
    def test_refused(): runner.invoke(app, ["go"])
    def test_added(): runner.invoke(later, ["--whatever"])
    def test_own(): runner.invoke(own, ["--whatever"])
    def test_elsewhere(): main([])
    """)
