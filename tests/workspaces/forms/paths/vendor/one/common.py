from prefect import flow, task


@flow
def one():
    return "one"


@task
def one_task(x=1):
    return x
