from prefect import flow


@flow
def shipping():
    return "shipping"
