from pathlib import Path

from prefect_lens.model import Kind
from prefect_lens.session.settings import Settings, read_settings

FOLDER = Path("/projects/one")


def test_nothing_given_means_the_defaults():
    assert read_settings(None, FOLDER) == (Settings(), ())
    assert read_settings({}, FOLDER) == (Settings(), ())
    assert read_settings({"interpreter": " ", "pytestArgs": []}, FOLDER) == (Settings(), ())


def test_kinds_are_read_nested_and_with_a_dot():
    assert read_settings({"codeLens": {"kinds": ["flow"]}}, FOLDER)[0].kinds == {Kind.FLOW}
    assert read_settings({"codeLens.kinds": []}, FOLDER)[0].kinds == frozenset()


def test_an_interpreter_may_name_the_workspace_folder_and_home():
    assert read_settings({"interpreter": "${workspaceFolder}/.venv/bin/python"}, FOLDER)[0].interpreter == (
        "/projects/one/.venv/bin/python"
    )
    assert read_settings({"interpreter": "~/py"}, FOLDER)[0].interpreter == str(Path.home() / "py")


def test_what_makes_no_sense_is_told_and_passed_over():
    given = {"interpreter": 3, "pytestArgs": "-x", "codeLens": {"kinds": ["flow", "deployment"]}}
    settings, wrong = read_settings(given, FOLDER)
    assert settings == Settings(kinds=frozenset({Kind.FLOW}))
    assert len(wrong) == 3
    assert any("deployment is not known; there are: flow, task" in sentence for sentence in wrong)
    assert read_settings([], FOLDER)[1] == ("prefectLens: expected an object with settings.",)
    assert read_settings({"codeLens": 7}, FOLDER) == (Settings(), ())


def test_severities_are_read_and_mistakes_told():
    assert dict(read_settings({"severity": {"PL101": "warning"}}, FOLDER)[0].severity) == {"PL101": "warning"}
    settings, wrong = read_settings({"severity": {"PL101": "bad"}}, FOLDER)
    assert (settings.severity, wrong) == (
        (),
        ("prefectLens.severity: PL101 must be one of error, warning, information, hint, off.",),
    )


def test_an_environment_is_read_as_a_project_writes_it_and_mistakes_stop_its_runs():
    given = {"profile": "staging", "environment": {"network": "any", "variables": {"REGION": "eu"}}}
    settings, wrong = read_settings(given, FOLDER)
    assert (settings.profile, wrong) == ("staging", ())
    assert settings.environment is not None
    assert [name for name, _ in settings.environment.variables] == ["REGION"]
    assert read_settings({"profile": "", "environment": {}}, FOLDER) == (Settings(), ())
    # A scope may name the project's own variables, which are not known here.
    scoped = {"environment": {"scope": [{"flows": ["*"], "variables": ["OF_THE_PROJECT"]}]}}
    assert read_settings(scoped, FOLDER)[1] == ()
    settings, wrong = read_settings({"environment": {"netwrk": "any"}}, FOLDER)
    assert settings.environment is not None
    assert settings.environment.mistakes == wrong
    assert wrong[0].startswith("prefectLens.environment: netwrk is not known here")


def test_what_is_kept_ready_is_a_number_or_has_its_default():
    settings = read_settings({"warm": {"projects": 0, "idleMinutes": 2.5}}, FOLDER)[0]
    assert (settings.warm_projects, settings.warm_minutes) == (0, 2.5)
    settings, wrong = read_settings({"warm.projects": -1, "warm.idleMinutes": True}, FOLDER)
    assert settings == Settings()
    assert wrong == (
        "prefectLens.warm.projects: expected a number, 0 or more.",
        "prefectLens.warm.idleMinutes: expected a number, 1 or more.",
    )


def test_the_trail_and_the_hints_are_on_unless_somebody_turns_them_off():
    assert read_settings({}, FOLDER)[0] == Settings(is_audited=True, inlay_hints=True)
    settings, wrong = read_settings({"audit": False, "inlayHints": False}, FOLDER)
    assert (settings, wrong) == (Settings(is_audited=False, inlay_hints=False), ())
    assert read_settings({"audit": "no"}, FOLDER) == (Settings(), ("prefectLens.audit: expected true or false.",))


def test_over_how_many_processes_tests_run_is_a_number_or_auto():
    assert [read_settings({"parallel": given}, FOLDER)[0].parallel for given in (4, "auto", "")] == [4, 0, None]
    settings, wrong = read_settings({"parallel": -1}, FOLDER)
    assert settings == Settings()
    assert wrong == ('prefectLens.parallel: must be a number of processes, or "auto".',)
