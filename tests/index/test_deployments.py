"""A `prefect.yaml` names its deployments, and each names its flow."""

import pytest
from prefect_lens.index.deployments import read_deployments
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

FLOWS = "from prefect import flow\n@flow\ndef etl(): ...\nclass Pipeline:\n    @flow\n    def run(self): ...\n"
YAML = """\
pull:
- prefect.deployments.steps.git_clone: {repository: "{{ x }}"}
definitions:
  base: &base
    entrypoint: flows/etl.py:etl
deployments:
- name: nightly
  entrypoint: flows/etl.py:etl
- <<: *base
  name: "hourly: 2"
- name: method
  entrypoint:
    ./flows/etl.py:Pipeline.run
- name: module
  entrypoint: flows.etl.etl
- name: elsewhere
  entrypoint: other/repository.py:flow
- name: no entrypoint
"""


def snapshot(yaml, path="prefect.yaml", **files):
    facts = {name.replace("__", "/") + ".py": read_facts(text) for name, text in files.items()}
    return Snapshot.empty().update(facts, {path: yaml})


def test_each_deployment_has_its_flow_where_that_is_known():
    found = [(one.name, flow and flow.entrypoint) for one, flow in snapshot(YAML, flows__etl=FLOWS).deployments()]
    assert found == [
        ("nightly", "flows/etl.py:etl"),
        ("hourly: 2", "flows/etl.py:etl"),
        ("method", "flows/etl.py:Pipeline.run"),
        ("module", "flows/etl.py:etl"),
        ("elsewhere", None),
    ]


def test_a_deployment_stands_where_its_name_does():
    one, _ = snapshot(YAML).deployments()[0]
    start = one.location.span.start
    assert (one.location.path, start.line, start.column) == ("prefect.yaml", 6, 8)


def test_an_entrypoint_is_seen_from_the_files_folder_and_from_the_root():
    yaml = "deployments:\n- {name: a, entrypoint: etl.py:etl}\n- {name: b, entrypoint: flows/etl.py:etl}\n"
    index = snapshot(yaml, "flows/prefect.yaml", flows__etl=FLOWS)
    assert [flow.entrypoint for _, flow in index.deployments()] == ["flows/etl.py:etl"] * 2
    assert index.problems() == ()


def test_an_entrypoint_that_its_file_does_not_have_is_told_at_it_and_one_elsewhere_is_not():
    yaml = "deployments:\n- name: a\n  entrypoint: flows/etl.py:elt\n- {name: b, entrypoint: gone.py:x}\n"
    [problem] = snapshot(yaml, flows__etl=FLOWS).problems()
    start = problem.location.span.start
    assert (problem.code, start.line, start.column) == ("PL506", 2, 14)
    assert problem.message == ("Deployment 'a': flows/etl.py defines no flow 'elt'; there are etl, Pipeline.run.")


GIVEN = """\
definitions:
  common: &common
    region: eu
deployments:
- name: nightly
  entrypoint: flows.py:etl
  parameters:
    customer: a
    amuont: 1
    {merge}
  schedules:
  - cron: 0 0 * * *
    parameters: {{customer: b, when: now}}
"""


def told(flows, yaml=None):
    found = snapshot(yaml or GIVEN.format(merge=""), flows=f"from prefect import flow\n{flows}\n").problems()
    return [(one.code, one.location.span.start.line, one.message) for one in found]


def test_a_parameter_that_the_flow_does_not_take_is_told_at_its_key():
    about = "Deployment 'nightly': flow 'etl' has no parameter"
    assert told("@flow\ndef etl(customer, amount=1, *, dry=False): ...") == [
        ("PL510", 8, f"{about} 'amuont'; did you mean amount?"),
        ("PL510", 12, f"{about} 'when'; it takes customer, amount, dry."),
    ]


def test_a_parameter_that_is_merged_from_elsewhere_is_told_where_it_stands():
    found = told("@flow\ndef etl(customer, amuont, when): ...", GIVEN.format(merge="<<: *common"))
    assert [line for _, line, _ in found] == [2]


@pytest.mark.parametrize(
    "flows",
    [
        "@flow\ndef etl(customer, **more): ...",
        "@flow\n@inject\ndef etl(): ...",
        "@flow\ndef run(customer, amuont, when): ...\netl = run.with_options(name='x')",
        "from library import etl",
    ],
)
def test_parameters_of_a_flow_that_may_take_them_are_no_trouble(flows):
    assert told(flows) == []


def test_a_methods_own_object_is_no_parameter():
    yaml = "deployments:\n- {name: a, entrypoint: flows.py:P.run, parameters: {self: 1, x: 1, y: 2}}\n"
    methods = "class P:\n    @flow\n    def run(self, x): ...\n    @staticmethod\n    @flow\n    def go(x): ...\n"
    assert [message.rpartition("'; ")[0].rpartition("'")[2] for *_, message in told(methods, yaml)] == ["self", "y"]
    assert len(told(methods, yaml.replace("P.run", "P.go"))) == 2


def test_it_goes_by_the_code_as_it_is_now():
    yaml = "deployments:\n- {name: a, entrypoint: flows.py:etl, parameters: {x: 1}}\n"
    source = "from prefect import flow\n@flow\ndef etl(y): ...\n"
    index = snapshot(yaml, flows=source)
    assert [one.code for one in index.problems()] == ["PL510"]
    below = index.update({"flows.py": read_facts("\n\n" + source)}, {})
    assert [one.code for one in below.problems()] == ["PL510"]
    assert below.update({"flows.py": read_facts(source.replace("y", "x"))}, {}).problems() == ()


def test_a_name_of_which_nobody_knows_what_it_is_may_be_a_flow():
    yaml = "deployments:\n- {name: a, entrypoint: flows.py:made}\n- {name: b, entrypoint: flows.py:etl}\n"
    assert snapshot(yaml, flows="from library import make\nmade, etl = make()\n").problems() == ()


@pytest.mark.parametrize("text", ["", "deployments:", "- 1", "deployments: [1, {name: x}, [y]]", "deployments: {a: b}"])
def test_what_declares_no_deployment_is_no_trouble(text):
    assert read_deployments("prefect.yaml", text) == ((), ())


@pytest.mark.parametrize("text", ["a: [1\nb: : {", "\tx", "a: *nobody", "%", "a: \x01"])
def test_what_is_no_yaml_is_told_and_no_more(text):
    [problem] = read_deployments("prefect.yaml", text)[1]
    assert (problem.code, problem.location.path) == ("PL502", "prefect.yaml")


def test_an_edit_of_it_changes_nothing_else():
    before = snapshot(YAML, flows__etl=FLOWS)
    before.matches(before.definitions()[0])
    after = before.update({}, {"prefect.yaml": YAML.replace("nightly", "daily")})
    assert after.deployments()[0][0].name == "daily"
    assert after.definitions() == before.definitions()
