import click
import typer

from app.tasks import etl, extract, load

sub = typer.Typer()


@sub.command()
def inner():
    etl.fn()


@sub.command()
def other():
    extract.fn()


@click.command()
def more():
    load.fn()
