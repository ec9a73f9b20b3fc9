from prefect import flow


@flow
def of_the_root():
    return "of_the_root"
