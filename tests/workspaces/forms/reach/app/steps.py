from prefect import task


def helper():
    return leaf.fn()


@task
def leaf():
    return "leaf"


@task
def first(x=1):
    return x


@task
def second(x=1):
    return helper()


@task
def third(x=1):
    return x


@task
def fourth(x=1):
    return x


@task
async def slow(x=1):
    return x


@task
def cleanup(*args):
    return None


@task
def never():
    return None
