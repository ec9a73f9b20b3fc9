"""Tests, and parameters of tests, that run nothing."""

from tests.checking import check


def test_what_is_skipped_in_any_case_runs_nothing():
    check("""
    #- test_flows.py
    import sys
    import unittest
    import pytest
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: Case::test_open, test_not_skipped, test_perhaps, test_xfail
    @pytest.mark.skipif(True, reason="never")
    def test_skipped(): etl()
    @pytest.mark.skipif(False, reason="always")
    def test_not_skipped(): etl()
    @pytest.mark.skipif(sys.platform == "win32", reason="perhaps")
    def test_perhaps(): etl()
    @pytest.mark.xfail(run=False)
    def test_xfail_not_run(): etl()
    @pytest.mark.xfail
    def test_xfail():
        etl()
        raise ValueError
    def test_gives_up():
        pytest.skip("not now")
        etl()
    def test_fails():
        pytest.xfail("not yet")
        etl()
    class Case(unittest.TestCase):
        @unittest.skipIf(True, "never")
        def test_skipped(self): etl()
        @unittest.skipUnless(False, "never")
        def test_not_there(self): etl()
        @unittest.skipIf(False, "always")
        def test_open(self): etl()
        def test_gives_up(self):
            self.skipTest("not now")
            etl()
    """)


def test_parameters_that_are_skipped_are_not_passed():
    check("""
    #- test_flows.py
    import pytest
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_some
    @flow
    def two(): ...
    #   ^^^ flow:
    @flow
    def three(): ...
    #   ^^^^^ flow: test_some
    @pytest.mark.parametrize("job", [
        one,
        pytest.param(two, marks=pytest.mark.skip),
        pytest.param(two, marks=[pytest.mark.slow, pytest.mark.xfail(run=False)]),
        pytest.param(three, marks=pytest.mark.xfail),
    ])
    def test_some(job): job()
    """)
