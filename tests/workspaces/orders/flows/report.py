"""The report that goes out every night."""

import asyncio

from prefect import flow, task

from flows.orders import orders_flow
from flows.rates import rates_flow


@task
def render(totals: dict[str, float], rate: float) -> str:
    """Write the report, largest customer first."""
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return "\n".join(f"{customer}: {total / rate:.2f}" for customer, total in ranked)


@flow(name="nightly-report")
def nightly_report(lines: list[str], currency: str = "EUR") -> str:
    """Total the day's orders and show them in one currency."""
    totals = orders_flow(lines)
    rates = asyncio.run(rates_flow([currency]))
    return render(totals, rates[currency])
