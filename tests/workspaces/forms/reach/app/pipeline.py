import asyncio
from functools import partial
from uuid import uuid4

from prefect import flow, task, unmapped
from prefect.futures import as_completed, wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.transactions import transaction

from app import steps
from app.steps import cleanup, first, fourth, second, slow, third


def notify(flow, flow_run, state):
    steps.leaf.fn()


def key_of(context, parameters):
    fourth.fn("key")
    return str(uuid4())


@flow
def child(x=1):
    return first(x)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def parent(x=1):
    future = second.submit(x)
    wait([future])
    return child(future.result())


@flow
def mapped():
    futures = third.map([1, 2], )
    return [f.result() for f in as_completed(futures)]


@flow
def mapped_unmapped():
    return third.map(x=unmapped(3)).result() if False else first.map([1]).result()


@flow
async def asynchronous():
    return await asyncio.gather(slow(1), slow(2))


@flow
def with_submit_helper():
    return run_step(third, 1)


def run_step(step, *args):
    return step.submit(*args).result()


@flow(on_completion=[notify])
def hooked():
    return 1


@flow
def failing():
    raise ValueError("no")


@failing.on_failure
def on_failing(flow, flow_run, state):
    first.fn(1)


@task(cache_key_fn=key_of, persist_result=True)
def keyed(x=1):
    return x


@flow
def calls_keyed():
    return keyed(1)


@flow
def in_transaction():
    with transaction():
        return third(1)


@task
def with_rollback():
    return 1


@with_rollback.on_rollback
def undo(transaction):
    cleanup.fn()


STEPS = {"first": first, "third": third}
ORDER = ["first", "third"]


@flow
def driven_by_data():
    return [STEPS[name](1) for name in ORDER]


@flow
def driven_by_argument(name="first"):
    return STEPS[name](1)


class Engine:
    steps = [first, third]

    def __init__(self, extra=None):
        self.extra = extra or fourth

    def run(self):
        for step in self.steps:
            step.fn(1)
        return self.finish()

    def finish(self):
        return self.extra.fn(1)


@flow
def engine_flow():
    return Engine().run()


@flow
def generator_flow():
    yield from produce()


def produce():
    yield first.fn(1)
    yield third.fn(1)


@flow
def nested():
    @task
    def local(x):
        return first.fn(x)

    return local(1)


@flow
def recursive(n=2):
    if n:
        return recursive.fn(n - 1)
    return first.fn(n)


@flow
def callback_flow(callback=None):
    return callback(1) if callback else None


@flow
def partial_flow():
    run = partial(first.fn, 2)
    return run()


@flow
def with_context():
    with Session() as session:
        return session.go()


class Session:
    def __enter__(self):
        first.fn(1)
        return self

    def __exit__(self, *args):
        third.fn(1)

    def go(self):
        return fourth.fn(1)

    def __call__(self):
        return steps.leaf.fn()


@flow
def callable_object():
    return Session()()


@flow
def state_flow():
    state = third(1, return_state=True)
    return state.result()


@flow
def flow_of_flows():
    for f in (child, calls_keyed):
        f()


@flow
def wait_for_flow():
    a = first.submit(1)
    b = third.submit(1, wait_for=[a])
    return fourth(b, wait_for=[a, b])


@flow
def lambda_flow():
    return (lambda x: third.fn(x))(1)


@flow
def sorted_flow():
    return sorted([2, 1], key=lambda x: fourth.fn(x))


@flow
def comprehension_flow():
    return {x: third.fn(x) for x in range(2) if first.fn(x) or True}


@flow
def by_module():
    return steps.second.fn(1)


@flow
def by_import():
    from app.steps import third as inside

    return inside.fn(1)
