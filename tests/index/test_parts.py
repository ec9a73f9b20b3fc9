"""A large text is read in parts, and says what it says as a whole."""

import pytest
from prefect_lens.index import lower, parts, recover
from prefect_lens.index.facts import read_facts

PADDING = "".join(f"value_{number} = call({number})\n" for number in range(parts.LEAST // 10))

DEFINITIONS = (
    "# größer\nfrom somewhere import task\n" + PADDING,
    "@task\nasync def first(x):\n    ä = [lambda: call(x)]; return ä\n" + PADDING,
    "def second():\n    global value_1\n    value_1 = first(value_2)\n" + PADDING,
    "class Third:\n    def method(self):\n        self.made = second()\n",
)


METHODS = "".join(f"    value_{number} = call({number})\n" for number in range(parts.LEAST // 10))

CLASSES = (
    '@made\nclass First(Base):\n    """Says."""\n' + METHODS,
    "    @property\n    def ä(self):\n        return [lambda: self.x]\n" + METHODS,
    "    async def second(self):\n        self.x = 1\n" + METHODS + "\n\nclass Second:\n" + METHODS,
    "    def third(self):\n        def inner(): ...\n" + METHODS + "\n\ndef behind():\n" + METHODS,
    "    def inner():\n        return behind()\n\nvalue = First()\n",
)


def whole(text):
    found = recover.parse(text)
    assert isinstance(found, tuple)
    return lower.scopes(*found)


def test_parts_say_what_the_whole_says():
    text = "\n\n".join(DEFINITIONS)
    assert len(tuple(parts.parts(text))) == len(DEFINITIONS)
    assert parts.scopes(text) == whole(text)


def test_classes_are_read_in_parts():
    text = "\n".join(CLASSES)
    assert [part.is_inside for part in parts.parts(text)] == [False, True, True, False, True, False]
    assert parts.scopes(text) == whole(text)
    ended = text.replace("    async def", "    raise ValueError\n\n    async def")
    assert parts.scopes(ended) == whole(ended)


def test_what_stands_behind_the_end_of_a_module_is_no_part_of_it():
    text = "\n\n".join((DEFINITIONS[0] + "raise SystemExit\n", *DEFINITIONS[1:]))
    assert parts.scopes(text) == whole(text)
    assert [scope.name for scope in whole(text)] == [""]
    broken = read_facts(text + "\n\ndef broken(:\n")
    assert broken.problem is not None


@pytest.mark.parametrize(
    "between",
    [
        '"""\n' + PADDING + "\n\ndef f(): pass\n" + '"""\n',
        "call(\n" + PADDING.replace("\n", ",\n") + "\n\n@task\n)\n",
        PADDING + "@task\n\n\ndef f(): pass\n",
        PADDING + "value = \\\n\n\ndef f(): pass\n",
        PADDING + "if value:\n\n\ndef f(): pass\n",
        "class A: pass\nif value:\n" + METHODS + "\n    def f(): pass\n",
        "class A:\n" + METHODS + '    """\n\n    def f(): pass\n    """\n',
    ],
)
def test_a_text_that_is_cut_where_no_statement_ends_is_read_as_a_whole(between):
    assert parts.scopes("\n\n".join((DEFINITIONS[0], between, *DEFINITIONS[1:]))) is None


def test_small_texts_and_those_with_examples_are_read_as_a_whole():
    assert parts.scopes(DEFINITIONS[-1]) is None
    assert parts.scopes("\n\n".join(('">>> call()"\n', *DEFINITIONS))) is None
