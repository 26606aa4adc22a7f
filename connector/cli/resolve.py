"""`connector message resolve`: a person's word on a message of unknown outcome."""

from typing import Annotated

import typer

from connector.cli.opening import SettingsFile, opened
from connector.cli.screen import say
from connector.model.errors import StoreError
from connector.model.states import State
from connector.store import outbox
from connector.sync.unknown import Verdict, resolve_by_hand
from jobs.tenure import holding_lease


def resolve(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Our id, the provider's id, or the record's id.")],
    verdict: Annotated[
        Verdict,
        typer.Option(
            "--as",
            help="What you found out. 'never-left' sends the message again: you vouch that nobody received it.",
        ),
    ],
    why: Annotated[str, typer.Option(help="How you know; it is kept with the message.")],
    config: SettingsFile = None,
) -> None:
    """Settle a message of unknown outcome by what you found out, for example in the provider's dashboard.

    `connector message show ID` shows the evidence there is: the request, and the account's balance before and after
    it. This takes the lease that the daemon holds, so stop the daemon first.
    """
    with opened(config) as app:
        parts = app.parts()
        with holding_lease(app, parts):
            with app.database.read() as connection:
                row, _, _ = outbox.history(connection, message_id)
            if row is None:
                raise StoreError(f"no message has the id {message_id}; `connector report` shows what there is.")
            if row.state != State.UNKNOWN or not resolve_by_hand(parts, row.id, verdict, why):
                raise StoreError(f"the message is {row.state}, not unknown: there is nothing to settle.")
    again = " It will be sent again when the daemon runs." if verdict is Verdict.NEVER_LEFT else ""
    say(f"The message is settled as {verdict.value}.{again}")
