from prefect import task


@task
def load(x=1):
    return x
