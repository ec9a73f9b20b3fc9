import pytest
from pkg.flows import b


@pytest.fixture
def chosen(chosen):
    return [chosen, b]


@pytest.fixture
def overridden():
    return b


@pytest.fixture(scope="session")
def expensive():
    return b.fn()
