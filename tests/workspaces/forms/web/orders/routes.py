from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends

from orders.store import Store, StoreOfRequest, store
from orders.tasks import greet, write

router = APIRouter(prefix="/orders", tags=["orders"])
people = APIRouter(prefix="/people")


@router.get("/{number}")
def one(number: int, rows: StoreOfRequest):
    return rows.get(number)


@router.get("/latest")
def latest():
    return None


@router.post("/", status_code=202)
def add(tasks: BackgroundTasks):
    tasks.add_task(write.fn, 1)
    return {}


@router.post("/{number}/ship")
async def ship(number: int, rows: Annotated[Store, Depends(store)]):
    return rows.ship(number)


@router.delete("/{number}/ship")
async def call_back(number: int, rows: Store = Depends(store)):
    return rows.rows


@people.get("/{name}")
def person(name: str):
    return greet.fn()
