"""The floor of an account's balance: below it nothing more is sent through the account."""

from connector.model.errors import ExchangeError
from connector.sync.evidence import known_balance, watch_balance
from connector.sync.parts import Parts


def keep_floor(parts: Parts, account: str) -> bool:
    """Asks what an account has left and keeps it; shuts the account below its floor. Whether that changed something.

    Raises:
        ExchangeError: the provider could not be asked; the account stays as it was, or as its last known balance says.
    """
    try:
        balance = watch_balance(parts, account)
    except ExchangeError:
        known = known_balance(parts, account)
        if known is not None:
            _judge(parts, account, known[0])
        raise
    return _judge(parts, account, balance)


def _judge(parts: Parts, account: str, balance: float | None) -> bool:
    floor = parts.providers[account].settings.balance_floor
    subject = f"balance of {account}"
    if floor is None:
        return False
    if balance is None:
        parts.alarms.sound(
            subject,
            "its provider does not tell the balance, so balance_floor guards nothing; take it out of the account's "
            "settings, and look the balance up by hand.",
        )
        return False
    if balance < floor:
        parts.alarms.sound(
            subject,
            f"it has {balance:g} left, less than its balance_floor of {floor:g}: nothing is sent through it. Top the "
            "account up; messages whose route names another account go there meanwhile, and the others wait.",
        )
        return parts.breakers.shut(account)
    parts.alarms.settle(subject)
    return parts.breakers.unshut(account)
