"""What keeps messages from being sent though nothing is broken: pauses, caps, live-fire safety, what is held."""

from collections.abc import Iterator

from connector.app import App
from connector.cli.doctor.checks import Check, failed, ok, warning
from connector.cli.times import shown
from connector.model.caps import Cap
from connector.model.errors import ConnectorError, MappingError, SettingsError
from connector.model.scopes import Scope
from connector.store import holds, pauses

_AREA = "sending"


def check_sending(app: App, *, store: bool, org: bool) -> Iterator[Check]:
    """Looks at the pauses and the held messages of the store, at the caps, and at who may be sent to from this org."""
    if store:
        with app.database.read() as connection:
            paused = pauses.standing(connection)
            held = holds.by_reason(connection)
        for row in paused:
            what = row.scope if row.scope == Scope.EVERYTHING else f"{row.scope} {row.name}"
            text = f"{what} is paused since {shown(row.since)}" + (f": {row.why}" if row.why else "")
            yield warning(_AREA, "pause", text, "let it go on with `connector resume`, if it shall")
        if not paused:
            yield ok(_AREA, "pause", "nothing is paused")
        if held:
            reasons = ", ".join(f"{row.number} {row.code or 'for no reason'}" for row in held)
            yield ok(_AREA, "held", f"messages are held: {reasons}")
    yield _caps(app)
    yield from _live_fire(app, org=org)


def _caps(app: App) -> Check:
    try:
        caps = _those_of(app)
    except SettingsError as error:
        return failed(_AREA, "caps", str(error), "mend [caps]: the daemon does not start with it")
    return ok(_AREA, "caps", "; ".join(map(str, caps)) if caps else "there are none")


def _those_of(app: App) -> tuple[Cap, ...]:
    try:
        mappings = [mapping.name for mapping in app.mappings(against_org=False).mappings]
    except MappingError:  # told where the mappings are looked at; until they can be read nobody knows their names
        return app.settings.all_caps()
    return app.caps(mappings)


def _live_fire(app: App, *, org: bool) -> Iterator[Check]:
    live = app.settings.live
    if live.production == "auto" and not org:
        return
    try:
        production = app.crm.is_production() if live.production == "auto" else live.production
    except ConnectorError as error:
        advice = "say production = true or false under [live]"
        yield warning(_AREA, "live fire", f"the org does not say whether it is in production: {error}", advice)
        return
    if production:
        yield ok(_AREA, "live fire", "anybody may be sent to")
        return
    text = f"the org is not in production: only the {len(live.allow)} numbers of [live] allow are sent to"
    yield warning(_AREA, "live fire", text, "list the numbers to try with there, or say production = true")
