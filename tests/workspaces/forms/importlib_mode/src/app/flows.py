from prefect import flow


@flow
def one():
    return "one"
