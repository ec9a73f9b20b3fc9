import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True, scope="session")
def prefect_backend():
    """What Prefect's documentation recommends: a temporary database for the tests."""
    with prefect_test_harness():
        yield


@pytest.fixture
def day() -> list[str]:
    """The orders of an ordinary day."""
    return ["ada;10.50", "grace;7", "ada;4.50"]
