from prefect import flow, task


@task
def refund(x=0):
    return x


@flow
def refund_all():
    return [1]
