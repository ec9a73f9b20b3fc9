import click
import typer

from app.more import more, sub
from app.tasks import etl, extract, load

app = typer.Typer()
app.add_typer(sub, name="sub")


@app.command()
def read():
    extract.fn()


@app.command("write")
def written_by_another_name():
    load.fn()


@click.group()
def cli():
    pass


@cli.command()
@click.option("--n", default=1)
def small(n):
    extract.fn()


@cli.command("big")
def large():
    etl.fn()


cli.add_command(more)


@click.command()
def single():
    load.fn()


system = typer.Typer()
workers = typer.Typer()
system.add_typer(workers, name="workers")
app.add_typer(system, name="system")


@workers.command("start")
def start_workers():
    load.fn()


@system.command("status")
def tell_status():
    extract.fn()
