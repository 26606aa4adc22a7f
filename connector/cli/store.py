"""`connector db`: the store's tables."""

import typer

from connector.cli.opening import SettingsFile, name_store, opened
from connector.cli.screen import say
from connector.store import migrate

commands = typer.Typer(no_args_is_help=True, help="Bring the store up to date.")


@commands.callback()
def group() -> None:
    """Bring the store up to date."""


@commands.command()
def upgrade(config: SettingsFile = None) -> None:
    """Create the store's tables, or bring them up to date; does nothing when they are.

    Stop the daemon first. No other command changes tables.
    """
    with opened(config, store=False) as app:
        name_store(app)
        before, after = migrate.upgrade(app.database)
    say(f"The store is up to date ({after})." if before == after else f"The store went from {before} to {after}.")
