"""Marks that say that a state is expected, written into a test's file."""

import pytest
from prefect_lens.features.expecting import expecting


def applied(text, *tests, state="Failed"):
    lines = text.split("\n")
    for edit in sorted(expecting(text, tests, state), key=lambda one: one.span.start, reverse=True):
        at = edit.span.start
        lines[at.line] = lines[at.line][: at.column] + edit.text + lines[at.line][at.column :]
    return "\n".join(lines)


MARK = '@pytest.mark.prefect(expect_state="Failed")\n'


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (
            "import pytest\n\nasync def test_a():\n    pass\n",
            ("test_a",),
            f"import pytest\n\n{MARK}async def test_a():\n    pass\n",
        ),
        (
            '"""A."""\nfrom __future__ import annotations\nimport flows\ndef test_a(): ...\n',
            ("test_a",),
            f'"""A."""\nfrom __future__ import annotations\nimport pytest\nimport flows\n{MARK}def test_a(): ...\n',
        ),
        (
            "import pytest\nclass TestA:\n    @pytest.mark.slow\n    def test_a(self): ...\ndef f(): ...\n",
            ("TestA", "test_a"),
            f"import pytest\nclass TestA:\n    {MARK}    @pytest.mark.slow\n    def test_a(self): ...\ndef f(): ...\n",
        ),
        ("def test_b(): ...\n", ("test_a",), "def test_b(): ...\n"),
        ("def test_a(:\n", ("test_a",), "def test_a(:\n"),
    ],
)
def test_the_mark_stands_above_the_test_and_pytest_is_imported(text, names, expected):
    assert applied(text, names) == expected
