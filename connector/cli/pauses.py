"""`connector pause`, `resume` and `pauses`: what shall wait, and what waits."""

from collections.abc import Iterable
from typing import Annotated

import typer

from connector.app import App
from connector.cli.opening import AsJson, SettingsFile, name_store, opened
from connector.cli.screen import say, show_json, show_table
from connector.cli.times import shown
from connector.model.errors import SettingsError
from connector.model.scopes import Scope
from connector.store import holds
from connector.store import pauses as paused

Account = Annotated[str | None, typer.Option(help="What this account sends.")]
OfMapping = Annotated[str | None, typer.Option("--mapping", help="What this mapping reads and sends.")]
Everything = Annotated[bool, typer.Option("--everything", help="All that is read and sent.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(pause)
    app.command()(resume)
    app.command()(pauses)


def pause(
    account: Account = None,
    mapping: OfMapping = None,
    everything: Everything = False,
    why: Annotated[str, typer.Option(help="Why; it is shown to whoever looks.")] = "",
    config: SettingsFile = None,
) -> None:
    """Send nothing more through an account, for a mapping, or at all, until `connector resume`; within a second.

    What is on its way gets its answer. What is claimed waits, and is still sent afterwards if it is not too old by
    then. Statuses, replies and stops are taken in all the while. It can be typed while the daemon runs.
    """
    scope, name = _meant(account, mapping, everything)
    with opened(config) as app:
        _require_known(app, scope, name)
        name_store(app)
        with app.database.begin() as connection:
            new = paused.pause(connection, scope, name, why, app.clock())
    say(f"{_words(scope, name)} is paused." if new else f"{_words(scope, name)} was paused already.")


def resume(
    account: Account = None, mapping: OfMapping = None, everything: Everything = False, config: SettingsFile = None
) -> None:
    """Let what was paused go on. Exits with 1 when it was not paused."""
    scope, name = _meant(account, mapping, everything)
    with opened(config) as app, app.database.begin() as connection:
        name_store(app)
        ended = paused.resume(connection, scope, name)
        left = paused.standing(connection)
    say(f"{_words(scope, name)} goes on." if ended else f"{_words(scope, name)} was not paused.")
    if left:
        say(f"Still paused: {', '.join(_words(Scope(row.scope), row.name) for row in left)}.", "yellow")
    raise typer.Exit(0 if ended else 1)


def pauses(config: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show what is paused, and how many messages are held for which reason."""
    with opened(config) as app, app.database.read() as connection:
        rows = paused.standing(connection)
        held = holds.by_reason(connection)
    if as_json:
        show_json(
            {
                "pauses": [
                    {"scope": row.scope, "name": row.name or None, "since": row.since, "why": row.why} for row in rows
                ],
                "held": [{"code": row.code, "messages": row.number, "next": row.next} for row in held],
            }
        )
        return
    if rows:
        show_table("Paused", ("what", "name", "since", "why"), [(r.scope, r.name, shown(r.since), r.why) for r in rows])
    else:
        say("Nothing is paused.")
    if held:
        columns = ("reason", "messages", "the first goes out")
        show_table("Held", columns, [(r.code, r.number, shown(r.next) if r.next else "when set back") for r in held])


def _meant(account: str | None, mapping: str | None, everything: bool) -> tuple[Scope, str]:
    if sum((account is not None, mapping is not None, everything)) != 1:
        raise typer.BadParameter("say one of --account NAME, --mapping NAME and --everything.")
    if account is not None:
        return Scope.ACCOUNT, account
    return (Scope.EVERYTHING, "") if mapping is None else (Scope.MAPPING, mapping)


def _require_known(app: App, scope: Scope, name: str) -> None:
    """Raises SettingsError for a name that nothing has: pausing it would stop nothing."""
    known: Iterable[str] = (name,)
    if scope is Scope.ACCOUNT:
        known = app.settings.accounts
    elif scope is Scope.MAPPING:
        known = [mapping.name for mapping in app.mappings(against_org=False).mappings]
    if name not in known:
        raise SettingsError(f"there is no {scope} {name!r} to pause; there are: {', '.join(sorted(known))}.")


def _words(scope: Scope, name: str) -> str:
    return "Everything" if scope is Scope.EVERYTHING else f"The {scope} {name}"
