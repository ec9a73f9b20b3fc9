import pytest
from app import common


@pytest.fixture
def common_flow():
    return next(value for name, value in vars(common).items() if name.startswith("common_of"))
