from typing import Annotated

from fastapi import Depends

from orders.tasks import open_store, read, ship


class Store:
    def __init__(self, rows):
        self.rows = rows

    def get(self, number):
        return read.fn(number)

    def ship(self, number):
        return ship.fn(number)


def settings():
    return {}


def store(options=Depends(settings)):
    yield Store(open_store.fn())


StoreOfRequest = Annotated[Store, Depends(store)]
