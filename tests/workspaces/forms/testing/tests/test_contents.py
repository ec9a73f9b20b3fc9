"""Dictionaries whose contents are patched."""

from unittest.mock import patch

import pytest
from pkg import flows
from pkg.flows import TABLE, a, b, c


def test_whole():
    assert TABLE["first"].fn() == "a"


def test_patch_dict():
    with patch.dict(TABLE, {"first": c}):
        assert TABLE["first"].fn() == "c"


def test_patch_dict_by_name():
    with patch.dict("pkg.flows.TABLE", first=b):
        flows.by_table("first")


def test_patch_dict_cleared():
    with patch.dict(TABLE, {"other": c}, clear=True):
        for one in TABLE.values():
            one.fn()


@patch.dict(TABLE, {"second": a})
def test_patch_dict_as_decorator():
    flows.by_table("second")


def test_set_item(monkeypatch):
    monkeypatch.setitem(TABLE, "first", b)
    flows.by_table("first")


def test_set_items(monkeypatch):
    monkeypatch.setitem(TABLE, "first", c)
    monkeypatch.setitem(TABLE, "second", c)
    flows.by_table("first")
    flows.by_table("second")


@pytest.fixture
def other_table(monkeypatch):
    monkeypatch.setitem(flows.TABLE, "first", c)


def test_set_by_a_fixture(other_table):
    flows.by_table("first")


def test_after_all():
    flows.by_table("second")
