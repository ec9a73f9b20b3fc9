"""Flows with examples.

>>> from lib.flows import whole
>>> whole.fn()
1
"""

from prefect import flow, task


@flow
def whole():
    return 1


@task
def double(x):
    """Double.

    >>> double.fn(2)
    4
    """
    return x * 2


def helper(x):
    """Help.

    >>> helper(1)
    2
    >>> [helper(n) for n in range(2)]
    [0, 2]
    """
    return double.fn(x)


class Holder:
    """Hold.

    >>> Holder().go()
    1
    """

    def go(self):
        """Go.

        >>> from lib import flows
        >>> flows.whole.fn()
        1
        """
        return whole.fn()


def no_example(x):
    """Nothing to run here."""
    return double.fn(x)


def skipped():
    """Skip.

    >>> whole.fn()  # doctest: +SKIP
    1
    """
