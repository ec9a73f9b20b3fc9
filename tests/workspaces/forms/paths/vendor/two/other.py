from prefect import flow, task


@flow
def other():
    return "other"


@task
def other_task(x=1):
    return x
