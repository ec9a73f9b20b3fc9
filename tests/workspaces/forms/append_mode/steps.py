from prefect import flow


@flow
def installed():
    return "installed"
