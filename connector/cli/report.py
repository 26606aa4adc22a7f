"""`connector report`."""

import typer

from connector.cli.accounting import books, show
from connector.cli.opening import AsJson, SettingsFile, name_store, opened
from connector.cli.screen import show_json


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(report)


def report(config: SettingsFile = None, as_json: AsJson = False) -> None:
    """Account for every message: how many were read, and how many stand where.

    Shown as a whole, by run, provider, account, mapping and CRM object. What a mapping let be sent twice is counted
    apart, as "sent again". Then come what people sent by `connector call`, by how it ended, messages that never got a
    last word, news that matches no message, and writes that are owed or parked. Exits with 1 when it does not add up,
    or when a message's state is not what its events say.
    """
    with opened(config) as app:
        if not as_json:
            name_store(app)
        read = books(app)
    if as_json:
        show_json(read.as_json())
    else:
        show(read)
    raise typer.Exit(0 if read.balance else 1)
