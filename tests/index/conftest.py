"""What holds in every test of the index."""

import logging

import pytest


@pytest.fixture(autouse=True)
def no_mistake_is_passed_over(caplog):
    """The index answers on when one of its questions fails; here that is a failure."""
    yield
    assert [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []
