import pytest
from pkg.flows import c, d


@pytest.fixture
def overridden():
    return c


@pytest.fixture(autouse=True)
def always(request):
    if "needs_d" in request.keywords:
        pass


@pytest.fixture
def teardown_runs():
    yield
    d.fn()
