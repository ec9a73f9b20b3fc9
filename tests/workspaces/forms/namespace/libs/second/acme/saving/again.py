from acme.loading.flows import load as load_again
from .flows import save
from ..top import top
