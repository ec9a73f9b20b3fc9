from prefect import flow, task


@flow
def etl():
    return "etl"


@task
def etl_task(x=1):
    return x
