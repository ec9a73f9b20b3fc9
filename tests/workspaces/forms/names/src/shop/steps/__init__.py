try:
    from a_library_that_is_faster import clean
except ImportError:
    from .slow import clean

import sys

if sys.version_info >= (3, 8):
    from .modern import load
else:
    from .legacy import load
