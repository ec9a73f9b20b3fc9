from prefect import flow, task


@flow
def tool():
    return "tool"


@task
def tool_task(x=1):
    return x
