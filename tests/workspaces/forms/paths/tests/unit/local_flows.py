from prefect import flow, task


@flow
def local():
    return "local"


@task
def local_task(x=1):
    return x
