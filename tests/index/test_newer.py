"""Files in a newer Python than the one that reads them are read all the same."""

import ast
import sys

import pytest
from prefect_lens.index.facts import read_facts
from prefect_lens.index.newer import in_older_syntax
from prefect_lens.index.snapshot import Snapshot

NEWER = {
    'f"{a["b"]} x {c!r:>{w["q"]}} {{ok}} {d=}"': '( [a["b"]]   [c    [w["q"]]]        [d ])',
    'x = "s" f"{a["b"]}" "more" f\'{z}\'': 'x = "s" ( [a["b"]])              ',
    "f\"{'\\n'.join(x)}\"": "( ['\\n'.join(x)])",
    'rf"\\d{a["x"]}{{2}}"': '(    [a["x"]]     )',
    'f"\\N{DASH}{b["d"]}"': '(         [b["d"]])',
    'f"{f"{x}"}"': '( [f"{x}"])',
    'f"{  # why\n x}"': "( [  # why\n x])",
    "def f[T: (int, str)](x: T) -> T: ...": "def f               (x: T) -> T: ...",
    "class A[**P]: ...": "class A     : ...",
    "type X[T] = list[T]": "X         = list[T]",
    "try: ...\nexcept A, B: ...": "try: ...\nexcept(A, B): ...",
    't"{x}"': "( [x])",
}


@pytest.mark.parametrize("text", NEWER)
def test_what_is_newer_gets_an_older_form_in_its_place(text):
    assert in_older_syntax(text) == NEWER[text]
    ast.parse(in_older_syntax(text))


@pytest.mark.parametrize(
    "text",
    [
        "type = 3; type(x)",
        "f\"{a['b']:%H:%M} {x != y} {z == 1}\"",
        "class A: ...",
        "x[0]; y = {'a': [1]}  # f\"{",
        "try: ...\nexcept (A, B) as error: ...",
        'r"\\"; b"{"; "f{" "}"',
    ],
)
def test_what_is_not_stays_as_it_is(text):
    assert in_older_syntax(text) == text


@pytest.mark.parametrize("text", ['f"{a', 'f"{a]}"', "(]", '"', "f'{a:", ")", 'f"}"'])
def test_what_is_no_python_is_left_alone(text):
    assert in_older_syntax(text) == text


def test_a_file_with_them_has_its_definitions_where_they_stand_and_no_problem():
    text = (
        "from prefect import flow, task\n@task\ndef größe[T](x: T): ...\n"
        '@flow\ndef etl(d):\n    print(f"é {größe(d["a"])}"); größe(1)\n'
    )
    index = Snapshot.empty().update({"a.py": read_facts(text)}, {})
    assert index.problems() == ()
    task, flow = index.definitions("a.py")
    assert (task.qualname, task.location.span.start.column, flow.qualname) == ("größe", 4, "etl")
    assert index.callees(flow) == (task,)


def test_what_is_no_python_of_any_age_is_told_in_the_words_for_the_text_as_it_is():
    problem = read_facts('x = f"{a["b"]}"\ndef (:\n').problem
    assert problem is not None
    assert problem.line == (0 if sys.version_info < (3, 12) else 1)
