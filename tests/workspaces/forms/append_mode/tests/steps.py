from prefect import flow


@flow
def beside_the_tests():
    return "beside_the_tests"
