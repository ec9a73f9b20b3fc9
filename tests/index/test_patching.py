"""What tests put in the place of flows and tasks, one by one or all at once."""

from tests.checking import check


def test_what_a_loop_patches_is_patched_behind_it_where_each_patch_stays():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(): ...
    #   ^^^ task: ~test_each, ~test_param
    @task
    def two(): ...
    #   ^^^ task: ~test_each, ~test_param
    @flow
    def etl():
    #   ^^^ flow: test_each, test_fixture, test_manager, test_mocker, test_object, test_param, test_stack, test_start
        one()
        two()
    #- test_flows.py
    from contextlib import ExitStack, contextmanager
    from unittest.mock import patch
    import pytest
    import flows
    from flows import etl
    NAMES = ["one", "two"]
    def test_stack():
        with ExitStack() as stack:
            for name in ("one", "two"):
                stack.enter_context(patch(f"flows.{name}"))
            etl()
    def test_start():
        patchers = [patch("flows." + name) for name in NAMES]
        for patcher in patchers: patcher.start()
        etl()
        for patcher in patchers: patcher.stop()
    def test_object():
        with ExitStack() as stack:
            for name, value in {"one": 1, "two": 2}.items():
                stack.enter_context(patch.object(flows, name, return_value=value))
            etl()
    @contextmanager
    def patched():
        with ExitStack() as stack:
            mocks = {name: stack.enter_context(patch(f"flows.{name}")) for name in NAMES}
            yield mocks
    def test_manager():
        with patched() as mocks: etl()
    @pytest.fixture
    def stubs():
        with ExitStack() as stack:
            yield {name: stack.enter_context(patch(f"flows.{name}")) for name in NAMES}
    def test_fixture(stubs): etl()
    def test_mocker(mocker):
        for name in NAMES: mocker.patch(f"flows.{name}")
        etl()
    def test_each():
        for name in NAMES:
            with patch(f"flows.{name}"): etl()
    @pytest.mark.parametrize("name", NAMES)
    def test_param(name):
        with patch(f"flows.{name}"): etl()
    """)


def test_patches_that_a_fixture_stops_behind_its_yield_are_in_place_for_the_test():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(): ...
    #   ^^^ task: ~test_method
    @task
    def two(): ...
    #   ^^^ task: ~test_method, ~test_one
    @flow
    def etl():
    #   ^^^ flow: test_all, test_method, test_one
        one()
        two()
    #- test_flows.py
    from unittest import mock
    import pytest
    from flows import etl
    @pytest.fixture
    def patched():
        patcher = mock.patch("flows.one")
        patcher.start()
        yield
        patcher.stop()
    @pytest.fixture
    def all_patched():
        patchers = [mock.patch("flows.one"), mock.patch("flows.two")]
        started = [patcher.start() for patcher in patchers]
        yield started
        for patcher in patchers: patcher.stop()
    def test_one(patched): etl()
    def test_all(all_patched): etl()
    def test_method():
        patcher = mock.patch("flows.one")
        patcher.start()
        patcher.stop()
        etl()
    """)


def test_what_an_object_makes_for_itself_is_what_is_patched():
    check("""
    #- flows.py
    from prefect import flow, task
    from clients import Client
    @task
    def remote(): ...
    #   ^^^^^^ task: ~test_real
    @task
    def local(): ...
    #   ^^^^^ task: ~test_fake
    @task
    def store(): ...
    #   ^^^^^ task: ~test_fake, ~test_real, ~test_some
    class Job:
        def __init__(self, bucket):
            self.client = Client(bucket)
        def run(self):
            if not self.client.load():
                return
            store()
    @flow
    def etl():
    #   ^^^ flow: test_fake, test_none, test_real, test_some
        Job("b").run()
    #- clients.py
    class Client:
        def __init__(self, bucket): ...
        def load(self):
            from flows import remote
            remote()
            return [1]
    #- test_flows.py
    from unittest.mock import MagicMock
    import pytest
    from flows import etl, local
    class Fake:
        def __init__(self, bucket): ...
        def load(self):
            local()
            return [2]
    @pytest.fixture
    def client(mocker):
        made = MagicMock()
        mocker.patch("flows.Client", return_value=made)
        return made
    def test_real(): etl()
    def test_fake(monkeypatch):
        monkeypatch.setattr("flows.Client", Fake)
        etl()
    def test_none(client):
        client.load.return_value = []
        etl()
    def test_some(client):
        client.load.return_value = [3]
        etl()
    """)
