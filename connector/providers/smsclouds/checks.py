"""What `doctor` asks of Smsclouds (guide: "User Credentials", "API ID route and ID Country")."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding, Request, Response
from connector.providers.smsclouds.answers import accept
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.smsclouds.sending import authorization


def findings(settings: SmscloudsOptions) -> Conversation[list[Finding]]:
    """The user (credit, token), then the routes and the countries that the settings name."""
    response = yield Request("GET", "api/v1/user", headers=authorization(settings))
    try:
        user = _user(response)
    except (Refused, MayHaveLeft, Unreadable) as error:
        return [Finding("credentials", False, str(error), "check token and base_url")]
    found = [Finding("credentials", True, "Smsclouds accepts the token"), _credit(user)]
    found.append(_token(settings, user, _now(response)))
    for subject, path, wanted in (
        ("route", "api/v3/user/routes", settings.route),
        ("country", "api/v3/user/countries", settings.country),
    ):
        if wanted is not None:
            response = yield Request("GET", path, headers=authorization(settings))
            found.append(_listed(response, subject, wanted))
    return found


def balance(settings: SmscloudsOptions) -> Conversation[float | None]:
    """GET /api/v1/user: the credit that is left, or None where the answer shows no number."""
    response = yield Request("GET", "api/v1/user", headers=authorization(settings))
    credit = _user(response).get("credit")
    return float(credit) if isinstance(credit, int | float) else None


def _user(response: Response | None) -> dict[str, Any]:
    user = _read(response, dict).get("data")
    if not isinstance(user, dict):
        raise Unreadable("Smsclouds answered with no user")
    return user


def _read(response: Response | None, shape: type[Any]) -> Any:
    if response is None:
        raise Unreadable("Smsclouds was asked and gave no answer")
    accept(response)
    body = response.json()
    if not isinstance(body, shape):
        raise Unreadable(f"Smsclouds answered with something that is no {shape.__name__}")
    return body


def _credit(user: dict[str, Any]) -> Finding:
    credit = user.get("credit")
    if not isinstance(credit, int | float):
        return Finding("balance", False, "Smsclouds' answer shows no credit", "look it up in the account")
    return Finding("balance", credit > 0, f"{credit:g}", "" if credit > 0 else "top the account up at Smsclouds")


def _now(response: Response | None) -> datetime | None:
    """The time by the answer's own Date header: adapters have no clock."""
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC) if response else None
    except (KeyError, ValueError):
        return None


def _token(settings: SmscloudsOptions, user: dict[str, Any], now: datetime | None) -> Finding:
    """When the token ends. Without its name it is taken to be the first to end of those that still hold, for the one
    that was just accepted does."""
    tokens = [token for token in user.get("API_settings") or [] if isinstance(token, dict)]
    if settings.token_name is not None:
        tokens = [token for token in tokens if token.get("name") == settings.token_name]
    ends = sorted(end for token in tokens if (end := time_of(token.get("expires"), settings.zone)))
    end = next((end for end in ends if now is None or end > now), None)
    if end is None:
        return Finding("token", False, "Smsclouds' answer shows no such token", "check token_name, or look it up")
    warned = now is not None and end - now < timedelta(days=settings.expiry_warning_days)
    advice = "create a new token in the account's API settings and put it into the connector's" if warned else ""
    return Finding("token", not warned, f"it ends on {end:%Y-%m-%d}", advice)


def _listed(response: Response | None, subject: str, wanted: int) -> Finding:
    try:
        rows = _read(response, list)
    except (Refused, MayHaveLeft, Unreadable) as error:
        return Finding(subject, False, str(error), f"look the ID {subject} up in the account's service details")
    listed = {str(row.get(subject)) for row in rows if isinstance(row, dict)}
    if str(wanted) in listed:
        return Finding(subject, True, f"{wanted} is one of the account's")
    text = f"{wanted} is none of the account's: {', '.join(sorted(listed)) or 'it has none'}"
    return Finding(subject, False, text, f"set {subject} to one of them")
