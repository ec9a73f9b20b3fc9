from prefect_lens.features.source import Source
from prefect_lens.model import Position

TEXT = '''\
from prefect import flow, task
ü = 1; import steps as s

@task(retries=2,
      tags=["a"])
@other
async def parse(line: str, *, strict: bool = True) -> float:
    """Read a line.

    More.
    """
    return float(line)

@flow
def etl(lines):
    def inner(): return s.deep.parse.submit("é", parse)
    return inner() or x[0].parse
'''


def word(line, column):
    found = Source(TEXT).word(Position(line, column))
    return found and (found.names, (found.span.start.column, found.span.end.column), found.around)


def test_the_word_is_the_dotted_name_up_to_the_cursor():
    inner = Position(15, 8)
    assert word(15, 24) == (("s",), (24, 25), inner)
    assert word(15, 32) == (("s", "deep", "parse"), (31, 36), inner)
    assert word(15, 38) == (("s", "deep", "parse", "submit"), (37, 43), inner)
    assert word(15, 50) == (("parse",), (49, 54), inner)
    assert word(16, 13) == (("inner",), (11, 16), Position(14, 4))


def test_columns_are_characters():
    assert word(1, 0) == (("ü",), (0, 1), None)


def test_what_is_no_name_has_no_word():
    assert word(16, 29) is None  # of something that a subscript gave
    assert word(7, 8) is None
    assert word(99, 0) is None


def test_how_a_function_is_written():
    written = Source(TEXT).written(Position(6, 10))
    assert written is not None
    assert written.decorators == ("@task(retries=2, tags=['a'])", "@other")
    assert written.head == "async def parse(line: str, *, strict: bool=True) -> float"
    assert written.doc == "Read a line."


def test_calls_in_a_body_are_found_by_their_last_name():
    found = Source(TEXT).calls(Position(14, 4), "parse")
    assert [(span.start.line, span.start.column) for span in found] == [(15, 31), (15, 49), (16, 27)]


def test_a_text_that_is_no_python_says_nothing():
    broken = Source("def (:\n\0")
    assert broken.word(Position(0, 0)) is None
    assert broken.written(Position(0, 4)) is None
    assert broken.calls(Position(0, 4), "x") == ()
