"""The server that Prefect's test harness may start is imported when it is used, and then it is Prefect's own."""

from textwrap import dedent

import pytest

from tests.plugin.driving import run_code
from tests.pythons import MISSING, newest_and_thoroughly_the_rest, prefect_pythons

pytestmark = pytest.mark.slow

_IMPORTED = """
    import sys
    from pytest_prefect_lens import later, patching
    patching.install({later.UTILITIES: lambda patches, module: None}, [], later.server)
    from prefect.testing import utilities
    assert not [name for name in sys.modules if name.startswith("prefect.server")]
"""


@pytest.mark.parametrize("python", newest_and_thoroughly_the_rest())
@pytest.mark.parametrize(
    "use",
    [
        """
        utilities.SubprocessASGIServer._instances["mine"] = 1
        from prefect.server.api.server import SubprocessASGIServer
        assert SubprocessASGIServer._instances.pop("mine") == 1
        """,
        """
        server = utilities.SubprocessASGIServer(port=4)
        from prefect.server.api.server import SubprocessASGIServer
        assert type(server) is SubprocessASGIServer and server.port == 4
        """,
        """
        from unittest import mock
        with mock.patch.object(utilities.SubprocessASGIServer, "start", lambda self: "started"):
            from prefect.server.api.server import SubprocessASGIServer
            assert SubprocessASGIServer().start() == "started"
        assert SubprocessASGIServer.start.__name__ == "start"
        """,
        """
        class Mine(utilities.SubprocessASGIServer): pass
        from prefect.server.api.server import SubprocessASGIServer
        assert Mine.__mro__[1] is SubprocessASGIServer
        """,
    ],
    ids=["what belongs to the class", "a server", "a patch", "a class made of it"],
)
def test_what_is_used_of_it_is_prefects_own(python, use, tmp_path):
    if python is None:
        pytest.skip(MISSING)
    last = "\nassert utilities.SubprocessASGIServer is SubprocessASGIServer\n"
    run_code(python, dedent(_IMPORTED) + dedent(use) + last, tmp_path)


@pytest.mark.parametrize("python", prefect_pythons() or [None])
def test_whoever_imports_the_server_meanwhile_has_it(python, tmp_path):
    if python is None:
        pytest.skip(MISSING)
    code = """
    import sys
    from pytest_prefect_lens import later
    with later.server():
        from prefect.server.api.server import SubprocessASGIServer as early, create_app
        import prefect.server.api.server
    assert prefect.server.api.server.create_app is create_app
    assert early is not prefect.server.api.server.SubprocessASGIServer and isinstance(early(), type(early()))
    assert issubclass(prefect.server.api.server.SubprocessASGIServer, early)
    assert isinstance(prefect.server.api.server.SubprocessASGIServer(), early)
    with later.server():
        assert sys.modules["prefect.server.api.server"] is prefect.server.api.server
    assert sys.modules["prefect.server.api.server"] is prefect.server.api.server
    """
    run_code(python, dedent(code), tmp_path)
