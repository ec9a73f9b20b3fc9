"""What is put into the registries."""

from prefect import flow

from app.registry import Hub, Job, Plugin, Registry, Step, hub
from app.tasks import extract, load, transform

other = Hub()


@Registry.register("first")
@flow
def first():
    return extract.fn()


@Registry.register("second")
@flow
def second():
    return load.fn()


@hub.job("nightly")
def nightly():
    return extract.fn()


@hub.job("weekly", retries=1)
def weekly():
    return load.fn()


@other.job("elsewhere")
def elsewhere():
    return transform.fn()


class Csv(Job):
    kind = "csv"

    def run(self):
        return extract.fn()


class Json(Job):
    kind = "json"

    def run(self):
        return load.fn()


class Extension(Plugin):
    def run(self):
        return transform.fn()


class Clean(Step):
    def run(self):
        return transform.fn()
