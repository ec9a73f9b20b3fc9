import pytest
from pkg.flows import a, b

pytest_plugins = ["plugin_by_name"]


@pytest.fixture
def chosen():
    return a


@pytest.fixture
def kept():
    return a


@pytest.fixture(name="renamed")
def _renamed_fixture():
    return b


@pytest.fixture
def runner():
    def run(flow, *args):
        return flow.fn(*args)

    return run
