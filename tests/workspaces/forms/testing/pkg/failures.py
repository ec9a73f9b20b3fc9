"""Code in which something fails: what stands behind it does not run."""

from prefect import flow, task

from pkg import client
from pkg.tasks import double, extract, load, transform, triple


class Failed(Exception):
    pass


@task
def failing():
    raise Failed("no")


@task
def sometimes(x):
    if x:
        return x
    raise ValueError("no")


@flow
def behind_a_failure():
    failing.fn()
    return load.fn()


@flow
def caught():
    try:
        failing.fn()
        extract.fn()
    except Failed:
        transform.fn()
    return load.fn()


@flow
def caught_and_passed_on():
    try:
        failing.fn()
    except Failed:
        transform.fn()
        raise
    return load.fn()


@flow
def tidied():
    try:
        failing.fn()
        extract.fn()
    finally:
        transform.fn()


@flow
def state_alone():
    failing(return_state=True)
    return load.fn()


@flow
def behind_what_may_fail():
    sometimes.fn(1)
    return load.fn()


@flow
def steps():
    found = client.send(1)
    double.fn(found)
    return triple.fn(found)


def run_steps(action):
    try:
        return action()
    except Exception:
        extract.fn()
        raise SystemExit(1) from None


def command(send=None):
    found = run_steps(lambda: (send or client.send)(1))
    return load.fn(found)


class Base:
    def run(self):
        self.step()
        return load.fn()

    def step(self):
        raise NotImplementedError


class Derived(Base):
    def step(self):
        return extract.fn()


def run(it: Base):
    return it.run()
