from prefect import flow, task


@flow
def evening():
    return "evening"


@task
def evening_task(x=1):
    return x
