import contextlib
import unittest

from helpers_too import call


class BaseOfHelpers:
    def get_flow(self):
        from pkg.flows import a

        return a

    def test_of_the_base(self):
        self.get_flow().fn()


class HelperCase(unittest.TestCase):
    def run_flow(self, flow):
        return self._really(flow)

    def _really(self, flow):
        return flow.fn()


def run_it(flow):
    return call(flow.fn)


def run_twice(flow):
    return run_it(flow), run_it(flow)


def run_all(flows):
    return [run_it(flow) for flow in flows]


def run_later(flow):
    return getattr(flow, "fn", flow)


@contextlib.contextmanager
def entered(flow):
    yield flow
