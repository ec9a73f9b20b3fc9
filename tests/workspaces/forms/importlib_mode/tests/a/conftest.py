import pytest
from app.helpers import two


@pytest.fixture
def chosen():
    return two
