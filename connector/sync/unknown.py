"""Unknown outcomes that somebody's word settles: a person's, or a mapping's that a text may be sent twice."""

from enum import StrEnum

import structlog

from connector.model.failures import Failure, Fault
from connector.model.states import State
from connector.store import outbox
from connector.store.outbox import Move
from connector.sync.parts import Parts
from connector.sync.settle import settle

log = structlog.get_logger()

SENT_AGAIN = "sent again"
"""The cause of a move that makes a message of unknown outcome be sent a second time; the report counts it apart."""

_AT_ONCE = 500


class Verdict(StrEnum):
    """What a person found out about a message of unknown outcome."""

    DELIVERED = "delivered"
    SENT = "sent"
    FAILED = "failed"
    NEVER_LEFT = "never-left"


def send_again(parts: Parts) -> int:
    """Sends again what has been unknown for longer than its mapping's ``on_unknown: {resend_after: …}`` says.

    Only a mapping that also says ``may_send_twice: true`` can ask for it. Gives how many messages will be sent again.
    """
    again = 0
    for mapping in parts.mappings.values():
        after = mapping.message.resend_unknown_after
        if after is None:
            continue
        now = parts.clock()
        reason = "nobody could say whether it was sent, and its mapping lets it be sent twice"
        with parts.database.begin() as connection:
            parts.tenure.check(connection, now)
            ids = outbox.unknown_since(connection, mapping.name, now - after, _AT_ONCE)
            moves = [
                Move(message_id, State.CLAIMED, SENT_AGAIN, Failure("SENT_AGAIN", reason, Fault.US), sends_again=True)
                for message_id in ids
            ]
            again += len(settle(parts, connection, moves, now))
    if again:
        log.warning("sent_again", count=again)
    return again


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
