"""What a TARGET names."""

from prefect_lens.index.target import Found, NotFound, find

from tests.checking import workspace

SNAPSHOT = workspace("""
#- flows/etl.py
from prefect import flow, task
@task
def load(): ...
@flow(name="The ETL")
def etl(): load()
#- flows/more/other.py
from prefect import task
@task
def load(): ...
#- tests/test_etl.py
import pytest
from flows.etl import etl
def test_etl(): etl()
class TestMore:
    @pytest.mark.parametrize("x", ["a"])
    def test_more(self, x): ...
""").snapshot


def names(target: str) -> tuple[list[str], list[str]]:
    found = find(SNAPSHOT, target)
    assert isinstance(found, Found)
    return [d.entrypoint for d in found.definitions], [t.node_id for t in found.tests]


def test_an_entrypoint_a_name_and_a_prefect_name_mean_a_definition():
    for target in ("flows/etl.py:etl", "./flows/etl.py:etl", "etl", "The ETL"):
        assert names(target) == (["flows/etl.py:etl"], ["tests/test_etl.py::test_etl"])


def test_files_and_folders_mean_their_definitions_and_tests():
    assert names("flows/etl.py") == (["flows/etl.py:load", "flows/etl.py:etl"], ["tests/test_etl.py::test_etl"])
    assert names("tests")[1] == ["tests/test_etl.py::test_etl", "tests/test_etl.py::TestMore::test_more"]
    assert len(names(".")[0]) == 3


def test_a_node_id_means_its_tests_and_case():
    assert names("tests/test_etl.py::TestMore")[1] == ["tests/test_etl.py::TestMore::test_more"]
    found = find(SNAPSHOT, "tests/test_etl.py::TestMore::test_more[a::b]")
    assert isinstance(found, Found)
    assert found.params == "a::b"


def test_what_is_not_there_offers_the_nearest():
    assert find(SNAPSHOT, "flows/etl.py:elt") == NotFound(("flows/etl.py:etl", "flows/etl.py", "flows/etl.py:load"))
    found = find(SNAPSHOT, "tests/test_etl.py::test_elt")
    assert isinstance(found, NotFound)
    assert found.nearest[0] == "tests/test_etl.py::test_etl"


def test_a_name_of_several_is_asked_back():
    found = find(SNAPSHOT, "load")
    assert found == NotFound(("flows/etl.py:load", "flows/more/other.py:load"))
