"""What `doctor` asks of Smsclouds (guide: "User Credentials", "API ID route and ID Country")."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding
from connector.providers.exchange import Response
from connector.providers.smsclouds.addressing import authorization
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.operations.account import Nothing, Person, User
from connector.providers.smsclouds.options import SmscloudsOptions


def findings(settings: SmscloudsOptions) -> Conversation[list[Finding]]:
    """The user (credit, token), then the routes and the countries that the settings name."""
    response = yield User.show.request(Nothing(), headers=authorization(settings))
    try:
        user = User.show.read(given(response)).data
    except (Refused, MayHaveLeft, Unreadable) as error:
        return [Finding("credentials", False, str(error), "check token and base_url")]
    found = [Finding("credentials", True, "Smsclouds accepts the token"), _credit(user)]
    found.append(_token(settings, user, _now(response)))
    if settings.route is not None:
        response = yield User.routes.request(Nothing(), headers=authorization(settings))
        found.append(_listed("route", settings.route, lambda: [row.route for row in User.routes.read(given(response))]))
    if settings.country is not None:
        response = yield User.countries.request(Nothing(), headers=authorization(settings))
        found.append(
            _listed("country", settings.country, lambda: [row.country for row in User.countries.read(given(response))])
        )
    return found


def balance(settings: SmscloudsOptions) -> Conversation[float | None]:
    """GET /api/v1/user: the credit that is left, or None where the answer shows no number."""
    response = yield User.show.request(Nothing(), headers=authorization(settings))
    return User.show.read(given(response)).data.credit


def ending(settings: SmscloudsOptions) -> Conversation[Finding | None]:
    """GET /api/v1/user: when the token ends; tokens are personal and hold until a date ("User Credentials")."""
    response = yield User.show.request(Nothing(), headers=authorization(settings))
    return _token(settings, User.show.read(given(response)).data, _now(response))


def _credit(user: Person) -> Finding:
    credit = user.credit
    if credit is None:
        return Finding("balance", False, "Smsclouds' answer shows no credit", "look it up in the account")
    return Finding("balance", credit > 0, f"{credit:g}", "" if credit > 0 else "top the account up at Smsclouds")


def _now(response: Response | None) -> datetime | None:
    """The time by the answer's own Date header: adapters have no clock."""
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC) if response else None
    except (KeyError, ValueError):
        return None


def _token(settings: SmscloudsOptions, user: Person, now: datetime | None) -> Finding:
    """When the token ends. Without its name it is taken to be the first to end of those that still hold, for the one
    that was just accepted does."""
    tokens = user.tokens or []
    if settings.token_name is not None:
        tokens = [token for token in tokens if token.name == settings.token_name]
    ends = sorted(end for token in tokens if (end := time_of(token.expires, settings.zone)))
    end = next((end for end in ends if now is None or end > now), None)
    if end is None:
        return Finding("token", False, "Smsclouds' answer shows no such token", "check token_name, or look it up")
    warned = now is not None and end - now < timedelta(days=settings.expiry_warning_days)
    advice = "create a new token in the account's API settings and put it into the connector's" if warned else ""
    return Finding("token", not warned, f"it ends on {end:%Y-%m-%d}", advice)


def _listed(subject: str, wanted: int, read: Callable[[], list[int]]) -> Finding:
    try:
        listed = set(read())
    except (Refused, MayHaveLeft, Unreadable) as error:
        return Finding(subject, False, str(error), f"look the ID {subject} up in the account's service details")
    if wanted in listed:
        return Finding(subject, True, f"{wanted} is one of the account's")
    text = f"{wanted} is none of the account's: {', '.join(map(str, sorted(listed))) or 'it has none'}"
    return Finding(subject, False, text, f"set {subject} to one of them")
