"""`connector consent`: who stopped a number, what shows it, and a person's own word on it."""

import getpass
from dataclasses import replace
from typing import Annotated, Any

import typer

from connector.app import App
from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import say, show_json, show_table
from connector.cli.times import shown
from connector.model.address import read_recipient
from connector.model.consent import (
    EVERYTHING,
    PERSON,
    ConsentSource,
    ConsentWord,
    is_of_record,
    kind_scope,
    sender_scope,
)
from connector.model.errors import StoreError
from connector.store import consent as ledger
from connector.store import cursors
from connector.store.db import Transaction
from connector.sync.consent import Reach, tell, write_stops

commands = typer.Typer(no_args_is_help=True, help="See who stopped a number, stop it, or lift a stop.")

Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="With its plus and country, +34600000001, or an e-mail address.")
]
Why = Annotated[str, typer.Option(help="How you know; it is kept as the evidence.")]
Sender = Annotated[str | None, typer.Option(help="Only messages that show this sender.")]
Kind = Annotated[str | None, typer.Option(help="Only messages of mappings of this kind.")]


@commands.command()
def show(number: Number, config: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show every word on a number, oldest first, and whether anything is sent to it."""
    recipient = read_recipient(number)
    with opened(config) as app, app.database.read() as connection:
        rows = ledger.history(connection, _org(connection), recipient)
    newest = {(row.scope, row.voice): row for row in rows}
    stops = [row for row in newest.values() if row.stopped]
    if as_json:
        words = [{name: getattr(row, name) for name in _SHOWN} for row in rows]
        show_json({"stopped": sorted({row.scope for row in stops}), "words": words})
        return
    if not rows:
        say("Nobody has said anything of this number: messages are sent to it.")
        return
    cells = [(shown(row.at), row.scope, row.voice, _word(row), row.source, _told(row.evidence)) for row in rows]
    show_table("What was said", ("when", "scope", "voice", "word", "source", "evidence"), cells)
    scopes = ", ".join(sorted({"everything" if row.scope == EVERYTHING else row.scope for row in stops}))
    say(f"It is stopped: {scopes}." if stops else "Messages are sent to it.", "red" if stops else "green")


_SHOWN = ("at", "scope", "voice", "stopped", "source", "evidence")


@commands.command()
def stop(number: Number, why: Why, sender: Sender = None, kind: Kind = None, config: SettingsFile = None) -> None:
    """Stop a number, from this moment on; a stop of everything also goes to the CRM and to the blacklists."""
    recipient, scope = read_recipient(number), _scope(sender, kind)
    with opened(config) as app, app.database.begin() as connection:
        reach, now = _reach(app, connection), app.clock()
        word = ConsentWord(recipient, PERSON, True, ConsentSource.PERSON, now, _evidence(why), scope)
        tell(reach, connection, [word], now)
        if scope == EVERYTHING:
            write_stops(reach, connection, [recipient], now)
    say("The number is stopped.")


@commands.command()
def start(
    number: Number,
    why: Why,
    sender: Sender = None,
    kind: Kind = None,
    of_records: Annotated[
        bool, typer.Option("--of-records", help="Lift also what CRM records said, such as those that were deleted.")
    ] = False,
    config: SettingsFile = None,
) -> None:
    """Lift the stops of a number: a person's, a provider's and those of replies.

    What a CRM record says is left alone, for it is taken back there: clear the field on the record.
    """
    recipient, scope = read_recipient(number), _scope(sender, kind)
    with opened(config) as app, app.database.begin() as connection:
        reach, now = _reach(app, connection), app.clock()
        newest = {row.voice: row for row in ledger.history(connection, reach.org, recipient) if row.scope == scope}
        stops = [row for row in newest.values() if row.stopped]
        lifted = [row for row in stops if of_records or not is_of_record(row.voice)]
        word = ConsentWord(recipient, PERSON, False, ConsentSource.PERSON, now, _evidence(why), scope)
        tell(reach, connection, [replace(word, voice=row.voice) for row in lifted], now)
    say(f"{len(lifted)} stops are lifted." if lifted else "There was no stop to lift.")
    for row in stops:
        if row not in lifted:
            evidence = row.evidence
            where = f"{evidence.get('object')} {evidence.get('record')}"
            say(f"Still stopped: {where} says so in {evidence.get('field')}; clear it there.", "yellow")
    if len(lifted) < len(stops):
        raise typer.Exit(1)


def _org(connection: Transaction) -> str:
    pinned = cursors.get(connection, "org")
    if pinned is None:
        raise StoreError("this store has not met its org yet: run `connector doctor` or `connector once` first.")
    return str(pinned["id"])


def _reach(app: App, connection: Transaction) -> Reach:
    """Without a word to the CRM: a stop must be possible while it is away."""
    mappings = {mapping.name: mapping for mapping in app.mappings(against_org=False).mappings}
    return Reach(_org(connection), mappings, app.providers)


def _scope(sender: str | None, kind: str | None) -> str:
    if sender and kind:
        raise typer.BadParameter("name the sender or the kind, not both: each is a scope of its own.")
    return sender_scope(sender) if sender else kind_scope(kind) if kind else EVERYTHING


def _evidence(why: str) -> dict[str, Any]:
    return {"why": why, "by": getpass.getuser()}


def _word(row: Any) -> str:
    return "stop" if row.stopped else "start"


def _told(evidence: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in evidence.items() if value is not None)
