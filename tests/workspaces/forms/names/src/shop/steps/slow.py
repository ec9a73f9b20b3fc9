
from prefect import task


@task
def clean(x=1):
    return x


@task
def only_slow(x=1):
    return x
