import pytest
from pkg.flows import d


@pytest.fixture(autouse=True)
def automatic():
    d.fn()
    yield
