import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect_lens.features.freshness import function_hashes, stale
from prefect_lens.features.results import Results, record

from tests.features.build import case, run

TEXT = """
import x

def plain(a,
          b): return 1

@task(retries=2)
def decorated():
    \"\"\"A text
that begins at the margin.
    \"\"\"
    return 2

class Pipeline:
    async def run(self):
        def inner(): return 3
        return inner

if x:
    def conditional(): return 4
else:
    try:
        def tried(): return 5
    except E:
        def caught(): return 6

match x:
    case 1:
        def matched(): return 7
"""


def changed(old, new):
    """The functions whose hash an edit changes."""
    before, after = function_hashes(TEXT), function_hashes(TEXT.replace(old, new))
    assert before is not None
    assert after is not None
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_every_function_has_a_hash_by_its_qualified_name():
    assert set(function_hashes(TEXT) or ()) == {
        "plain", "decorated", "Pipeline.run", "Pipeline.run.<locals>.inner", "conditional", "tried", "caught", "matched"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("return 1", "return 10", {"plain"}),
        ("retries=2", "retries=3", {"decorated"}),
        ("at the margin", "elsewhere", {"decorated"}),
        ("return 3", "return 30", {"Pipeline.run", "Pipeline.run.<locals>.inner"}),
        ("return 4", "return 40", {"conditional"}),
        ("return 6", "return 60", {"caught"}),
        ("return 7", "return 70", {"matched"}),
        ("import x", "import x\n\n# a comment\nimport y", set()),
        ("return 2\n", "return 2   \n", set()),
    ],
)
def test_an_edit_changes_the_functions_that_it_touches(old, new, names):
    assert changed(old, new) == names


def test_line_ends_make_no_difference():
    assert function_hashes(TEXT.replace("\n", "\r\n")) == function_hashes(TEXT)


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 10_000])
def test_a_text_that_is_no_python_says_nothing(text):
    assert function_hashes(text) is None


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_fails(text):
    function_hashes(text)


def results(code):
    ran = (("f.py", "parse"),)
    return record(Results(), run(case("t.py::test_a", ran=ran), case("t.py::test_b")), frozenset(), {}, code)


def test_a_result_is_stale_when_code_that_ran_in_it_is_another():
    code = {("f.py", "parse"): "1", ("t.py", "test_a"): "2", ("t.py", "test_b"): "3"}
    now = {"f.py": {"parse": "1"}, "t.py": {"test_a": "2", "test_b": "3"}}
    assert stale(results(code), now.get) == frozenset()
    assert stale(results(code), (now | {"f.py": {"parse": "9"}}).get) == {"t.py::test_a"}
    assert stale(results(code), (now | {"f.py": {}}).get) == {"t.py::test_a"}
    assert stale(results(code), (now | {"t.py": {"test_a": "2", "test_b": "9"}}).get) == {"t.py::test_b"}


def test_a_file_of_which_nothing_is_known_makes_nothing_stale():
    assert stale(results({("f.py", "parse"): "1"}), {}.get) == frozenset()
