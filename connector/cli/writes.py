"""`connector writes`: what the CRM refused and a person must look at."""

from typing import Annotated

import typer

from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import say, show_json, show_table
from connector.cli.times import shown
from connector.log import masked
from connector.store import writes

commands = typer.Typer(no_args_is_help=True, help="Look at what the CRM refused, and try it again.")


@commands.command("list")
def list_(
    config: SettingsFile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the writes that the CRM refused for their own fault, in whole or in some fields, with its reasons.

    Mend the cause in the org or in the mapping, then try them again with `connector writes retry`.
    """
    with opened(config) as app, app.database.read() as connection:
        rows = writes.parked(connection, limit)
        number = writes.count_parked(connection)
    if as_json:
        told = [
            {
                "id": row.id,
                "object": row.object,
                "record": row.record_id or row.key,
                "cause": row.cause,
                "mapping": row.mapping,
                "message": row.message_id,
                "fields": sorted(row.fields),
                "set_aside": row.set_aside,
                "code": row.error_code,
                "reason": row.error,
                "tries": row.tries,
                "at": row.settled_at,
            }
            for row in rows
        ]
        show_json({"parked": number, "writes": told})
        return
    if not rows:
        say("No write is parked.")
        return
    show_table(
        f"{number} parked writes",
        ("id", "object", "record", "cause", "when", "code", "reason"),
        [
            (
                row.id,
                row.object,
                row.record_id or row.key,
                row.cause,
                shown(row.settled_at) if row.settled_at else "",
                row.error_code,
                masked(row.error or ""),
            )
            for row in rows
        ],
    )


@commands.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="The writes to try again, by id.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Try all parked writes again.")] = False,
    config: SettingsFile = None,
) -> None:
    """Make parked writes due again; the daemon, or `connector once`, then writes them."""
    if bool(ids) == every:
        raise typer.BadParameter("name the writes by id, or say --all.")
    with opened(config) as app, app.database.begin() as connection:
        number = writes.retry(connection, None if every else ids)
    say(f"{number} writes are due again.")
    if ids and number < len(set(ids)):
        say(f"{len(set(ids)) - number} of those named are not parked; see `connector writes list`.", "yellow")
        raise typer.Exit(1)
