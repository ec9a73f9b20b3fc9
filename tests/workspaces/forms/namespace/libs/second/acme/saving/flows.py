from prefect import flow


@flow
def save():
    return "save"
