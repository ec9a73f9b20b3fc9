"""Old orders are forgotten after seven years. Nobody has written a test for it yet."""

from datetime import date, timedelta

from prefect import flow, task

KEEP = timedelta(days=7 * 365)


@task
def too_old(day: date, today: date) -> bool:
    """Say whether the orders of a day may go."""
    return today - day > KEEP


@flow(name="retention")
def retention_flow(days: list[date]) -> list[date]:
    """List the days whose orders may go."""
    return [day for day in days if too_old(day, date.today())]
