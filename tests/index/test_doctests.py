"""The examples of docstrings are found as the standard library's `doctest` finds them."""

import ast
import doctest
import inspect

import pytest
from prefect_lens.index import doctests

DOCSTRINGS = (
    "Says.\n\n>>> call(1)\n2\n>>> for x in y:\n...     call(x)\n1\n\n    >>> indented()\n    3\n",
    ">>> # nothing\n>>> call()  # doctest: +SKIP\n>>> call(2)  # doctest: +ELLIPSIS, -SKIP\n",
    "\n\t>>> tabs(1)\n\t... \n\t2\n>>>\n",
    ">>> wrong(\n...1)\n",
    ">>>wrong()\n>>> right()\n",
    "  >>> wrong()\n 1\n",
    "  >>> wrong(\n ... 1)\n",
    ">>> call() # doctest: ELLIPSIS\n",
    ">>> # doctest: +ELLIPSIS\n",
    ">>> broken(\n1\n>>> right()\n",
)


def expected(text):
    try:
        found = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []
    parts = []
    for example in found:
        try:
            tree = ast.parse(example.source)
        except SyntaxError:
            continue
        if not example.options.get(doctest.SKIP):
            parts += ast.increment_lineno(tree, example.lineno).body
    return [(ast.dump(part), part.lineno) for part in parts]


@pytest.mark.parametrize("text", [*DOCSTRINGS, inspect.getdoc(doctest)])
def test_the_same_is_found(text):
    found = [part for one in doctests.examples(ast.parse(repr(text))) for part in one.statements]
    assert [(ast.dump(part), part.lineno) for part in found] == expected(text)
