"""Orders arrive as text, one a line: `customer;amount`."""

from collections import defaultdict

from prefect import flow, task


@task(retries=2)
def parse(line: str) -> tuple[str, float]:
    """Read one order."""
    customer, amount = line.split(";")
    return customer.strip(), float(amount)


@task
def sum_up(orders: list[tuple[str, float]]) -> dict[str, float]:
    """Add up what each customer ordered."""
    totals: dict[str, float] = defaultdict(float)
    for customer, amount in orders:
        totals[customer] += amount
    return dict(totals)


@task
def archive(lines: list[str]) -> int:
    """Put the raw lines away; the warehouse wants them once a year."""
    return len(lines)


@flow(name="orders")
def orders_flow(lines: list[str]) -> dict[str, float]:
    """Total the orders of a day by customer."""
    orders = []
    for line in lines:
        orders.append(parse(line))
    return sum_up(orders)
