"""Fixtures of every kind."""

import pytest
from pkg.flows import a, b, c, d, etl


def test_fixture_over_two_conftests(chosen):
    for f in chosen:
        f.fn()


def test_fixture_of_the_root(kept):
    kept.fn()


def test_renamed(renamed):
    renamed.fn()


def test_fixture_gives_a_helper(runner):
    runner(c)


def test_plugin_by_option(from_the_option):
    from_the_option()


def test_plugin_by_name(from_the_plugin):
    from_the_plugin.fn()


@pytest.mark.usefixtures("runs_in_the_plugin")
def test_usefixtures():
    pass


@pytest.mark.usefixtures("runs_in_the_plugin", "kept")
class TestUsed:
    def test_in_a_class(self):
        pass


@pytest.fixture(params=[a, b], ids=["a", "b"])
def each(request):
    return request.param


def test_parametrized_fixture(each):
    each.fn()


@pytest.fixture(params=["a", "b"])
def by_name(request):
    return {"a": a, "b": b, "c": c}[request.param]


def test_parametrized_fixture_by_name(by_name):
    by_name.fn()


@pytest.fixture(params=["kept", "renamed"])
def by_fixture(request):
    return request.getfixturevalue(request.param)


def test_getfixturevalue_of_a_parameter(by_fixture):
    by_fixture.fn()


def test_getfixturevalue(request):
    request.getfixturevalue("from_the_plugin").fn()


@pytest.mark.parametrize("name", ["kept", "from_the_plugin"])
def test_getfixturevalue_parametrized(request, name):
    request.getfixturevalue(name).fn()


@pytest.fixture
def indirect(request):
    return {"first": a, "second": b}[request.param]


@pytest.mark.parametrize("indirect", ["second"], indirect=True)
def test_indirect(indirect):
    indirect.fn()


@pytest.mark.parametrize("flow", [pytest.lazy_fixture("kept")] if hasattr(pytest, "lazy_fixture") else [d])
def test_lazy_fixture(flow):
    flow.fn()


@pytest.fixture
def gives():
    yield c


def test_yielded(gives):
    gives.fn()


@pytest.fixture
def made():
    found = []

    def make(f):
        found.append(f.fn())
        return f

    yield make
    found.clear()


def test_factory_fixture(made):
    made(d)


@pytest.fixture
def finalizer(request):
    request.addfinalizer(lambda: b.fn())


def test_finalizer(finalizer):
    pass


@pytest.fixture(scope="module", autouse=True)
def module_wide():
    a.name


@pytest.fixture
def pair():
    return a, b


def test_pair(pair):
    first, second = pair
    second.fn()


@pytest.fixture
def rows():
    return 3


def test_data_fixture(rows):
    etl.fn(rows)


@pytest.fixture
def by_class():
    class Local:
        flow = c

        def run(self):
            return self.flow.fn()

    return Local()


def test_local_class(by_class):
    by_class.run()


def test_request_node(request):
    assert request.node.name


class TestClassFixtures:
    @pytest.fixture(autouse=True)
    def _setup(self, kept):
        self.flow = kept

    def test_attribute(self):
        self.flow.fn()

    @pytest.fixture
    def own(self):
        return d

    def test_own(self, own):
        own.fn()

    @pytest.fixture(scope="class", autouse=True)
    def _shared(self, request):
        request.cls.other = b

    def test_attribute_of_the_class(self):
        self.other.fn()


class TestSetup:
    @classmethod
    def setup_class(cls):
        cls.flow = c

    def setup_method(self, method):
        self.mine = a

    def teardown_method(self):
        self.mine.fn()

    def test_of_setup_class(self):
        self.flow.fn()

    def test_nothing(self):
        pass
