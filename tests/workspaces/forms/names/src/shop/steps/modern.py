from prefect import task
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop.pipelines.orders import audit


@task
def load(x=1):
    return x


@task
def annotated(order: "audit | None" = None):
    return order


class Loader:
    """Tasks as attributes."""

    step = load
    other = staticmethod(annotated.fn)

    def __init__(self, run=None):
        self.run = run or load

    @property
    def annotate(self):
        return annotated


loader = Loader()
