import pytest
from pkg import flows


@pytest.fixture
def from_the_plugin():
    return flows.c


@pytest.fixture
def runs_in_the_plugin():
    flows.c.fn()
