"""Credentials that end by a date: said aloud while there is time to make new ones."""

from connector.sync.parts import Parts


def watch_token(parts: Parts, account: str) -> bool:
    """Asks when an account's credentials end, and sounds an alarm when that is near; whether it did.

    Raises:
        ExchangeError: the provider could not be asked.
    """
    found = parts.line(account).hear(parts.providers[account].ending())
    subject = f"token of {account}"
    if found is None or found.ok:
        parts.alarms.settle(subject)
        return False
    parts.alarms.sound(subject, f"{found.text}; {found.advice}. When it has ended nothing is sent through the account.")
    return True
