import pytest
from app.flows import one


@pytest.fixture
def chosen():
    return one
