from prefect import flow, task


@flow
def weekly():
    return "weekly"


@task
def weekly_task(x=1):
    return x
