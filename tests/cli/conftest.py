import pytest


@pytest.fixture(autouse=True)
def state(tmp_path_factory, monkeypatch):
    """What the command remembers of a user's runs stays in the test's own folder."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
