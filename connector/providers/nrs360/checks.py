"""What `doctor` asks of 360NRS (guide: "Account")."""

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding
from connector.providers.exchange import Response
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.account import Account, ShownAccount
from connector.providers.nrs360.operations.shapes import Nothing
from connector.providers.nrs360.options import NRS360Options


def findings(settings: NRS360Options) -> Conversation[list[Finding]]:
    """Whether the credentials are accepted, and what is left to spend."""
    response = yield Account.show.request(Nothing(), headers=authorization(settings))
    try:
        account = _account(response)
    except (Refused, MayHaveLeft, Unreadable) as error:
        return [Finding("credentials", False, str(error), "check username, api_password and base_url")]
    return [Finding("credentials", True, "360NRS accepts them"), _balance(account)]


def balance(settings: NRS360Options) -> Conversation[float | None]:
    """What is left, or None where the answer shows no number."""
    response = yield Account.show.request(Nothing(), headers=authorization(settings))
    return _amount(_account(response))


def _account(response: Response | None) -> ShownAccount:
    if response is None:
        raise Unreadable("360NRS was asked and gave no answer")
    return Account.show.read(response)


def _amount(account: ShownAccount) -> float | None:
    try:
        return None if account.balance is None else float(account.balance)
    except ValueError:
        return None


def _balance(account: ShownAccount) -> Finding:
    balance = _amount(account)
    if balance is None:
        return Finding("balance", False, "360NRS's answer shows no balance", "look it up on the dashboard")
    text = f"{balance:g} {account.currency or ''}".strip()
    return Finding("balance", balance > 0, text, "" if balance > 0 else "top the account up at 360NRS")
