"""What is taken out of a run for speed changes nothing else in it."""

import os
import subprocess
from textwrap import dedent

import pytest

from tests.plugin.driving import SERVER
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow


@pytest.fixture(params=prefect_pythons() or [None])
def run(request, tmp_path):
    """Run code in an interpreter that has Prefect, with a home of its own."""
    if request.param is None:
        pytest.skip(MISSING)

    def run(code):
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        ended = subprocess.run(
            [request.param, "-c", dedent(code)],
            env={**environ, "PYTHONPATH": str(SERVER), "PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_a_transaction_of_the_api_says_from_its_start_that_it_writes(run):
    assert "database is locked" in run("""
        import asyncio, pathlib, sqlite3
        from pytest_prefect_lens import haste
        haste.install()
        import prefect.server.database.configurations
        from prefect.server.database import provide_database_interface
        async def main():
            async with provide_database_interface().session_context(begin_transaction=True) as session:
                await session.connection()
                other = sqlite3.connect(pathlib.Path("prefect.db"), timeout=0)
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    print(error)
        asyncio.run(main())
        assert not [one for one in haste._unfit if "begin_transaction" in one], haste._unfit
    """)


def test_an_outline_gives_the_statements_that_the_whole_file_gives(run):
    said = run("""
        import ast, linecache, sys, _pytest._code.code
        from importlib import import_module
        from _pytest._code.source import getstatementrange_ast
        from pytest_prefect_lens import haste, outlines
        haste.install()
        for name in outlines.IN_EVERY_TRACEBACK:
            import_module(name)
        outlines.prepare()
        assert not [one for one in haste._unfit if "pytest" in one], haste._unfit
        for name in outlines.IN_EVERY_TRACEBACK:
            path = sys.modules[name].__file__
            source = outlines._sources[path]
            assert source.lines == [line.rstrip() for line in linecache.getlines(path)], name
            whole, beginnings = ast.parse(str(source)), outlines._beginnings_of(path)
            for line in range(0, len(source), 7):
                expected = getstatementrange_ast(line, source, astnode=whole)[1:]
                outline = outlines._around(beginnings, line + 1)
                assert getstatementrange_ast(line, source, astnode=outline)[1:] == expected, (name, line)
            print(name)
    """)
    assert len(said.split()) == 9
