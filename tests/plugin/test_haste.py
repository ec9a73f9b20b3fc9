"""What is taken out of a run for speed changes nothing else in it."""

from textwrap import dedent

import pytest

from tests.plugin.driving import run_code
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow


@pytest.fixture(params=prefect_pythons() or [None])
def run(request, tmp_path):
    """Run code in an interpreter that has Prefect, with a home of its own."""
    if request.param is None:
        pytest.skip(MISSING)

    return lambda code: run_code(request.param, dedent(code), tmp_path)


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


def test_settings_are_worked_out_once_each_in_the_process_of_the_api(run):
    run("""
        from pytest_prefect_lens import backlog, haste
        from prefect.settings import PREFECT_LOGGING_LEVEL, get_current_settings, temporary_settings
        plain = get_current_settings().to_environment_variables()
        undo = haste.install(backlog=backlog.Backlog())
        assert not [one for one in haste._unfit if "to_environment_variables" in one], haste._unfit
        asked = []
        dump = type(get_current_settings()).model_dump
        type(get_current_settings()).model_dump = lambda *a, **k: asked.append(1) or dump(*a, **k)
        for _ in range(3):
            get_current_settings().to_environment_variables().clear()
        assert get_current_settings().to_environment_variables() == plain
        assert len(asked) == 1, asked
        set_only = get_current_settings().to_environment_variables(exclude_unset=True)
        assert len(set_only) < len(plain)
        with temporary_settings({PREFECT_LOGGING_LEVEL: "ERROR"}):
            assert get_current_settings().to_environment_variables()["PREFECT_LOGGING_LEVEL"] == "ERROR"
        undo()
        assert get_current_settings().to_environment_variables() == plain
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
            for line in range(beginnings[0], len(source), 7):
                expected = getstatementrange_ast(line, source, astnode=whole)[1:]
                outline = outlines._around(beginnings, line + 1)
                assert getstatementrange_ast(line, source, astnode=outline)[1:] == expected, (name, line)
            print(name)
    """)
    assert len(said.split()) == 9


def test_what_distributions_declare_is_remembered_where_they_are_installed(run):
    assert "remembered" in run("""
        import site, sys, sysconfig
        from importlib import metadata
        from pathlib import Path
        from pytest_prefect_lens import declared
        def told(one):
            return one.entry_points, one.metadata.items(), one.metadata["Name"], one.version, one.files
        def all_of_them():
            return {str(one._path): told(one) for one in metadata.distributions()}
        other = Path("other-1.0.dist-info")
        other.mkdir()
        (other / "METADATA").write_text("Name: other\\nVersion: 1.0\\n")
        sys.path.append(".")
        before = all_of_them()
        declared.remember((sysconfig.get_paths()["purelib"],))
        assert all_of_them() == before and len(before) > 50
        assert all_of_them() == before
        assert metadata.distribution("pytest").metadata is metadata.distribution("pytest").metadata
        assert [one.name for one in metadata.entry_points(group="pytest11") if one.name == "asyncio"] == ["asyncio"]
        (other / "METADATA").write_text("Name: other\\nVersion: 2.0\\n")
        assert metadata.version("other") == "2.0"
        print("remembered")
    """)


def test_a_fixture_behind_a_decorator_is_told_as_ever(run, tmp_path):
    (tmp_path / "test_wrapped.py").write_text(
        dedent("""
        import functools, pytest
        def wrapping(one):
            @functools.wraps(one)
            def wrapped(*args): return one(*args)
            return wrapped
        @wrapping
        @pytest.fixture
        def hidden(): pass
        class Evil:
            def __getattr__(self, name): raise ZeroDivisionError
        evil = Evil()
        def test_nothing(): pass
    """)
    )
    said = run("""
        import contextlib, io, sys, pytest
        from pytest_prefect_lens import haste
        told = []
        for install in (lambda: None, haste.install):
            install()
            sys.modules.pop("test_wrapped", None)
            with contextlib.redirect_stdout(io.StringIO()) as out:
                pytest.main(["-q", "-p", "no:cacheprovider", "test_wrapped.py"])
            lines = [line.partition(" in 0")[0] for line in out.getvalue().splitlines()]
            told.append([line for line in lines if "fixture" in line or "passed" in line])
        assert not [one for one in haste._unfit if "pytest" in one], haste._unfit
        print(told[0] == told[1] or told, "decorators" in str(told), pytest.version_tuple >= (9, 2))
    """)
    assert said.split() in (["True", "True", "True"], ["True", "False", "False"])
