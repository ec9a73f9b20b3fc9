"""The way that is told of a match: the shortest, and of equally short ones always the same."""

from tests.checking import workspace


def reasons(text: str) -> dict[str, list[str]]:
    snapshot = workspace(text).snapshot
    return {
        definition.qualname: [match.reason for match in snapshot.matches(definition)]
        for definition in snapshot.definitions()
    }


def test_of_several_ways_the_shortest_is_told_and_of_equal_ones_the_first_by_name():
    ways = "".join(f"def {name}(): return leaf()\n" for name in ("zebra", "mole", "ant", "wolf", "eel"))
    calls = "; ".join(f"{name}()" for name in ("zebra", "wolf", "mole", "ant", "eel"))
    found = reasons(f"""
#- flows.py
from prefect import flow, task
@task
def leaf(): ...
{ways}
@flow
def long(): return short()
@flow
def short(): {calls}
#- test_flows.py
from flows import ant, long, short, zebra, mole
def test_long(): long()
def test_both(): long(); short()
def test_helpers(): zebra(); mole(); ant()
""")
    assert found["leaf"] == [
        "test_helpers → ant → leaf",
        "test_both → short → ant → leaf",
        "test_long → long → short → ant → leaf",
    ]
