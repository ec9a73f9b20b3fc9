import pytest

from flows.orders import archive, orders_flow, parse


def test_totals(day):
    assert orders_flow(day) == {"ada": 15.0, "grace": 7.0}


@pytest.mark.parametrize(
    ("line", "amount"),
    [("ada;10", 10.0), ("ada; 10.5 ", 10.5), ("ada;12,50", 12.5)],
    ids=["whole", "point", "comma"],
)
def test_amounts(line, amount):
    assert orders_flow([line]) == {"ada": amount}


def test_an_order_without_amount_is_refused():
    with pytest.raises(ValueError, match="not enough values"):
        parse.fn("ada")


class TestArchive:
    def test_counts_the_lines(self, day):
        assert archive(day) == 3
