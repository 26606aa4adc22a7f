"""The CRM: credentials, the org they lead to, its day's requests, its clock; and the mappings against it."""

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from connector.app import App
from connector.cli.doctor.checks import Check, failed, ok, warning
from connector.mapping.load import load
from connector.model.errors import BudgetSpent, ConnectorError, MappingError, NeverLeft, SessionLost, SettingsError
from connector.store import cursors

_AREA = "CRM"
_SKEW = timedelta(seconds=60)
_SECONDS = 10.0
_HIGH, _SPENT = 0.8, 0.95


def check_org(app: App, *, store: bool) -> Iterator[Check]:
    """Looks at the org; `store`: the store can be read, so the org it is tied to is compared."""
    try:
        org = app.crm.org_id()
    except ConnectorError as error:
        yield failed(_AREA, "login", str(error), _advice(error))
        return
    yield ok(_AREA, "login", f"the org is {org}")
    if store:
        yield _pinned(app, org)
    yield _budget(app)
    yield _clock(app)


def _advice(error: ConnectorError) -> str:
    if isinstance(error, SettingsError):
        return "complete [crm] in the settings; `connector settings example` shows it"
    if isinstance(error, SessionLost):
        return "check client_id, its secret or key, login_url, and that the app's user may use the API"
    if isinstance(error, NeverLeft):
        return "check [crm] base_url, and that this machine may reach it"
    if isinstance(error, BudgetSpent):
        return "wait for the day's requests to age out, or find out what else uses them"
    return "look at the org's own status page, and try again"


def _pinned(app: App, org: str) -> Check:
    with app.database.read() as connection:
        pinned = cursors.get(connection, "org")
    if pinned is None:
        return ok(_AREA, "org", "the store is new: the first run ties it to this org")
    if pinned["id"] == org:
        return ok(_AREA, "org", "the store belongs to this org")
    text = f"the store belongs to the org {pinned['id']}, and the settings lead to {org}"
    return failed(_AREA, "org", text, "give each org a store of its own ([store] url)")


def _budget(app: App) -> Check:
    try:
        app.crm.describe("User")  # any answer of the data API tells the day's requests; a login does not
    except ConnectorError as error:
        return failed(_AREA, "requests", str(error), _advice(error))
    budget = app.crm.budget()
    if not budget.limit:
        return warning(_AREA, "requests", "the org does not tell how many are used", "look in Setup, System Overview")
    text = f"{budget.limit - budget.used:,} of the day's {budget.limit:,} are left"
    if budget.share >= _SPENT:
        return failed(_AREA, "requests", text, "find out what uses them: reading slows down and then stops")
    if budget.share >= _HIGH:
        return warning(_AREA, "requests", text, "find out what uses them: reading slows down as they run out")
    return ok(_AREA, "requests", text)


def _clock(app: App) -> Check:
    try:
        theirs = _time_at(app.settings.crm_options().base_url)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return warning(_AREA, "clock", f"the org's time could not be had ({type(error).__name__})", "watch our clock")
    skew = app.clock() - theirs
    text = f"ours is {abs(skew.total_seconds()):.0f} s {'ahead of' if skew > timedelta() else 'behind'} the org's"
    if abs(skew) > _SKEW:
        advice = "set this machine's clock by NTP: claims expire by it, and logins by key are refused"
        return failed(_AREA, "clock", text, advice)
    return ok(_AREA, "clock", text)


def _time_at(address: str) -> datetime:
    """The Date header of the org's answer (RFC 9110, 6.6.1), whose one second is fine enough."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_SECONDS)
    try:
        connection.request("HEAD", "/services/data")
        told = connection.getresponse().getheader("date", "")
    finally:
        connection.close()
    return parsedate_to_datetime(told).astimezone(UTC)


def check_mappings(app: App, *, org: bool) -> Iterator[Check]:
    """Checks every mapping file; `org`: the org answers, so names are checked against it, and queries put to it."""
    area = "mappings"
    describe, ask = (app.crm.describe, app.crm.pages) if org else (None, None)
    try:
        loaded = load(app.settings.mappings, app.capabilities(), describe=describe, ask=ask)
    except MappingError as error:
        for problem in error.problems:
            advice = "run `connector mapping check`, which shows the line"
            yield (warning if problem.warning else failed)(area, f"{problem.file}:{problem.line}", problem.text, advice)
        return
    except ConnectorError as error:
        yield failed(area, "org", str(error), _advice(error))
        return
    for problem in loaded.warnings:
        yield warning(area, f"{problem.file}:{problem.line}", problem.text, "see whether it is meant so")
    for mapping in loaded.mappings:
        if not org:
            yield warning(area, mapping.name, "its names could not be checked against the org", "mend the login first")
            continue
        yield ok(
            area,
            mapping.name,
            f"its fields are in the org, which takes its `where`; it sends by {', '.join(mapping.accounts())}",
        )
        yield _claim_rule(app, mapping.name, mapping.object)


def _claim_rule(app: App, mapping: str, object_name: str) -> Check:
    try:
        described = app.crm.describe(object_name)
    except ConnectorError as error:
        return failed("mappings", f"{mapping}, claim", str(error), _advice(error))
    if described.claim_rule:
        text = (
            f"{object_name} has the fields of the package's claim rule, which keeps two stores from sending the same "
            "record. Whether the rule is active, an org does not tell: see Setup, Validation Rules"
        )
        return ok("mappings", f"{mapping}, claim", text)
    return warning(
        "mappings",
        f"{mapping}, claim",
        f"{object_name} lacks the claim rule: only this store and its lease keep a message from being sent twice",
        "install the package's fields and rule, or be sure that no second store ever works on this org",
    )
