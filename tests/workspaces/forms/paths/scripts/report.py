from prefect import flow, task


@flow
def report():
    return "report"


@task
def report_task(x=1):
    return x
