"""All commands in one tree, and what an error looks like to the person who typed one."""

from typing import Any

import typer
from typer.core import TyperGroup

from connector.cli import (
    backfill,
    call,
    consent,
    lookup,
    mapping,
    message,
    pauses,
    reconciling,
    report,
    resolve,
    running,
    store,
    world,
    writes,
)
from connector.cli import settings as settings_command
from connector.cli.doctor import command as doctor
from connector.cli.screen import complain
from connector.model.errors import ConnectorError


class Commands(TyperGroup):
    """Turns the connector's own errors into one sentence and exit code 1, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was typed."""
        try:
            return super().invoke(ctx)
        except ConnectorError as error:
            complain(str(error))
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    name="connector",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they hold credentials
    help="Sends the messages a CRM has queued, each once, and writes back what became of them.",
)
running.add_to(app)
world.add_to(app)
doctor.add_to(app)
report.add_to(app)
reconciling.add_to(app)
backfill.add_to(app)
pauses.add_to(app)
call.add_to(app)
lookup.add_to(app)
app.add_typer(mapping.commands, name="mapping")
message.commands.command()(resolve.resolve)
app.add_typer(message.commands, name="message")
app.add_typer(writes.commands, name="writes")
app.add_typer(consent.commands, name="consent")
app.add_typer(store.commands, name="db")
app.add_typer(settings_command.commands, name="settings")


def main() -> None:
    """The `connector` command."""
    app()
