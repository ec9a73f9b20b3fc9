from prefect import flow, task


@flow
def extra():
    return "extra"


@task
def extra_task(x=1):
    return x
