from prefect import flow, task


@flow
def main():
    return "main"


@task
def main_task(x=1):
    return x
