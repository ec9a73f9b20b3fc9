from prefect import flow


@flow
def in_the_package():
    return "in_the_package"
