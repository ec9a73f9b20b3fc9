from prefect import flow


@flow
def common_of_shipping():
    return "common_of_shipping"
