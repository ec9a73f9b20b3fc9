from prefect import flow, task


@flow
def load_data():
    return "load_data"


@task
def load_data_task(x=1):
    return x
