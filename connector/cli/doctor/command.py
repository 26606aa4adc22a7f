"""The command, and the order in which things are looked at."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

from connector import log
from connector.app import App, build
from connector.cli.doctor.accounts import check_accounts, check_receiver
from connector.cli.doctor.checks import Check, Verdict, failed, ok
from connector.cli.doctor.orgs import check_mappings, check_org
from connector.cli.doctor.secrets import secrets_of, without
from connector.cli.doctor.sending import check_sending
from connector.cli.doctor.stores import check_store, working
from connector.cli.opening import AsJson, SettingsFile
from connector.cli.screen import STYLES, on_terminal, say, show_json, show_table
from connector.model.errors import SettingsError, StoreError
from connector.settings import file_to_read, read


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(config: SettingsFile = None, as_json: AsJson = False) -> None:
    """Look at everything the connector needs, and say what to do about each failure.

    The settings, the store, the CRM's login and limits, every mapping against the org, every account at its provider,
    and the receiver of webhooks. Changes nothing and sends nothing. Exits with 1 when anything fails.
    """
    log.set_up(level="ERROR")
    checks = list(_examined(config))
    counted = Counter(check.verdict for check in checks)
    if as_json:
        show_json({"ok": not counted[Verdict.FAILED], "checks": [check.as_json() for check in checks]})
    else:
        _show(checks, counted)
    raise typer.Exit(1 if counted[Verdict.FAILED] else 0)


def _examined(config: Path | None) -> Iterator[Check]:
    try:
        file = file_to_read(config)
        settings = read(file)
        app = build(settings)
    except SettingsError as error:
        yield failed(
            "settings",
            "file",
            str(error),
            "name another file, or correct it; `connector settings example` shows every setting",
        )
        return
    secrets = secrets_of(settings)
    yield ok("settings", "file", f"{file.resolve() if file else 'the environment'} can be used")
    try:
        for check in _examined_app(app):
            yield without(secrets, check)
    finally:
        with suppress(StoreError):
            app.close()


def _examined_app(app: App) -> Iterator[Check]:
    stored = list(check_store(app))
    yield from stored
    store = not any(check.verdict is Verdict.FAILED for check in stored if check.subject in ("reach", "tables"))
    org = False
    for check in check_org(app, store=store):
        org = org or (check.subject == "login" and check.verdict is Verdict.OK)
        yield check
    yield from check_mappings(app, org=org)
    yield from check_sending(app, store=store, org=org)
    yield from check_accounts(app)
    yield from check_receiver(app, working=store and working(app) is not None)


def _show(checks: list[Check], counted: Counter[Verdict]) -> None:
    rows = [(check.area, check.subject, str(check.verdict), check.text) for check in checks]
    show_table("Doctor", ("area", "subject", "verdict", "what was found"), rows)
    for check in checks:
        if check.advice and check.verdict is not Verdict.OK:
            style = STYLES[check.verdict] if on_terminal() else ""
            text = check.text.rstrip(".")
            say(f"{check.verdict}: {check.area}, {check.subject}: {text}. What to do: {check.advice}.", style)
    say(", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict))
