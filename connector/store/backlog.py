"""What is still to be done: for a single pass, which ends when nothing is."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select

from connector.model.capability import LastWord
from connector.model.messages import Channel
from connector.model.states import WITH_THE_PROVIDER, State
from connector.store import blacklist, lookups, open_batches, pauses
from connector.store.attempts import ATTEMPT
from connector.store.batches import unindexed
from connector.store.inbox import INBOX
from connector.store.last_words import at_last_word
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def due(
    connection: Connection, org: str, mappings: Sequence[str], accounts: Sequence[str], until: datetime
) -> dict[str, int]:
    """What can be worked on by `until`: messages to claim or send, news to note, writes to make, numbers to block, and
    recipients to look up.

    Only what these mappings claim and these accounts send; what is put off for longer, or paused, is left out.
    """
    claims = and_(
        MESSAGE.c.state == State.QUEUED, MESSAGE.c.claim_token.is_not(None), MESSAGE.c.mapping.in_(list(mappings))
    )
    sends = and_(
        MESSAGE.c.state == State.CLAIMED,
        MESSAGE.c.account.in_(list(accounts)),
        or_(MESSAGE.c.send_at.is_(None), MESSAGE.c.send_at <= until),
    )
    return {
        "messages": _count(
            connection,
            unindexed(MESSAGE.c.org) == org,
            or_(claims, sends),
            _by(MESSAGE, until),
            ~pauses.waits(MESSAGE),
        ),
        "news": _count(
            connection,
            or_(INBOX.c.standing == "new", and_(INBOX.c.standing == "parked", INBOX.c.not_before <= until)),
        ),
        "writes": _count(connection, unindexed(WRITE.c.org) == org, WRITE.c.standing == "due", _by(WRITE, until)),
        "numbers": blacklist.owed(connection, accounts, until),
        "lookups": lookups.owed(connection, accounts, until),
    }


def has_last_look(
    connection: Connection,
    account: str,
    last_words: Collection[LastWord],
    replies_by_batch: Collection[Channel],
    until: datetime,
) -> bool:
    """Whether an account is to be asked by `until` for the replies to a batch of which all messages have ended."""
    due = open_batches.due_for_last_look(
        connection,
        account,
        WITH_THE_PROVIDER,
        until,
        1,
        last_words=[word for word in last_words if word[0] == account],
        replies_by_batch=replies_by_batch,
    )
    return bool(due)


def lookups_put_off(connection: Connection, accounts: Sequence[str], since: datetime) -> int:
    """Lookups that these accounts are asked for, or about, after `since` only."""
    return lookups.owed(connection, accounts, _NEVER) - lookups.owed(connection, accounts, since)


def without_last_word(
    connection: Connection, accounts: Sequence[str], last_words: Collection[LastWord], since: datetime
) -> int:
    """Messages of these accounts of which more can be told; of what was sent before `since` nothing is expected."""
    asked = exists().where(ATTEMPT.c.id == MESSAGE.c.attempt_id, ATTEMPT.c.started_at >= since)
    mine = and_(MESSAGE.c.account.in_(list(accounts)), MESSAGE.c.state.in_(WITH_THE_PROVIDER))
    return _count(connection, mine, ~at_last_word(last_words), asked)


def _by(table: Any, until: datetime) -> Any:
    return or_(table.c.not_before.is_(None), table.c.not_before <= until)


def _count(connection: Connection, *conditions: Any) -> int:
    return connection.execute(select(func.count()).where(*conditions)).scalar_one()
