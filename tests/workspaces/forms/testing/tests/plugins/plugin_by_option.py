import pytest
from pkg.flows import d


@pytest.fixture
def from_the_option():
    return d.fn
