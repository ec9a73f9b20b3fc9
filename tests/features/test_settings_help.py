"""Completion and hover in our own table of a pyproject.toml; `|` is the cursor."""

import pytest
from prefect_lens.features.settings_help import settings_completions, settings_hover
from prefect_lens.model import Position


def cursor(text):
    before = text.partition("|")[0].split("\n")
    return text.replace("|", ""), Position(len(before) - 1, len(before[-1]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[tool.prefect-lens]\ninterpreter = 'x'\n|",
            ["pytest_args", "skip_retry_delays", "parallel", "audit", "severity", "environment", "profile"],
        ),
        ("[tool.prefect-lens.environment]\nwrap = []\nnet|", ["inherit", "network", "max_age", "variables", "scope"]),
        ("[tool.prefect-lens.environment]\nnetwork = |", ['"loopback"', '"any"']),
        ("[tool.prefect-lens.environment]\nnetwork = 'lo|", ["'loopback'", "'any'"]),
        ("[tool.prefect-lens.profile.staging.|", ["environment"]),
        ("[tool.prefect-lens.environment.variables]\nX = { command = ['x'], | }", ["ttl", "timeout", "max_age"]),
        ("[tool.prefect-lens.environment.variables]\nX = { dotenv = 'x', name = | }", []),
        ("[tool.prefect-lens.environment.variables]\n|", []),
        ("[[tool.prefect-lens.environment.scope]]\n|", ["flows", "variables"]),
        ("[tool.ruff]\n|", []),
    ],
)
def test_what_can_stand_there_is_offered(text, expected):
    assert [one.text for one in settings_completions(*cursor(text))] == expected


def test_the_providers_are_offered_where_it_is_open_which_one():
    for where in ("X = { |", "X = { oidc = 'x', client_secret = { | } }"):
        found = settings_completions(*cursor(f"[tool.prefect-lens.environment.variables]\n{where}"))
        assert [one.label for one in found] == [
            *("inherited", "command", "keyring", "aws_role", "oidc", "dotenv", "editor", "provider")
        ]
        assert all(one.about for one in found)


def test_a_word_that_is_begun_is_replaced():
    text, position = cursor("[tool.prefect-lens.environment]\nnetwork = 'lo|")
    [loopback, _] = settings_completions(text, position)
    assert (loopback.span.start, loopback.span.end) == (Position(1, 10), position)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.prefect-lens]\ninter|preter = 'x'", "The Python that runs the tests"),
        ("[tool.prefect-lens.env|ironment]", "What the tests find in their environment"),
        ("[tool.prefect-lens.environment.variables]\nX = { com|mand = ['x'] }", "started without a shell"),
        ("[tool.prefect-lens.environment.variables]\nX = { keyring = 'a', t|tl = '1m' }", "kept in memory"),
        ("[[tool.prefect-lens.environment.scope]]\nfl|ows = []", "Patterns of entrypoints"),
        ("[tool.prefect-lens.profile.a.environment]\nnet|work = 'any'", "What tests may reach"),
        ("[tool.ruff]\nline-|length = 3", None),
        ("[tool.prefect-lens.environment.variables]\nX| = 'y'", None),
    ],
)
def test_a_key_is_explained(text, expected):
    found = settings_hover(*cursor(text))
    assert (found is None) == (expected is None)
    if found is not None:
        assert expected in found.text
