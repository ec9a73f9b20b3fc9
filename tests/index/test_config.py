"""Our own table in pyproject.toml, and configuration that does not parse."""

from prefect_lens.index.config import config_problems, find_project
from prefect_lens.index.settings import read_settings


def test_settings_are_read_from_the_nearest_pyproject():
    configs = {
        "pyproject.toml": '[tool.prefect-lens]\ninterpreter = ".venv/bin/python"\n',
        "pkg/pyproject.toml": '[tool.pytest.ini_options]\n[tool.prefect-lens]\npytest-args = ["-x", "--ff"]\n',
        "other/pyproject.toml": "[tool.pytest.ini_options]\n",
    }
    assert find_project("pkg/tests", configs).settings.pytest_args == ("-x", "--ff")
    assert find_project("other", configs).settings.interpreter == ".venv/bin/python"
    assert find_project("elsewhere", configs).root == "."


def problems(text: str) -> list[tuple[str, int, int]]:
    return [
        (problem.code, problem.location.span.start.line + 1, problem.location.span.start.column + 1)
        for problem in config_problems({"pyproject.toml": text})
    ]


def test_unknown_keys_and_wrong_types_are_told_at_the_key():
    text = "[tool.prefect-lens]\ninterpretr = 'x'\ninterpreter = 3\npytest-args = '-x'\n"
    assert problems(text) == [("PL503", 2, 1), ("PL504", 3, 1), ("PL504", 4, 1)]
    assert read_settings("pyproject.toml", text)[0].interpreter is None


def test_a_configuration_that_does_not_parse_is_told_at_the_line():
    assert problems("[tool.prefect-lens]\ninterpreter = \n") == [("PL502", 2, 15)]
    assert [p.code for p in config_problems({"pytest.ini": "no section\n"})] == ["PL502"]
    assert problems("[tool.prefect-lens]\ninterpreter = '.venv/bin/python'\n") == []


def test_options_that_name_plugins_and_import_mode_are_read():
    text = "[pytest]\naddopts = -p our.plugin --import-mode=importlib --ignore=tests/old\npythonpath = src lib\n"
    project = find_project("tests", {"pytest.ini": text})
    assert project.plugins == ("our.plugin",)
    assert project.import_mode == "importlib"
    assert project.pythonpath == ("src", "lib")
    assert not project.is_test_file("tests/old/test_a.py")
    assert project.is_test_file("tests/new/test_a.py")


def test_severities_are_read_and_told_at_their_key_where_they_make_no_sense():
    text = '[tool.prefect-lens.severity]\nPL104 = "error"\nswallowed = "off"\n'
    settings, wrong = read_settings("pyproject.toml", text)
    assert (dict(settings.severity), wrong) == ({"PL104": "error", "swallowed": "off"}, ())
    assert problems('[tool.prefect-lens.severity]\nPL104 = "errr"\n') == [("PL504", 2, 1)]
    assert problems('[tool.prefect-lens.severity]\nX1 = "error"\n') == [("PL503", 2, 1)]
    assert problems('[tool.prefect-lens]\nseverity = "error"\n') == [("PL504", 2, 1)]
