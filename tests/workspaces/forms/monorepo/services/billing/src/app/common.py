from prefect import flow


@flow
def common_of_billing():
    return "common_of_billing"
