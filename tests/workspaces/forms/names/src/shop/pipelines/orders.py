from prefect import flow


@flow
def order():
    return "order"


@flow
def ship():
    return "ship"


@flow
def cancel():
    return "cancel"


@flow
def audit():
    return "audit"


@flow
def track(number=1):
    return number


@flow
def pack(size=1, *, wrap=False):
    return size, wrap
