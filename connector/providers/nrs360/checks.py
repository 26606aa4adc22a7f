"""What `doctor` asks of 360NRS (guide: "Account")."""

from typing import Any

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding, Request, Response
from connector.providers.nrs360.answers import accept
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.sending import authorization


def findings(settings: NRS360Options) -> Conversation[list[Finding]]:
    """GET /account: whether the credentials are accepted, and what is left to spend."""
    response = yield Request("GET", "account", headers=authorization(settings))
    try:
        account = _account(response)
    except (Refused, MayHaveLeft, Unreadable) as error:
        return [Finding("credentials", False, str(error), "check username, api_password and base_url")]
    return [Finding("credentials", True, "360NRS accepts them"), _balance(account)]


def balance(settings: NRS360Options) -> Conversation[float | None]:
    """GET /account: what is left, or None where the answer shows no number."""
    response = yield Request("GET", "account", headers=authorization(settings))
    return _amount(_account(response))


def _account(response: Response | None) -> dict[str, Any]:
    """The account's fields; the guide lists them without showing whether they stand under `data`."""
    if response is None:
        raise Unreadable("360NRS was asked and gave no answer")
    accept(response)
    body = response.json()
    account = body.get("data", body) if isinstance(body, dict) else None
    if not isinstance(account, dict):
        raise Unreadable("360NRS answered with no account")
    return account


def _amount(account: dict[str, Any]) -> float | None:
    try:
        return float(account["balance"])
    except (KeyError, TypeError, ValueError):
        return None


def _balance(account: dict[str, Any]) -> Finding:
    balance = _amount(account)
    if balance is None:
        return Finding("balance", False, "360NRS's answer shows no balance", "look it up on the dashboard")
    text = f"{balance:g} {account.get('currency', '')}".strip()
    return Finding("balance", balance > 0, text, "" if balance > 0 else "top the account up at 360NRS")
