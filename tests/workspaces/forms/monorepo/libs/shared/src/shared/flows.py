from prefect import flow


@flow
def shared():
    return "shared"
