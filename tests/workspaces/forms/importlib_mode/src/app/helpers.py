from prefect import flow


@flow
def two():
    return "two"
