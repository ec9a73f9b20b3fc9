"""Where modules are found in layouts that `sys.path` is edited for."""

from tests.checking import check


def test_a_folder_that_is_a_package_is_one_to_import_from_where_nothing_else_has_the_name():
    check("""
    #- backend/__init__.py
    #- backend/config.py
    LIMIT = 3
    #- backend/jobs/__init__.py
    #- backend/jobs/nightly.py
    from prefect import flow, task
    from config import LIMIT
    from helpers import shorten
    @task
    def pick(items): return shorten(items, LIMIT)
    #   ^^^^ task: test_pick, ~test_nightly
    @flow
    def nightly(): return pick([1, 2])
    #   ^^^^^^^ flow: test_nightly
    #- backend/helpers.py
    from prefect import task
    @task
    def shorten(items, limit): ...
    #   ^^^^^^^ task: ~test_nightly, ~test_pick
    #- tests/test_jobs.py
    import sys
    from pathlib import Path
    sys.path.insert(0, str(Path(__file__).parent.parent / "backend"))
    def test_pick():
        from jobs.nightly import pick
        pick([1])
    def test_nightly():
        from jobs import nightly
        nightly.nightly()
    """)


def test_a_module_in_a_package_that_is_named_like_a_library_imports_the_library():
    check("""
    #- src/app/__init__.py
    #- src/app/duckdb.py
    import duckdb
    from prefect import flow
    @flow
    def connect(): return duckdb.connect()
    #   ^^^^^^^ flow: test_connect
    #- tests/test_app.py
    from app.duckdb import connect
    def test_connect(): connect()
    """)
