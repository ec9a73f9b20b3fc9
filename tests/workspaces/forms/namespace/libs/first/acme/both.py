from prefect import flow


@flow
def first_of_both():
    return "first_of_both"
