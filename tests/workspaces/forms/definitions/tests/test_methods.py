import pytest
from kinds.methods import (
    Base, Child, Container, Grandchild, Job, Mixed, Model, Nested, Overloaded, Pipeline, Service, other, process, shared,
)
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="module")
def api():
    with prefect_test_harness(server_startup_timeout=600):
        yield


@pytest.fixture
def pipeline():
    return Pipeline()


def test_instance_method(api):
    Pipeline().run()


def test_method_of_a_fixture(pipeline, api):
    pipeline.run(2)


def test_fn_of_a_method():
    Pipeline.run.fn(Pipeline(), 1)


def test_helper_method(pipeline):
    pipeline.helper(1)


def test_static_method():
    Pipeline.static.fn(1)


def test_static_method_of_an_instance(pipeline):
    pipeline.static.fn(1)


def test_class_method(api):
    Pipeline.of_class()


def test_static_inside(api):
    Pipeline.static_inside()


def test_plain_method(api, pipeline):
    pipeline.plain()


def test_template(api):
    Child().template()


def test_template_of_a_grandchild(api):
    Grandchild().template()


def test_super():
    Grandchild().work()


def test_overridden():
    Child().call_overridden()


def test_mixin(api):
    Mixed().mixed()


def test_inherited_beside_a_mixin():
    Mixed().call_overridden()


def test_dataclass(api):
    Job().run()


def test_dataclass_with_an_argument(api):
    Job(other).run()


def test_dataclass_with_a_keyword(api):
    Job(action=other).run()


def test_default_factory():
    Job().run_others()


def test_default_factory_replaced():
    Job(others=[shared]).run_others()


def test_class_variable():
    Job.registry["shared"].fn()


def test_pydantic(api):
    Model().process()


def test_pydantic_field():
    Model(action=other).go()


def test_pydantic_default():
    Model().go()


def test_pydantic_default_factory():
    Model().all()


def test_generic():
    Container[object](shared).get().fn()


def test_annotation_of_a_parameter():
    Service(Job()).serve()


def test_nested_class():
    Nested.Inner.deep.fn()


def test_overload():
    process.fn(1)


def test_overloaded_method():
    Overloaded.go.fn(None, 1)


@pytest.mark.parametrize("cls", [Child, Grandchild])
def test_classes(cls):
    cls().work()


@pytest.mark.parametrize("cls", [Child, Grandchild], ids=lambda cls: cls.__name__)
def test_classes_by_method_name(cls):
    getattr(cls(), "call_overridden")()


def test_subclass_in_the_test():
    class Local(Base):
        def work(self):
            return shared.fn(5)

    Local().work()


def test_instances_in_a_list():
    for one in [Child(), Grandchild()]:
        one.work()


def test_type_of():
    type(Child())().work()
