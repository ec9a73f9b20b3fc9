"""Exceptions as records."""

import linecache
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pytest_prefect_lens.frames import MAX_CAUSES, MAX_FRAMES, caller, cut, exception_record

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import Frame


def raised(code: str, path: str = "/project/flows.py") -> BaseException:
    """What a piece of a user's code raises, with its source where tracebacks look for it."""
    linecache.cache[path] = (len(code), None, code.splitlines(keepends=True), path)
    with pytest.raises(BaseException) as caught:  # noqa: PT011  whatever it is
        exec(compile(code, path, "exec"), {"__name__": "flows"})
    here = caught.value.__traceback__
    assert here is not None
    return caught.value.with_traceback(here.tb_next)  # without the frame of this helper


def test_the_frames_are_the_users_from_the_outside_in():
    record = exception_record(raised("import json\ndef read(text):\n    return json.loads(text)\nread('{')\n"))
    assert record.type == "json.decoder.JSONDecodeError"
    assert [(frame.path, frame.line) for frame in record.frames] == [("/project/flows.py", 4), ("/project/flows.py", 3)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 knows no columns")
def test_columns_count_characters_not_bytes():
    record = exception_record(raised("grüße = 'ß'; float(grüße)\n"))
    frame = record.frames[0]
    assert (frame.column, frame.end_column) == (14, 26)


def test_what_an_exception_says_cannot_spoil_the_record():
    for body in ("raise KeyError", "raise SystemExit", "return b'bytes'", "return None"):
        record = exception_record(
            raised(f"class E(Exception):\n    def __str__(self):\n        {body}\nraise E('why')\n")
        )
        assert record.message == "E('why')"
    both = "class E(Exception):\n    def __str__(self): raise OSError\n    __repr__ = __str__\nraise E\n"
    assert "cannot be had" in exception_record(raised(both)).message


def test_a_text_that_is_no_utf8_and_one_that_is_huge_are_kept_within_bounds():
    assert exception_record(raised("raise ValueError('\\udc80')")).message == "\udc80"
    assert len(exception_record(raised("raise ValueError('x' * 10_000_000)")).message) < 25_000


def test_causes_that_go_round_in_circles_end():
    error = raised("a = ValueError('a'); b = ValueError('b'); a.__cause__ = b; b.__cause__ = a; raise a")
    record = exception_record(error)
    assert record.cause is not None
    assert record.cause.cause is None
    chain = (
        "error = None\nfor n in range(999):\n    new = ValueError(n); new.__cause__ = error; error = new\nraise error"
    )
    depth, cause = 0, exception_record(raised(chain)).cause
    while cause is not None:
        depth, cause = depth + 1, cause.cause
    assert depth == MAX_CAUSES


def test_from_none_hides_the_context():
    code = "try: 1 / 0\nexcept ZeroDivisionError: raise ValueError('mine') from None\n"
    assert exception_record(raised(code)).cause is None


def test_a_recursion_without_end_keeps_both_ends():
    record = exception_record(raised("def f(n): f(n + 1)\nf(0)\n"))
    assert len(record.frames) == MAX_FRAMES
    assert record.frames[0].line == 2


def test_a_syntax_error_is_told_at_its_own_line():
    with pytest.raises(SyntaxError) as caught:
        compile("x = 1\ndef f(:\n", "/project/broken.py", "exec")
    frame = exception_record(caught.value).frames[-1]
    assert (frame.path, frame.line, frame.column) == ("/project/broken.py", 2, 7)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are of Python 3.11")
def test_a_group_tells_its_members_and_stands_where_the_first_was_raised():
    code = (
        "def f(): raise KeyError('k')\ntry: f()\nexcept KeyError as e: raise ExceptionGroup('all', [e, OSError('o')])\n"
    )
    record = exception_record(raised(code))
    assert record.message == "all (2 sub-exceptions): KeyError: 'k'; OSError: o"
    assert record.cause is not None
    assert record.cause.frames[-1].line == 1


def test_the_caller_is_the_users_innermost_line_and_a_thread_has_none():
    found: list[Frame | None] = []
    code = "def f():\n    found.append(caller())\nf()\n"
    exec(compile(code, "/project/flows.py", "exec"), {"found": found, "caller": caller})
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(caller).result() is None
    assert found[0] is not None
    assert (found[0].path, found[0].line) == ("/project/flows.py", 2)


def test_an_event_loop_ends_the_search_for_a_caller(tmp_path):
    (tmp_path / "flows.py").write_text(
        "import asyncio\nfrom pytest_prefect_lens.frames import caller\n"
        "async def main():\n"
        "    inside = caller()\n"
        "    apart = await asyncio.create_task(asyncio.to_thread(caller))\n"
        "    print(inside.line, apart)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "flows.py")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "4 None\n"


def test_the_middle_of_a_long_text_is_left_out_with_a_word():
    assert cut("a" * 100 + "b" * 100, 20) == "aaaaaaaaaa\n… 180 characters left out …\nbbbbbbbbbb"
    assert cut("short", 20) == "short"
