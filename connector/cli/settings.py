"""`connector settings`: what can be set."""

import typer

from connector.cli.example import example as written

commands = typer.Typer(no_args_is_help=True, help="See what can be set.")


@commands.callback()
def group() -> None:
    """See what can be set."""


@commands.command()
def example() -> None:
    """Print an example of the settings file: every setting with its default and what it means."""
    typer.echo(written(), nl=False)
