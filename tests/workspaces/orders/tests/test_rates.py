import asyncio

import pytest

from flows import rates
from flows.rates import rates_flow


def test_gets_all_rates():
    assert asyncio.run(rates_flow(["EUR", "CHF"])) == {"EUR": 1.0, "CHF": 1.06}


def test_a_slow_bank_is_given_up_on(monkeypatch):
    async def slow_bank(currency: str) -> float:
        await asyncio.sleep(30)
        return 1.0

    monkeypatch.setattr(rates, "ask_bank", slow_bank)
    with pytest.raises(TimeoutError):
        asyncio.run(rates_flow(["SEK"]))
