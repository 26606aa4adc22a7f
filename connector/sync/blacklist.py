"""Blacklists → providers: numbers that said stop go onto the provider's own list, and come off it again."""

from datetime import timedelta
from typing import Any

import structlog

from connector.model.errors import ExchangeError, Refused, Throttled
from connector.model.failures import Fault, Retry
from connector.store import blacklist
from connector.sync.parts import Parts, backoff

log = structlog.get_logger()

_AT_ONCE = 200


def keep_blacklist(parts: Parts, account: str) -> int:
    """Makes the calls that are due to an account's blacklist, one number each; gives how many were taken.

    A call may be made again without harm, so all but a refusal of the number itself is tried again, after a growing
    wait; the first that fails ends the round, for what ails it is the account's or the provider's.
    """
    provider = parts.providers[account]
    with parts.database.read() as connection:
        rows = blacklist.due(connection, account, parts.clock(), _AT_ONCE)
    taken = 0
    for row in rows:
        if parts.stopping.is_set():
            break
        asked = provider.block(row.number) if row.blocked else provider.unblock(row.number)
        try:
            parts.line(account).hear(asked)
        except ExchangeError as error:
            if _of_the_number(error):
                _park(parts, account, row.id, error)
                continue
            _put_off(parts, account, row, error)
            break
        with parts.database.begin() as connection:
            blacklist.done(connection, row.id, parts.clock())
        taken += 1
        parts.alarms.settle(_subject(account))
    return taken


def _of_the_number(error: ExchangeError) -> bool:
    """Whether the provider refused this number, and not us or the moment."""
    if not isinstance(error, Refused) or isinstance(error, Throttled):
        return False
    return error.failure.fault is not Fault.ACCOUNT and error.failure.retry is not Retry.LATER


def _park(parts: Parts, account: str, call_id: int, error: ExchangeError) -> None:
    log.warning("blacklist_refused", account=account, call=call_id, reason=str(error))
    with parts.database.begin() as connection:
        blacklist.park(connection, call_id, parts.clock(), str(error))


def _put_off(parts: Parts, account: str, row: Any, error: ExchangeError) -> None:
    wait = backoff(row.tries)
    if isinstance(error, Throttled):
        wait = max(wait, timedelta(seconds=error.wait))
    with parts.database.begin() as connection:
        blacklist.put_off(connection, row.id, parts.clock() + wait, str(error))
    parts.alarms.sound(_subject(account), f"{error} Numbers that said stop wait to be put on it, and are tried again.")


def _subject(account: str) -> str:
    return f"blacklist of {account}"
