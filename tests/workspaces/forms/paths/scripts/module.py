from prefect import flow


@flow
def as_script():
    return 1


if __name__ == "__main__":
    as_script()
