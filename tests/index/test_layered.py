"""A mapping that is changed often: what it says is what a dictionary would say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect_lens.index.layered import MOST_ABOVE, Layered

KEYS = st.sampled_from("abcdef")
CHANGES = st.lists(st.dictionaries(KEYS, st.none() | st.integers(0, 3)))


@settings(deadline=None)
@given(st.dictionaries(KEYS, st.integers(0, 3)), CHANGES)
def test_it_says_what_a_dictionary_says(start, changes):
    mapping, plain = Layered(dict(start)), dict(start)
    earlier = [(mapping, dict(plain))]
    for change in changes:
        mapping = mapping.after(change)
        plain = {key: value for key, value in (plain | change).items() if value is not None}
        earlier.append((mapping, dict(plain)))
    for one, said in earlier:
        assert dict(one) == dict(one.items()) == said
        assert sorted(one.values()) == sorted(said.values())
        assert len(one) == len(said)
        assert [key for key in "abcdef" if key in one] == sorted(said)
        assert [one.get(key) for key in "abcdef"] == [said.get(key) for key in "abcdef"]


def test_what_is_gone_is_not_there():
    mapping = Layered({"a": 1}).after({"a": None})
    with pytest.raises(KeyError):
        mapping["a"]


def test_a_change_shares_the_rest_until_there_are_many():
    first = Layered(dict.fromkeys(map(str, range(1_000)), 0))
    second = first.after({"0": 1})
    assert second._below is first._below
    third = second.after({str(number): 2 for number in range(1, MOST_ABOVE + 1)})
    assert third._below is not first._below
    assert not third._above
    assert (first["0"], second["0"], third["0"], third["1"], second["1"]) == (0, 1, 1, 2, 0)
