"""Everything that others use, wherever it stands."""

import importlib

from .pipelines import *
from .pipelines.orders import ship as dispatch
from .steps import clean, load as load_rows

_LAZY = {"refund": "shop.pipelines.refunds", "refund_all": "shop.pipelines.refunds"}


def __getattr__(name):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(name)
