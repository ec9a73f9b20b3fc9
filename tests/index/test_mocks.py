"""Mocks and patches as tests write them: what stands in for what, and what is called behind a mock."""

from tests.checking import check


def test_mocks_are_configured_by_dotted_names():
    check("""
    #- test_flows.py
    from unittest.mock import MagicMock, Mock
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_configured, test_deep, test_plain, test_run
    @flow
    def two(): ...
    #   ^^^ flow: test_given
    def test_run(): Mock(**{"run.side_effect": one}).run()
    def test_deep(): MagicMock(**{"client.run.side_effect": one, "client.other": two}).client.run()
    def test_given(): Mock(**{"run.return_value": two}).run()()
    def test_configured():
        mock = Mock()
        mock.configure_mock(**{"run.side_effect": one, "other": two})
        mock.run()
    def test_plain():
        mock = Mock()
        mock.configure_mock(run=one)
        mock.run()
    def test_none(): Mock(**{"run.side_effect": one}).other()
    """)


def test_a_mock_that_wraps_a_flow_or_module_has_what_that_has():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_call, test_fn, test_module
    #- work.py
    from flows import one
    def run(): return one.fn()
    #- test_flows.py
    from unittest.mock import Mock, patch
    import flows, work
    def test_call(): Mock(wraps=flows.one)()
    def test_module(): Mock(wraps=flows).one()
    def test_fn():
        with patch("work.one", wraps=flows.one) as mock:
            work.run()
        mock.fn.assert_called_once()
    def test_asked():
        mock = Mock(wraps=flows.one)
        mock.assert_not_called()
        assert mock.call_count == 0
    """)


def test_a_mock_that_wraps_an_object_calls_its_methods():
    check("""
    #- test_flows.py
    from unittest.mock import Mock
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_run
    class Client:
        def run(self): one()
        def other(self): ...
    def test_run(): Mock(wraps=Client()).run()
    def test_other(): Mock(wraps=Client()).other()
    """)


def test_each_place_of_several_is_patched():
    check("""
    #- pipe.py
    from prefect import flow, task
    @task
    def fetch(): ...
    #   ^^^^^ task: ~test_unpatched
    @task
    def save(): ...
    #   ^^^^ task: ~test_mocked, ~test_multiple, ~test_unpatched
    @flow
    def other(): ...
    #   ^^^^^ flow: ~test_made, ~test_mocked, ~test_multiple
    @flow
    def pipeline():
    #   ^^^^^^^^ flow: test_comprehension, test_loop, test_made, test_mocked, test_multiple, test_unpatched
        fetch()
        save()
    #- test_pipe.py
    from contextlib import ExitStack
    from unittest.mock import DEFAULT, patch
    import pipe
    def test_multiple():
        with patch.multiple("pipe", fetch=pipe.other): pipe.pipeline()
    def test_mocked(mocker):
        mocker.patch.multiple(pipe, fetch=pipe.other)
        pipe.pipeline()
    def test_loop():
        with ExitStack() as stack:
            for name in ("fetch", "save"): stack.enter_context(patch(f"pipe.{name}"))
            pipe.pipeline()
    def test_comprehension(mocker):
        mocks = {name: mocker.patch(f"pipe.{name}") for name in ("fetch", "save")}
        pipe.pipeline()
    def test_made():
        with patch.multiple(pipe, fetch=DEFAULT), patch("pipe.save", new_callable=lambda: pipe.other): pipe.pipeline()
    def test_unpatched(): pipe.pipeline()
    """)


def test_a_patch_on_a_class_gives_its_mock_to_each_test():
    check("""
    #- pipe.py
    from prefect import flow, task
    @task
    def fetch(): ...
    #   ^^^^^ task:
    @flow
    def other(): ...
    #   ^^^^^ flow: ~TestPatched::test_set
    @flow
    def pipeline(): fetch()
    #   ^^^^^^^^ flow: TestPatched::test_plain, TestPatched::test_set
    #- test_pipe.py
    from unittest.mock import patch
    import pipe
    @patch("pipe.fetch")
    class TestPatched:
        def test_set(self, mock):
            mock.side_effect = pipe.other
            pipe.pipeline()
        def test_plain(self, mock): pipe.pipeline()
    """)
