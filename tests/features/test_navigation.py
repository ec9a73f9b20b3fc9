from prefect_lens.features import navigation
from prefect_lens.features.hover import hover, pointed
from prefect_lens.features.results import Results, record
from prefect_lens.features.source import Source
from prefect_lens.model import Position

from tests.features.build import case, run, view

ETL = '''\
from prefect import flow, task

@task(retries=2)
def parse(line: str) -> float:
    """Read a line."""
    return float(line)

@flow(name="orders")
def etl(lines: list[str]):
    return [parse(line) for line in lines]
'''
TESTS = """\
from etl import etl, parse

def test_etl():
    etl(["1"])

def test_parse():
    parse.fn("1")
"""
FILES = {"etl.py": ETL, "test_etl.py": TESTS}
PROJECT = "".join(f"#- {path}\n{text}" for path, text in FILES.items())


def at(path, line, column, one=None):
    found = pointed(one or view(PROJECT), path, Source(FILES[path]), Position(line, column))
    return found and found.definition.entrypoint


def test_a_cursor_points_to_a_definition_at_its_name_and_wherever_it_is_named():
    assert at("etl.py", 3, 6) == "etl.py:parse"
    assert at("etl.py", 9, 14) == "etl.py:parse"
    assert at("test_etl.py", 3, 5) == "etl.py:etl"
    assert at("test_etl.py", 6, 5) == "etl.py:parse"
    assert at("etl.py", 9, 30) is None


def test_a_hover_tells_how_it_is_written_its_tests_and_how_they_ended():
    there = view(PROJECT)
    results = record(Results(), run(case("test_etl.py::test_parse", "failed", 0.4)), frozenset(), {}, {})
    text = hover(view(PROJECT, results=results), there.snapshot.definition("etl.py:parse"), FILES.get)
    assert text == (
        "**task** `parse` · `etl.py:parse`\n\n"
        "```python\n@task(retries=2)\ndef parse(line: str) -> float\n```\n\n"
        "Read a line.\n\n"
        "2 tests: 1 direct, 1 indirect · ✗ 1 failed · 1 not run · 0.4 s\n\n"
        "- `test_etl.py::test_parse`\n"
        "- `test_etl.py::test_etl`: test_etl → etl → parse"
    )


def test_the_way_goes_from_a_definition_to_its_tests_and_back():
    there = view(PROJECT)

    def places(path, line, column):
        found = navigation.implementations(there, path, Source(FILES[path]), Position(line, column))
        return [(one.path, one.span.start.line) for one in found]

    assert places("etl.py", 3, 5) == [("test_etl.py", 5), ("test_etl.py", 2)]
    assert places("test_etl.py", 2, 6) == [("etl.py", 8), ("etl.py", 3)]
    assert places("etl.py", 0, 0) == []


def test_symbols_are_found_by_letters_in_their_order():
    there = view(PROJECT)
    assert [one.qualname for one in navigation.symbols(there, "")] == ["etl", "parse"]
    assert [one.qualname for one in navigation.symbols(there, "prs")] == ["parse"]
    assert [one.qualname for one in navigation.symbols(there, "orders")] == ["etl"]
    assert navigation.symbols(there, "srp") == ()


def test_who_calls_whom_and_where():
    there = view(PROJECT)
    etl, parse = there.snapshot.definition("etl.py:etl"), there.snapshot.definition("etl.py:parse")
    [called] = navigation.outgoing(there, etl, FILES.get)
    assert (called.other, called.path, [span.start for span in called.spans]) == (parse, "etl.py", [Position(9, 12)])
    flow, test = navigation.incoming(there, parse, FILES.get)
    assert flow.other == etl
    assert (test.other.node_id, test.spans[0].start) == ("test_etl.py::test_parse", Position(6, 4))
    assert navigation.outgoing(there, parse, FILES.get) == ()
