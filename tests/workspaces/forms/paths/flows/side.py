from prefect import flow, task


@flow
def side():
    return "side"


@task
def side_task(x=1):
    return x
