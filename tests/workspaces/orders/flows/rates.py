"""What foreign money is worth today, from a bank that is sometimes slow."""

import asyncio

from prefect import flow, task


async def ask_bank(currency: str) -> float:
    """Ask for one rate. Stands in for the bank's interface, which is not part of this example."""
    await asyncio.sleep(0)
    return {"EUR": 1.0, "CHF": 1.06, "SEK": 0.087}[currency]


@task(timeout_seconds=0.5)
async def fetch_rate(currency: str) -> float:
    """Get one rate, or give up."""
    return await ask_bank(currency)


@flow(name="rates")
async def rates_flow(currencies: list[str]) -> dict[str, float]:
    """Get all rates at once."""
    rates = await asyncio.gather(*(fetch_rate(currency) for currency in currencies))
    return dict(zip(currencies, rates))
