"""Which functions are tests, and which fixtures they get, as pytest sees it."""

from prefect_lens.index.target import Found, find

from tests.checking import check, workspace


def node_ids(text: str) -> list[str]:
    return [test.node_id for test in workspace(text).snapshot.tests()]


def test_files_classes_and_functions_are_named_by_the_configuration():
    assert node_ids("""
    #- pytest.ini
    [pytest]
    python_files = check_*.py
    python_classes = Check *Suite
    python_functions = check_* it_*
    #- tests/check_a.py
    def check_one(): ...
    def it_works(): ...
    def test_not(): ...
    class CheckA:
        def check_two(self): ...
    class BigSuite:
        def it_is(self): ...
    class TestNot:
        def check_three(self): ...
    #- tests/test_b.py
    def check_one(): ...
    #- tests/build/check_d.py
    def check_one(): ...
    """) == [
        "tests/check_a.py::check_one",
        "tests/check_a.py::it_works",
        "tests/check_a.py::CheckA::check_two",
        "tests/check_a.py::BigSuite::it_is",
    ]


def test_a_test_outside_of_the_testpaths_matches_but_is_not_part_of_everything():
    snapshot = check("""
    #- pytest.ini
    [pytest]
    testpaths = tests
    #- flows/etl.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_far, test_near
    #- flows/checks/test_far.py
    from flows.etl import etl
    def test_far(): etl()
    #- tests/test_near.py
    from flows.etl import etl
    def test_near(): etl()
    """)
    found = find(snapshot, ".")
    assert isinstance(found, Found)
    assert [test.node_id for test in found.tests] == ["tests/test_near.py::test_near"]


def test_every_form_of_configuration_counts():
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\npython_files = ["x_*.py"]',
        "pytest.toml": '[pytest]\npython_files = ["x_*.py"]',
        ".pytest.toml": '[pytest]\npython_files = ["x_*.py"]',
        "tox.ini": "[pytest]\npython_files = x_*.py",
        "setup.cfg": "[tool:pytest]\npython_files = x_*.py",
        ".pytest.ini": "[pytest]\npython_files = x_*.py",
    }.items():
        assert node_ids(f"#- {name}\n{text}\n#- x_a.py\ndef test_a(): ...\n#- test_b.py\ndef test_b(): ...\n") == [
            "x_a.py::test_a"
        ], name
    assert node_ids('#- pyproject.toml\n[tool.pytest]\npython_files = ["x_*.py"]\n#- x_a.py\ndef test_a(): ...\n') == [
        "x_a.py::test_a"
    ]


def test_classes_are_collected_as_pytest_does():
    assert node_ids("""
    #- base.py
    class Contract:
        def test_inherited(self): ...
    #- test_a.py
    import unittest
    from base import Contract
    class TestPlain(Contract):
        def test_own(self): ...
        def helper(self): ...
        class TestNested:
            def test_deep(self): ...
    class TestWithInit:
        def __init__(self): ...
        def test_not(self): ...
    class TestOff:
        __test__ = False
        def test_not(self): ...
    class Cases(unittest.TestCase):
        def test_case(self): ...
    class NoTest(Contract): ...
    """) == [
        "test_a.py::TestPlain::test_inherited",
        "test_a.py::TestPlain::test_own",
        "test_a.py::TestPlain::TestNested::test_deep",
        "test_a.py::Cases::test_case",
    ]


def test_a_flow_of_a_tests_name_is_a_test():
    check("""
    #- test_flows.py
    from prefect import flow
    @flow
    def test_flow(): ...
    #   ^^^^^^^^^ flow: test_flow
    """)


def test_a_project_is_the_nearest_folder_with_a_configuration():
    snapshot = workspace("""
    #- pyproject.toml
    [project]
    #- a/pytest.ini
    #- a/tests/test_a.py
    def test(): ...
    #- b/pyproject.toml
    [tool.other]
    #- b/test_b.py
    def test(): ...
    #- test_c.py
    def test(): ...
    """).snapshot
    assert [(test.path, test.project) for test in snapshot.tests()] == [
        ("a/tests/test_a.py", "a"),
        ("b/test_b.py", "b"),
        ("test_c.py", "."),
    ]


def test_fixtures_are_found_from_the_inside_out():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_outer
    @flow
    def b(): ...
    #   ^ flow: test_inner
    @flow
    def c(): ...
    #   ^ flow: TestK::test_class, test_module
    @flow
    def everywhere(): ...
    #   ^^^^^^^^^^ flow: TestK::test_class, test_inner, test_module, test_outer, test_use
    @flow
    def named(): ...
    #   ^^^^^ flow: test_use
    #- tests/conftest.py
    import pytest, flows
    @pytest.fixture
    def thing(): return flows.a
    @pytest.fixture(autouse=True)
    def always(): flows.everywhere()
    @pytest.fixture(name="called")
    def _other_name(): yield flows.named()
    #- tests/sub/conftest.py
    import pytest, flows
    @pytest.fixture
    def thing(thing): return flows.b
    #- tests/test_outer.py
    import pytest
    def test_outer(thing): thing()
    @pytest.mark.usefixtures("called")
    def test_use(): ...
    #- tests/sub/test_inner.py
    def test_inner(thing): thing()
    #- tests/sub/test_module.py
    import pytest, flows
    @pytest.fixture
    def thing(): return flows.c
    def test_module(request): request.getfixturevalue("thing")()
    class TestK:
        @pytest.fixture
        def mine(self, thing): self.it = thing
        def test_class(self, mine): self.it()
    """)


def test_parametrized_flows_are_followed():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_fixture, test_values
    @flow
    def b(): ...
    #   ^ flow: test_indirect, test_values
    #- test_flows.py
    import pytest
    from flows import a, b
    @pytest.mark.parametrize(("f", "n"), [(a, 1), pytest.param(b, 2, id="b")])
    def test_values(f, n): f()
    @pytest.fixture(params=[a])
    def given(request): return request.param
    def test_fixture(given): given()
    @pytest.mark.parametrize("given", [b], indirect=True)
    def test_indirect(given): given()
    """)


def test_a_fixture_may_stand_among_parameters_by_its_name():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_both, test_fixture
    @flow
    def two(): ...
    #   ^^^ flow: test_both, test_given
    #- test_it.py
    import pytest
    from flows import one, two
    from pytest_lazy_fixtures import lf
    from pytest_lazyfixture import lazy_fixture
    @pytest.fixture
    def first(): return one
    @pytest.fixture
    def second(): return two
    @pytest.mark.parametrize(("name", "run"), [("a", lf("first")), pytest.param("b", lf("second"))])
    def test_both(name, run): run()
    @pytest.fixture(params=[lazy_fixture("first")])
    def any_of_them(request): return request.param
    def test_fixture(any_of_them): any_of_them()
    @pytest.mark.parametrize("any_of_them", [lf("second")], indirect=True)
    def test_given(any_of_them): any_of_them()
    @pytest.mark.parametrize("name", ["first"])
    def test_text(name): assert name
    """)


def test_set_up_methods_run_before_tests():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: TestA::test_a, U::test_u
    #- test_flows.py
    import unittest
    from flows import a
    class U(unittest.TestCase):
        def setUp(self): self.run_it = a
        def test_u(self): self.run_it()
    class TestA:
        def setup_method(self): a()
        def test_a(self): ...
    """)


def test_a_test_that_is_always_skipped_matches_nothing():
    check("""
    #- test_flows.py
    import os
    import pytest
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_sometimes
    @pytest.mark.skip(reason="no")
    def test_never(): a()
    @pytest.mark.skipif(os.name == "nt", reason="no")
    def test_sometimes(): a()
    """)


def test_monorepo_packages_have_their_own_modules_of_one_name():
    check("""
    #- one/pyproject.toml
    [tool.pytest.ini_options]
    #- one/src/core/__init__.py
    #- one/src/core/flows.py
    from prefect import flow
    @flow
    def f(): ...
    #   ^ flow: test_one
    #- one/tests/test_f.py
    from core.flows import f
    def test_one(): f()
    #- two/pyproject.toml
    [tool.pytest.ini_options]
    #- two/src/core/__init__.py
    #- two/src/core/flows.py
    from prefect import flow
    @flow
    def f(): ...
    #   ^ flow: test_two
    #- two/tests/test_f.py
    from core.flows import f
    def test_two(): f()
    """)
