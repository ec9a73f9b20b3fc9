"""Parameters and deployments for tests, and values made up for a flow's types, over the real Prefect."""

import os
from pathlib import Path

import pytest

from tests.plugin.driving import SERVER, Plain, pytest_alone, write
from tests.pythons import MISSING, newest_and_thoroughly_the_rest, prefect_pythons

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
addopts = --strict-markers
pythonpath = .
#- prefect.yaml
name: shop
definitions:
  common: &common
    region: eu
deployments:
  - name: small
    entrypoint: flows/shop.py:total
    parameters: {texts: ["1", "2"]}
    schedules:
      - cron: "0 6 * * *"
  - name: templated
    entrypoint: flows/shop.py:described
    schedule: {interval: 60}
    parameters:
      <<: *common
      size: "{{ prefect.variables.size }}"
      word: "{{ $WORD }}"
  - name: dotted
    entrypoint: flows.shop.total
    parameters: {texts: []}
  - name: broken
    entrypoint: flows/shop.py:gone
#- other/prefect.yaml
deployments: [1, {name: nothing}]
#- flows/__init__.py
#- flows/shop.py
import datetime
from prefect import flow
from pydantic import BaseModel, Field
from typing import Annotated, Optional
from enum import Enum

class Colour(Enum):
    RED = "red"

class Order(BaseModel):
    words: list[str]
    when: datetime.datetime

@flow
def total(texts: list[str]) -> float: return sum(map(float, texts))

@flow
def described(region: str, size: int, word: str = ""): return f"{region} {size + 1} {word}"

@flow
def takes_much(
    a: int, b: float, c: Order, d: Annotated[int, Field(ge=3, le=9)], e: Optional[Colour] = None,
    f: tuple[int, str] = (1, ""), g=None, h: dict[int, set[str]] = {}, i: datetime.date = datetime.date.min,
): pass

@flow
def loses(text: str, key: bytes = b""): pass
#- tests/test_inputs.py
import datetime
import pytest
from pytest_prefect_lens import assert_parameters_round_trip, deployments, run_flow
from flows import shop

@pytest.mark.flow_parameters({"texts": ["1"]}, {"texts": ["1", "2"]})
@pytest.mark.flow_parameters(texts=[])
def test_sets(flow_parameters):
    result = run_flow(shop.total, **flow_parameters)
    assert result.result == sum(map(float, flow_parameters["texts"]))

@deployments("prefect.yaml", "small", "dotted")
def test_deployments(deployment):
    assert deployment.flow is shop.total
    assert run_flow(deployment.flow, **deployment.parameters).is_completed

@deployments("prefect.yaml", "templated")
def test_templates(deployment, mock_variables, monkeypatch):
    monkeypatch.setenv("WORD", "hello")
    mock_variables(size=3)
    assert run_flow(deployment.flow, **deployment.parameters).result == "eu 4 hello"
    assert deployment.schedules == [{"interval": 60}]

@deployments()
def test_all_that_there_are(deployment):
    assert deployment.flow.name in ("total", "described")

def test_round_trip():
    pytest.importorskip("hypothesis")
    assert_parameters_round_trip(shop.takes_much)
    assert_parameters_round_trip(shop.total, examples=10)
    with pytest.raises(AssertionError, match="loses.*goes to the API as"):
        assert_parameters_round_trip(shop.loses)
#- tests/test_unknown.py
from pytest_prefect_lens import deployments
@deployments("prefect.yaml", "nothing")
def test_unknown(deployment): pass
#- tests/test_no_file.py
from pytest_prefect_lens import deployments
@deployments("no.yaml")
def test_no_file(deployment): pass
"""


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("inputs") / "project", PROJECT)
    beside = os.environ.get("PREFECT_LENS_TEST_BESIDE", "")
    path = os.pathsep.join((str(SERVER), beside)) if request.param == prefect_pythons()[0] else str(SERVER)
    options = ("--tb=short", "--continue-on-collection-errors", "-p", "no:randomly")
    return pytest_alone(project, *options, python=request.param, PYTHONPATH=path)


def test_what_there_is_runs(session):
    told = {name: word for name, word in session.outcomes.items() if word != "skipped"}
    assert told.pop("test_all_that_there_are[broken]") == "failed", session.output
    assert set(told.values()) == {"passed"}, session.output
    assert set(told) >= {
        "test_sets[texts=[]]",
        "test_sets[texts=['1']]",
        "test_deployments[small]",
        "test_deployments[dotted]",
        "test_templates[templated]",
        "test_all_that_there_are[small]",
    }


def test_values_are_made_up_where_hypothesis_is_installed(session):
    assert session.outcomes.get("test_round_trip") == "passed" or "could not import 'hypothesis'" in session.output


def test_what_is_not_there_is_told(session):
    assert "prefect.yaml has no deployment nothing; there is small, templated, dotted, broken" in session.output
    assert "there is no no.yaml in" in session.output
