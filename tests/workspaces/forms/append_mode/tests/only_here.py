from prefect import flow


@flow
def only_here():
    return "only_here"
