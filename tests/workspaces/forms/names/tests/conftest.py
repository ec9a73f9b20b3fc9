import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness(server_startup_timeout=600):
        yield
