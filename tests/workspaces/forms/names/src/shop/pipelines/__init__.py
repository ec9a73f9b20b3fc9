from . import orders
from .orders import order, ship, cancel
from .rates import *

__all__ = ["order", "ship"] + ["exchange"]
__all__ += ["orders"]
