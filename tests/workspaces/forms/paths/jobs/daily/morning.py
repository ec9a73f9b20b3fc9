from prefect import flow, task


@flow
def morning():
    return "morning"


@task
def morning_task(x=1):
    return x
