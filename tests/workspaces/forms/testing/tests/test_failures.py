"""What runs where something fails, by itself or because a test has it fail."""

from unittest.mock import Mock, patch

import pytest
from pkg import failures


def test_behind_a_failure():
    with pytest.raises(failures.Failed):
        failures.behind_a_failure.fn()


def test_caught():
    failures.caught.fn()


def test_caught_and_passed_on():
    with pytest.raises(failures.Failed):
        failures.caught_and_passed_on.fn()


def test_tidied():
    with pytest.raises(failures.Failed):
        failures.tidied.fn()


def test_state_alone():
    failures.state_alone()


def test_behind_what_may_fail():
    failures.behind_what_may_fail.fn()


def test_goes_on_behind_what_fails():
    with pytest.raises(failures.Failed):
        failures.failing.fn()
    failures.steps.fn()


@patch("pkg.client.send", side_effect=ValueError("no"))
def test_stand_in_that_fails(send):
    with pytest.raises(ValueError):
        failures.steps.fn()


@patch("pkg.client.send")
def test_stand_in_that_is_told_to_fail(send):
    send.side_effect = ConnectionError
    with pytest.raises(ConnectionError):
        failures.steps.fn()


def test_stand_in_that_fails_with_the_projects_exception():
    with patch("pkg.client.send", Mock(side_effect=failures.Failed())), pytest.raises(failures.Failed):
        failures.steps.fn()


def test_stand_in_that_fails_once():
    with patch("pkg.client.send", side_effect=[ValueError("no"), 1]):
        with pytest.raises(ValueError):
            failures.steps.fn()
        failures.steps.fn()


def test_function_in_its_place_that_fails(monkeypatch):
    def fail(x):
        raise OSError(x)

    monkeypatch.setattr("pkg.client.send", fail)
    with pytest.raises(OSError):
        failures.steps.fn()


@patch("pkg.client.send", side_effect=ValueError("no"))
def test_failure_behind_helpers(send):
    with pytest.raises(SystemExit):
        failures.command()


@patch("pkg.client.send", side_effect=ValueError("no"))
def test_stand_in_that_fails_no_more(send):
    send.side_effect = None
    failures.steps.fn()


def test_what_is_missing_in_a_base():
    failures.run(failures.Derived())
