from click.testing import CliRunner
from typer.testing import CliRunner as TyperRunner

from app import cli


def test_command():
    assert TyperRunner().invoke(cli.app, ["read"]).exit_code == 0


def test_command_of_another_name():
    assert TyperRunner().invoke(cli.app, ["write"]).exit_code == 0


def test_application_in_another():
    assert TyperRunner().invoke(cli.app, ["sub", "inner"]).exit_code == 0


def test_group():
    assert CliRunner().invoke(cli.cli, ["small", "--n", "2"]).exit_code == 0


def test_group_by_another_name():
    assert CliRunner().invoke(cli.cli, ["big"]).exit_code == 0


def test_added_command():
    assert CliRunner().invoke(cli.cli, ["more"]).exit_code == 0


def test_help():
    assert CliRunner().invoke(cli.cli, ["--help"]).exit_code == 0


def test_single():
    assert CliRunner().invoke(cli.single).exit_code == 0


def test_callback():
    cli.small.callback(n=1)


def test_main():
    cli.single.main([], standalone_mode=False)


def test_main_of_a_group():
    cli.cli.main(["small"], standalone_mode=False)


def test_application_in_one_in_another():
    assert TyperRunner().invoke(cli.app, ["system", "workers", "start"]).exit_code == 0


def test_command_in_an_application_in_another():
    assert TyperRunner().invoke(cli.app, ["system", "status"]).exit_code == 0
