"""The states of a message and the one table of allowed moves.

``queued → claimed → attempting → accepted → sent → delivered | undelivered | expired``, with the exits ``rejected``,
``failed``, ``unknown``, ``held`` and ``cancelled``. `connector.store.outbox.move` is the only code that changes a
state, and this table is the only thing it asks.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"


_S = State

_NEWS_OF_A_SENT_MESSAGE = frozenset(
    {_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.EXPIRED, _S.REJECTED, _S.FAILED, _S.CANCELLED}
)

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # before anything left: the CRM's record decides, or our own checks do
        _S.QUEUED: frozenset({_S.CLAIMED, _S.HELD, _S.REJECTED, _S.EXPIRED, _S.CANCELLED}),
        _S.CLAIMED: frozenset({_S.ATTEMPTING, _S.HELD, _S.REJECTED, _S.FAILED, _S.EXPIRED, _S.CANCELLED}),
        # the request may be on its way: back to claimed only when it certainly never left or was turned away unread
        _S.ATTEMPTING: _NEWS_OF_A_SENT_MESSAGE | {_S.CLAIMED, _S.UNKNOWN},
        # nobody knows: news or a person settles it; never back to claimed, for that would be a second send
        _S.UNKNOWN: _NEWS_OF_A_SENT_MESSAGE,
        _S.ACCEPTED: _NEWS_OF_A_SENT_MESSAGE - {_S.ACCEPTED},
        _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.EXPIRED, _S.FAILED, _S.REJECTED}),
        # a person sets the record back to queued: the same message, which never left
        _S.HELD: frozenset({_S.QUEUED, _S.EXPIRED, _S.CANCELLED}),
        _S.DELIVERED: frozenset(),
        _S.UNDELIVERED: frozenset(),
        _S.EXPIRED: frozenset(),
        _S.REJECTED: frozenset(),
        _S.FAILED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)

FINAL = frozenset(state for state, onward in MOVES.items() if not onward)
"""States that nothing follows (but for a provider whose last final status wins)."""

UNSETTLED = frozenset({_S.QUEUED, _S.CLAIMED, _S.ATTEMPTING, _S.ACCEPTED})
"""In flight: we, or the provider, still owe it something."""

WITH_THE_PROVIDER = (_S.ACCEPTED, _S.SENT)
"""Taken by the provider and not at an end, in order: more may be told, unless its channel says no more."""

LEFT = frozenset(State) - {_S.QUEUED, _S.CLAIMED, _S.HELD}
"""States in which the request may have left us, whatever became of it."""

FINAL_BY_PROVIDER = frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.EXPIRED, _S.FAILED, _S.REJECTED})
"""Final words a provider may speak, and, where its guide says the last one counts, speak again."""

_WAY = (*WITH_THE_PROVIDER, _S.DELIVERED)
"""What a message that arrives goes through, in order."""


@cache
def passed_over(before: State, to: State) -> frozenset[State]:
    """States that a message has been through though nobody told of them: a later word proves them.

    Whose answer was lost, or comes after the status, is never told to be accepted; what is delivered was accepted.
    """
    reached = _S.DELIVERED if to is _S.UNDELIVERED else to
    if reached not in _WAY:
        return frozenset()
    begun = _WAY.index(before) + 1 if before in _WAY else 0
    return frozenset(_WAY[begun : _WAY.index(reached)])


def may_move(
    current: State, to: State, *, last_word_wins: bool = False, sends_again: bool = False, taken_back: bool = False
) -> bool:
    """Whether the table allows the move.

    `last_word_wins` is the declared property of an adapter whose guide says a later final status replaces an earlier
    one (Bulk360 v2, "Delivery notification"). `sends_again` is somebody's word that an unknown message may be sent a
    second time: a person who resolved it so, or a mapping that says ``may_send_twice: true``. `taken_back` is a
    provider's word that a message it held until its date will not go out: it never left, and is held here.
    """
    if to in MOVES[current]:
        return True
    if sends_again and current is State.UNKNOWN and to is State.CLAIMED:
        return True
    if taken_back and current in (State.ACCEPTED, State.UNKNOWN) and to is State.HELD:
        return True
    return last_word_wins and current in FINAL_BY_PROVIDER and to in FINAL_BY_PROVIDER and current is not to
