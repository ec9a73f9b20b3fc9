from prefect import flow, task


@task
def extract():
    return 1


@task
def load():
    return 2


@flow
def etl():
    return extract.fn() + load.fn()
