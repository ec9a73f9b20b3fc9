from prefect import flow


@flow
def top():
    return "top"
