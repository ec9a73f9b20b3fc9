import functools

from shop.pipelines import orders as o
from shop.pipelines.orders import pack, track

run = o.order
again = run
first, second = o.ship, o.cancel
track_seven = functools.partial(track, 7)
pack_wrapped = functools.partial(pack.fn, wrap=True)
loud = o.audit.with_options(name="loud audit", retries=1)


class Commands:
    run = staticmethod(run)
    go = o.cancel
