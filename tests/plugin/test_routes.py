"""The routes of Prefect's API are made once for all forks, and anew where they would be others."""

from pathlib import Path

import pytest

from tests.plugin.driving import run_code
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow

CODE = """
import os
os.environ["PREFECT_SERVER_UI_ENABLED"] = "false"
import prefect.server.api.server as server
from prefect.logging import configuration
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_AUTH_STRING, temporary_settings
from pytest_prefect_lens import routes

def cached():
    return dict(getattr(server, "API_APP_CACHE", {}))

kept, set_up = cached(), configuration.setup_logging
create = server.create_api_app
routes.prepare()
assert (cached(), configuration.setup_logging, server.create_api_app) == (kept, set_up, create)

def paths(app):
    return sorted(app.api_app.openapi()["paths"])

with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
    ours = routes.create()
theirs = server.create_app(ignore_cache=True)
assert ours.api_app is routes._made.api is not theirs.api_app
assert paths(ours) == paths(theirs) != []
with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: "a:b"}):
    guarded = routes.create()
assert guarded.api_app is not ours.api_app
assert "token_validation" in str([layer.kwargs for layer in guarded.api_app.user_middleware])
assert "token_validation" not in str([layer.kwargs for layer in ours.api_app.user_middleware])
"""


@pytest.mark.parametrize("python", prefect_pythons() or [None], ids=lambda p: Path(p).parts[-3] if p else "none")
def test_the_routes_are_those_that_prefect_makes_and_others_where_its_api_is_set_otherwise(python, tmp_path):
    if python is None:
        pytest.skip(MISSING)
    run_code(python, CODE, tmp_path)
