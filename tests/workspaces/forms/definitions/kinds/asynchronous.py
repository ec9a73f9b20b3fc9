"""Async flows, generators."""

from prefect import flow, task


@task
async def fetch(x=1):
    return x


@flow
async def gather():
    import asyncio

    return await asyncio.gather(fetch.fn(1), fetch.fn(2))


@task
def numbers():
    yield 1
    yield 2


@task
async def numbers_async():
    yield 1


@flow
async def loop():
    return [x async for x in numbers_async.fn()]
