from app import jobs, registry
from app.registry import Job, Plugin, Registry, hub, run_steps
from app.tasks import extract, load


def test_class_registry():
    assert Registry.get("first").fn() == 1


def test_class_registry_all():
    for one in Registry.all():
        one.fn()


def test_object_registry():
    assert hub.run("nightly") == 1


def test_object_registry_all():
    hub.run_all()


def test_other_object_of_the_class():
    jobs.other.run("elsewhere")


def test_subclass_hook():
    assert Job.kinds["csv"]().run() == 1


def test_subclass_hook_of_the_class_itself():
    for one in Plugin.found:
        one().run()


def test_subclasses():
    assert run_steps() == [1]


def test_subclasses_by_name():
    for step in registry.Step.__subclasses__():
        step().run()


def test_local_list():
    calls = []

    def add(f):
        calls.append(f)

    add(extract)
    add(load)
    for f in calls:
        f.fn()
