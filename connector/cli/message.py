"""`connector message show`: all that is known of one message."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import say, show_json, show_table
from connector.cli.times import shown
from connector.cli.typed_history import in_doubt, shown_typed
from connector.log import masked
from connector.model.errors import StoreError
from connector.model.messages import merge
from connector.store import history, outbox, typed_sends

commands = typer.Typer(no_args_is_help=True, help="Look at one message.")

_MESSAGE = (
    "id", "state", "state_at", "object", "record_id", "round", "mapping", "to_number", "country", "channel", "sender",
    "campaign", "account", "accounts", "encoding", "parts", "provider_id", "provider_batch", "send_at", "expires_at",
    "not_before", "tries", "failure_code", "failure_reason", "created_at",
)  # fmt: skip
_EVENT = ("at", "happened_at", "from_state", "to_state", "moved", "cause", "word", "code", "reason")
_ATTEMPT = (
    "id",
    "account",
    "started_at",
    "ended_at",
    "outcome",
    "size",
    "provider_batch",
    "polls",
    "error",
    "evidence",
)
_NEWS = ("received_at", "at", "kind", "state", "word", "provider_id", "phone", "text", "standing")
_WRITE = ("id", "created_at", "cause", "object", "record_id", "key", "standing", "tries", "error_code", "error")
_WITH_NUMBERS = frozenset({"to_number", "phone", "text", "reason", "error", "failure_reason", "fields"})


@commands.callback()
def group() -> None:
    """Look at one message."""


@commands.command()
def show(
    message_id: Annotated[
        str, typer.Argument(metavar="ID", help="Our id, the provider's id, or the record's id; or a typed send's.")
    ],
    config: SettingsFile = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show phone numbers whole, and what providers told raw.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a message: its state, its events in order, the requests that carried it, news of it, and CRM writes.

    Of a record with several rounds, the newest is shown. Of what `connector call` sent: who, when, to whom, and how it
    ended. Phone numbers are cut to their last digits.
    """
    cell = _whole if full else _masked
    with opened(config) as app, app.database.read() as connection:
        row, events, writes = outbox.history(connection, message_id)
        typed = typed_sends.found(connection, message_id) if row is None else None
        if typed is not None:
            _show_typed(shown_typed(typed, cell), as_json=as_json)
            return
        if row is None:
            raise StoreError(
                f"no message has the id {message_id}: it is looked up by our id, the provider's and the record's. "
                "Messages that ended long ago are gone (see [store] keep_days)."
            )
        attempts = history.attempts_of(connection, row.id)
        news = history.news_of(connection, row.id)
    told = {
        "message": _picked(row, _MESSAGE, cell) | {"text": cell("text", merge(tuple(row.pieces), tuple(row.values)))},
        "events": [_picked(event, _EVENT, cell) for event in events],
        "attempts": [_picked(attempt, _ATTEMPT, cell) for attempt in attempts],
        "news": [_picked(item, (*_NEWS, "raw") if full else _NEWS, cell) for item in news],
        "writes": [_picked(write, (*_WRITE, "fields") if full else _WRITE, cell) for write in writes],
    }
    if as_json:
        show_json(told)
    else:
        _show(told)


def _show_typed(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json({"typed_send": told})
        return
    for name, value in told.items():
        if value not in (None, "", []):
            say(f"{name:>15}  {_text(value)}")
    if told["outcome"] in typed_sends.IN_DOUBT:
        say()
        say(in_doubt(told["outcome"]), "yellow")


def _whole(_: str, value: Any) -> Any:
    return value


def _masked(name: str, value: Any) -> Any:
    if name == "recipients":
        return [masked(recipient) for recipient in value]
    return masked(value) if name in _WITH_NUMBERS and isinstance(value, str) else value


def _picked(row: Any, names: tuple[str, ...], cell: Callable[[str, Any], Any]) -> dict[str, Any]:
    return {name: cell(name, getattr(row, name)) for name in names}


def _show(told: dict[str, Any]) -> None:
    for name, value in told["message"].items():
        if value not in (None, "", []):
            say(f"{name:>15}  {_text(value)}")
    for title in ("events", "attempts", "news", "writes"):
        rows = told[title]
        say()
        if not rows:
            say(f"No {title}.")
            continue
        # a column that says nothing of any row only takes room
        columns = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
        show_table(title.capitalize(), columns, [[_text(row[name]) for name in columns] for row in rows])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return shown(value) if hasattr(value, "astimezone") else str(value)
