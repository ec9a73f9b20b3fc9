from prefect import flow, task


@task
def extract(n=1):
    return n


@task
def transform(x=1):
    return x


@task
def load(x=1):
    return x


@flow
def morning():
    return 1


@flow
def evening():
    return 2


morning.after = load
