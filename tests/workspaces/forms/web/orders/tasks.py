from prefect import flow, task


@task
def read(number):
    return number


@task
def write(number):
    return number


@task
def ship(number):
    return number


@task
def greet():
    return "hello"


@task
def check():
    return True


@task
def open_store():
    return []


@task
def connect():
    return None


@flow
def report():
    return check.fn()
