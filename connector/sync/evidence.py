"""Evidence for a person who must decide what became of a lost answer: the account's balance before and after."""

from datetime import datetime
from typing import Any

import structlog

from connector.model.errors import ConnectorError
from connector.store import cursors
from connector.sync.parts import Parts

log = structlog.get_logger()


def watch_balance(parts: Parts, account: str) -> float | None:
    """Asks what an account has left and keeps it, with the time; None where its provider does not tell.

    Raises:
        ExchangeError: the provider could not be asked.
    """
    balance = parts.line(account).hear(parts.providers[account].balance())
    if balance is not None:
        now = parts.clock()
        with parts.database.begin() as connection:
            cursors.keep(connection, _name(account), {"amount": balance, "at": now.isoformat()}, now)
    return balance


def known_balance(parts: Parts, account: str) -> tuple[float, datetime] | None:
    """What an account had left when it was last asked, and when that was."""
    with parts.database.read() as connection:
        kept = cursors.get(connection, _name(account))
    return (kept["amount"], datetime.fromisoformat(kept["at"])) if kept else None


def of_doubt(parts: Parts, account: str) -> dict[str, Any] | None:
    """The balance last known before the lost answer, and the one right after it; None where nothing is told."""
    before = known_balance(parts, account)
    try:
        after = watch_balance(parts, account)
    except ConnectorError as error:
        log.info("no_balance_after_doubt", account=account, reason=str(error))
        after = None
    told: dict[str, Any] = {}
    if before is not None:
        told["balance_before"] = {"amount": before[0], "at": before[1].isoformat()}
    if after is not None:
        told["balance_after"] = {"amount": after, "at": parts.clock().isoformat()}
    return told or None


def _name(account: str) -> str:
    return f"balance {account}"
