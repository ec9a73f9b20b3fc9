from prefect import flow


@flow
def billing():
    return "billing"
