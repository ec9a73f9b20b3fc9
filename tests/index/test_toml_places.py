"""Where keys and values of a TOML text stand, held against what the standard library reads in it."""

import tomllib

import pytest
from prefect_lens.index.toml_places import places, typing_at_end

TEXT = (
    '''\
title = "a # b"  # c
"quoted key" = 'x'
dotted.inner."x.y" = 1979-05-27T07:32:00Z

[table]  # [no]
list = [ "a", # one
  """b
]""", {c = 1, d.e = [2]} ]
'literal' = """\\\\
  "quotes" \\""" and more""""

[[table.items]]
n = 1
[[table.items]]
n = 2
[table.items.sub]
deep = true
[[table.items.more]]
'''
    "x = '''''''\n"  # a literal string of one quote
)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (((*path, key), None), *leaves(inner, (*path, key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from (((*path, number), None), *leaves(inner, (*path, number)))


def stretch(text, span):
    lines = text.split("\n")[span.start.line : span.end.line + 1]
    lines[-1] = lines[-1][: span.end.column]
    lines[0] = lines[0][span.start.column :]
    return "\n".join(lines)


def test_every_key_and_item_has_its_place_and_nothing_else_has():
    text, found = TEXT, places(TEXT)
    assert found.keys() == {path for path, _ in leaves(tomllib.loads(text))}
    assert {stretch(text, place.key).strip("\"'") for path, place in found.items() if path[-1] == "x.y"} == {"x.y"}
    for path, written in {
        ("title",): '"a # b"',
        ("dotted", "inner", "x.y"): "1979-05-27T07:32:00Z",
        ("table", "list", 0): '"a"',
        ("table", "list", 2, "d", "e", 0): "2",
        ("table", "items", 1, "n"): "2",
        ("table", "items", 1, "sub", "deep"): "true",
        ("table", "items", 0): "[[table.items]]",
    }.items():
        assert stretch(text, found[path].value) == written
    assert stretch(text, found["table", "list", 2, "d"].key) == "d"


def test_lines_that_are_no_toml_are_passed_over():
    text = "a = \n= 3\nb = [1,\n[t\nc = { x = 1\n[u]\nd = 'x' y\ne = 5\n"
    found = places(text)
    assert stretch(text, found["u", "e"].value) == "5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a.b]\nnet", (("a", "b"), None, "net")),
        ('[a]\nnetwork = "lo', (("a",), "network", '"lo')),
        ("[a.b", (("a",), None, "b")),
        ("[a]\nx = { comm", (("a", "x"), None, "comm")),
        ("[a]\nx = { y = [1, ", (("a", "x", "y"), None, "")),
        ("[a]\nx = { y = [1], tt", (("a", "x"), None, "tt")),
        ("[[a]]\n[[a]]\nk", (("a", 1), None, "k")),
        ("x = 1\n", ((), None, "")),
    ],
)
def test_what_is_being_written_is_known(text, expected):
    found = typing_at_end(text)
    assert (found.table, found.key, found.word) == expected
