import pytest
from pkg.flows import a


def test_automatic():
    pass


def test_automatic_and_own(overridden):
    overridden.fn()


class TestOverride:
    @pytest.fixture
    def overridden(self, overridden):
        return [overridden, a]

    def test_class_fixture(self, overridden):
        for f in overridden:
            f.fn()

    class TestInner:
        @pytest.fixture(autouse=True)
        def automatic(self):
            a.fn()

        def test_automatic_of_the_class(self):
            pass
