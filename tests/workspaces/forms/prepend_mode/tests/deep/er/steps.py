from prefect import flow


@flow
def deepest():
    return "deepest"
