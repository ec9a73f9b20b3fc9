from prefect import task


@task
def extract(rows=1):
    return list(range(rows))


@task
def transform(rows=()):
    return [r + 1 for r in rows]


@task
def load(rows=()):
    return len(rows)


@task
def double(x=1):
    return x * 2


@task
def triple(x=1):
    return x * 3
