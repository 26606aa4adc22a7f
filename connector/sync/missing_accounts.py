"""Accounts that were taken out of the settings while messages were theirs."""

from collections import Counter

import structlog

from connector.model.failures import Failure, Fault
from connector.model.states import State
from connector.store import missing_accounts
from connector.store.outbox import Move
from connector.sync.parts import Parts
from connector.sync.settle import settle

log = structlog.get_logger()

NO_ACCOUNT = "NO_ACCOUNT"
"""The failure code of messages whose account is not in the settings any more."""
_AT_ONCE = 2000


def hold_for_missing_accounts(parts: Parts) -> int:
    """Holds what is to be sent by accounts that the settings no longer have; gives how many messages.

    `connector.sync.release` then makes each anew from its record, by the routes of today. Of what such an account has
    taken an alarm tells that nobody asks any more. To be called at a start, under the lease, before any job runs, so
    that no claim is written beside it.

    Raises:
        LeaseHeld: this process lost its lease.
    """
    held: Counter[str] = Counter()
    while True:
        now = parts.clock()
        with parts.database.begin() as connection:
            parts.tenure.check(connection, now)
            rows = missing_accounts.unsent(connection, parts.providers, _AT_ONCE)
            moves = [Move(row.id, State.HELD, "route", _why(row.account), not_before=now) for row in rows]
            settle(parts, connection, moves, now)
        held.update(row.account for row in rows)
        if len(rows) < _AT_ONCE:
            break
    for account, count in sorted(held.items()):
        log.warning("account_missing", account=account, held=count, reason="it is not in the settings any more")
    _tell_of_untold(parts)
    return held.total()


def _why(account: str) -> Failure:
    reason = f"the account {account} is not in the settings any more; the message is made anew by today's routes"
    return Failure(NO_ACCOUNT, reason, Fault.US)


def _tell_of_untold(parts: Parts) -> None:
    since = parts.clock() - parts.timing.final_after
    with parts.database.read() as connection:
        open_at = missing_accounts.unheard_of(connection, parts.providers, since)
    for account, count in open_at.items():
        parts.alarms.sound(
            f"account {account}",
            f"it is not in the settings any more, and nobody hears or asks what became of {count} messages that it "
            "was given. Put it back until they have ended; `connector pause` keeps new ones from it.",
        )
