"""Unknown outcomes that somebody's word settles: a person's, or a mapping's that a text may be sent twice."""

from collections.abc import Sequence
from enum import StrEnum

import structlog

from connector.model.errors import ExchangeError
from connector.model.failures import Failure, Fault
from connector.model.messages import OpenBatch
from connector.model.states import State
from connector.store import inbox, open_batches, outbox
from connector.store.outbox import Move
from connector.sync.parts import Parts
from connector.sync.poll import ask
from connector.sync.reconcile import identify_parked
from connector.sync.settle import settle

log = structlog.get_logger()

SENT_AGAIN = "sent again"
"""The cause of a move that makes a message of unknown outcome be sent a second time; the report counts it apart."""

_AT_ONCE = 500
_ASKED_AT_ONCE = 20
"""Batches of an account that are asked about, one after the other, before their messages are sent again."""
_NEWS_AT_MOST = 5000


class Verdict(StrEnum):
    """What a person found out about a message of unknown outcome."""

    DELIVERED = "delivered"
    SENT = "sent"
    FAILED = "failed"
    NEVER_LEFT = "never-left"


def send_again(parts: Parts) -> int:
    """Sends again what has been unknown for longer than its mapping's ``on_unknown: {resend_after: …}`` says.

    Only a mapping that also says ``may_send_twice: true`` can ask for it. What the provider can be asked about is asked
    for first, whatever was asked before: nobody asked while we were away. A message waits while there is news in the
    inbox that may be of it. Gives how many messages will be sent again.

    Raises:
        LeaseHeld: this process lost its lease; nothing is sent again.
    """
    again = 0
    for mapping in parts.mappings.values():
        after = mapping.message.resend_unknown_after
        if after is None:
            continue
        with parts.database.read() as connection:
            ids = outbox.unknown_since(connection, mapping.name, parts.clock() - after, _AT_ONCE)
            batches = open_batches.in_doubt(connection, ids)
        unasked = {message_id for account in batches for message_id in _unasked(parts, account, batches[account])}
        again += _sent_again(parts, [message_id for message_id in ids if message_id not in unasked])
    if again:
        log.warning("sent_again", count=again)
    return again


def _unasked(parts: Parts, account: str, batches: Sequence[OpenBatch]) -> set[str]:
    """Asks an account's provider about these batches, as many as it is asked about at once; gives the messages of those
    that are left for another time."""
    provider = parts.providers.get(account)
    if provider is None:
        return set()
    lists, polls = provider.capability.lists_sendings, provider.capability.polls_statuses
    able = [batch for batch in batches if lists or (polls and batch.provider_batch)]
    asked = able[:_ASKED_AT_ONCE]
    try:
        if lists and asked:
            identify_parked(parts, account)
            for batch in asked:
                ask(parts, account, provider.resolve(batch))
        if polls and (known := [batch for batch in asked if batch.provider_batch]):
            ask(parts, account, provider.statuses(known))
    except ExchangeError:
        log.warning("sent_again_unasked", account=account)  # what cannot be asked for long must not wait for ever
    return {message.id for batch in able[_ASKED_AT_ONCE:] for message in batch.messages}


def _sent_again(parts: Parts, ids: Sequence[str]) -> int:
    """Sends those again of which no news waits to be noted."""
    if not ids:
        return 0
    reason = "nobody could say whether it was sent, and its mapping lets it be sent twice"
    with parts.database.begin() as connection:
        now = parts.clock()
        parts.tenure.check(connection, now)
        # the inbox first: what is noted after this look has moved its message, which is then sent again no more
        news = inbox.due(connection, now, _NEWS_AT_MOST)
        if len(news) == _NEWS_AT_MOST:
            return 0  # so much is still to be noted that this can wait
        spoken_of = set(inbox.match(connection, news).values()) | inbox.with_waiting_statuses(connection, ids)
        moves = [
            Move(message_id, State.CLAIMED, SENT_AGAIN, Failure("SENT_AGAIN", reason, Fault.US), sends_again=True)
            for message_id in ids
            if message_id not in spoken_of
        ]
        return len(settle(parts, connection, moves, now))


def resolve_by_hand(parts: Parts, message_id: str, verdict: Verdict, why: str) -> bool:
    """Settles one message of unknown outcome by a person's word; false when it is not (or no longer) unknown.

    ``never-left`` sends it again: the person vouches that it never went out.
    """
    now = parts.clock()
    if verdict is Verdict.NEVER_LEFT:
        move = Move(message_id, State.CLAIMED, "resolved by a person", Failure("NEVER_LEFT", why), sends_again=True)
    else:
        failure = Failure("RESOLVED", why) if verdict is Verdict.FAILED else None
        move = Move(message_id, State(verdict.value), "resolved by a person", failure, word=why)
    with parts.database.begin() as connection:
        row, _, _ = outbox.history(connection, message_id)
        if row is None or row.state != State.UNKNOWN:
            return False
        return bool(settle(parts, connection, [move], now))
