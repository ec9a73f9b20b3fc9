"""What is patched does not run, unless what stands in for it calls it."""

import unittest
from unittest import mock
from unittest.mock import AsyncMock, MagicMock, Mock, patch, sentinel

import pytest
import pkg.client
from pkg import client, flows, tasks
from pkg.flows import etl


@patch("pkg.flows.extract")
def test_decorator(extract):
    extract.fn.return_value = [1]
    etl.fn()


@patch("pkg.flows.load")
@patch("pkg.flows.extract")
def test_two_decorators(extract, load):
    extract.fn.return_value = [1]
    etl.fn()


def test_with():
    with patch("pkg.flows.transform") as transform, patch("pkg.flows.load"):
        transform.fn.return_value = []
        etl.fn()


def test_after_with():
    with patch("pkg.flows.transform") as transform:
        transform.fn.return_value = []
        etl.fn()
    tasks.transform.fn([])


def test_fn_is_patched():
    with patch.object(flows.extract, "fn", return_value=[]):
        etl.fn()


def test_fn_is_patched_by_name():
    with patch("pkg.flows.extract.fn", return_value=[]):
        etl.fn()


def test_object():
    with patch.object(flows, "load", MagicMock()):
        etl.fn()


def test_new():
    with patch("pkg.flows.extract", new=Mock(fn=Mock(return_value=[1]))):
        etl.fn()


def test_new_positional():
    with mock.patch("pkg.flows.extract", Mock()) as extract:
        extract.fn.return_value = [1]
        etl.fn()


def test_side_effect_calls_the_real_one():
    with patch.object(flows.extract, "fn", side_effect=flows.extract.fn) as fn:
        etl.fn()
    fn.assert_called_once()


def test_wraps():
    with patch.object(flows.load, "fn", wraps=flows.load.fn):
        etl.fn()


def test_side_effect_set_later():
    with patch("pkg.flows.load") as load:
        load.fn.side_effect = tasks.double.fn
        load.fn.side_effect = lambda rows: tasks.triple.fn(1)
        etl.fn()


def test_stand_in_is_another_task():
    with patch("pkg.flows.load", tasks.triple):
        etl.fn()


def test_stand_in_function():
    class Fake:
        @staticmethod
        def fn(rows):
            return tasks.double.fn(1)

    with patch("pkg.flows.load", Fake):
        etl.fn()


def test_helper_is_patched():
    with patch("pkg.client.send", return_value=1):
        flows.calls_helper.fn()


def test_helper_is_patched_where_it_is_used():
    with patch("pkg.flows.fetch", return_value=1):
        flows.calls_helper.fn()


def test_patched_where_it_is_not_used():
    with patch("pkg.client.fetch", return_value=1):
        flows.calls_helper.fn()


def test_monkeypatch_string(monkeypatch):
    monkeypatch.setattr("pkg.client.send", lambda x: x)
    flows.calls_helper.fn()


def test_monkeypatch_object(monkeypatch):
    monkeypatch.setattr(flows, "fetch", lambda x: x)
    flows.calls_helper.fn()


def test_monkeypatch_module_attribute(monkeypatch):
    monkeypatch.setattr(pkg.client, "send", lambda x: tasks.double.fn(x))
    flows.calls_helper.fn()


def test_monkeypatch_fn(monkeypatch):
    monkeypatch.setattr(flows.load, "fn", lambda rows: 1)
    etl.fn()


def test_monkeypatch_string_fn(monkeypatch):
    monkeypatch.setattr("pkg.flows.load.fn", lambda rows: 1)
    etl.fn()


def test_monkeypatch_real_one_inside(monkeypatch):
    real = flows.load.fn
    monkeypatch.setattr(flows.load, "fn", lambda rows: real(rows))
    etl.fn()


def test_monkeypatch_context(monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(client, "send", lambda x: x)
        flows.calls_helper.fn()


def test_monkeypatch_undone(monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(client, "send", lambda x: x)
    flows.calls_helper.fn()


def test_monkeypatch_environment(monkeypatch):
    monkeypatch.setenv("A", "b")
    monkeypatch.setitem({}, "a", 1)
    etl.fn()


def test_method_of_a_class():
    with patch.object(client.Client, "get", return_value=1):
        client.use_client()


def test_other_method_of_a_class():
    with patch.object(client.Client, "close"):
        client.use_client()


def test_class():
    with patch("pkg.client.Client") as cls:
        cls.create.return_value.get.return_value = 1
        client.use_client()


def test_autospec():
    with patch("pkg.client.send", autospec=True, return_value=2):
        flows.calls_helper.fn()


def test_multiple():
    with patch.multiple("pkg.flows", extract=MagicMock(), load=MagicMock()):
        etl.fn()


def test_start_stop():
    patcher = patch("pkg.client.send", return_value=1)
    patcher.start()
    try:
        flows.calls_helper.fn()
    finally:
        patcher.stop()


def test_stopped():
    patcher = patch("pkg.client.send", return_value=1)
    patcher.start()
    patcher.stop()
    flows.calls_helper.fn()


@pytest.fixture
def no_sending():
    with patch("pkg.client.send", return_value=1) as send:
        yield send


def test_fixture_patches(no_sending):
    flows.calls_helper.fn()


@pytest.fixture
def no_fetching(monkeypatch):
    monkeypatch.setattr("pkg.flows.fetch", lambda x: x)


def test_fixture_monkeypatches(no_fetching):
    flows.calls_helper.fn()


@pytest.mark.usefixtures("no_fetching", "no_sending")
def test_usefixtures_patches():
    flows.calls_helper.fn()


def replace(monkeypatch, module, name):
    monkeypatch.setattr(module, name, lambda *args: 1)


def test_helper_patches(monkeypatch):
    replace(monkeypatch, flows, "fetch")
    flows.calls_helper.fn()


class TestSetUpPatches(unittest.TestCase):
    def setUp(self):
        patcher = patch("pkg.client.send", return_value=1)
        self.send = patcher.start()
        self.addCleanup(patcher.stop)

    def test_patched(self):
        flows.calls_helper.fn()

    @patch("pkg.flows.fetch", return_value=1)
    def test_patched_twice(self, fetch):
        flows.calls_helper.fn()


@patch("pkg.client.send", return_value=1)
class TestClassPatched:
    def test_patched(self, send):
        flows.calls_helper.fn()


@patch.object(flows, "fetch", new=lambda x: x)
class TestClassPatchedWithNew:
    def test_patched(self):
        flows.calls_helper.fn()


def test_dict():
    with patch.dict("os.environ", {"A": "b"}):
        etl.fn()


def test_mock_called():
    f = Mock(side_effect=flows.simple.fn)
    f()


def test_mock_not_called():
    f = Mock(side_effect=flows.simple.fn)
    assert f is not None


def test_mock_returns_a_flow():
    m = Mock()
    m.get_flow.return_value = flows.simple
    m.get_flow().fn()


def test_mock_attributes():
    m = Mock(flow=flows.simple)
    m.flow.fn()


def test_sentinel():
    with patch("pkg.client.send", return_value=sentinel.x, create=True):
        assert client.send(1) is sentinel.x


def test_nested_with():
    with patch("pkg.client.send", return_value=1):
        with patch("pkg.flows.fetch", return_value=1):
            flows.calls_helper.fn()


def test_exit_stack():
    import contextlib

    with contextlib.ExitStack() as stack:
        stack.enter_context(patch("pkg.client.send", return_value=1))
        flows.calls_helper.fn()


def test_patched_by_f_string():
    where = "pkg.flows"
    with patch(f"{where}.fetch", return_value=1):
        flows.calls_helper.fn()


def test_patched_by_module_name():
    with patch(flows.__name__ + ".fetch", return_value=1):
        flows.calls_helper.fn()


def test_set_by_hand():
    real = client.send
    client.send = lambda x: x
    try:
        flows.calls_helper.fn()
    finally:
        client.send = real


@pytest.mark.parametrize("target", ["pkg.client.send", "pkg.flows.fetch"])
def test_parametrized_target(target):
    with patch(target, return_value=1):
        flows.calls_helper.fn()


class Result:
    def __init__(self, value):
        self.value = value


def test_result_that_is_looked_at_later():
    with patch("pkg.client.send", return_value=1), patch("pkg.flows.fetch", return_value=Result(2)):
        found = flows.calls_fetch_alone.fn()
    assert found.value == 2


def returned_from_within():
    with patch("pkg.flows.fetch", return_value=Result(3)):
        return flows.calls_fetch_alone.fn()


def test_result_that_a_helper_returns_from_within():
    assert returned_from_within().value == 3
