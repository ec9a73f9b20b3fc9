from prefect import flow


@flow
def load():
    return "load"
