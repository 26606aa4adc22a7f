"""Unknown outcomes: what a crash left in the air becomes unknown, and what a listing shows settles it."""

import structlog

from connector.model.failures import Failure, Fault
from connector.model.states import State
from connector.store import attempts, inbox, open_batches
from connector.store.attempts import AttemptEnd
from connector.store.outbox import Move
from connector.sync.parts import Parts
from connector.sync.poll import ask
from connector.sync.settle import settle

log = structlog.get_logger()

_BATCHES_AT_ONCE = 20
_IDS_AT_ONCE = 500
_UNNOTED = Failure(
    "INTERRUPTED",
    "what the provider answered to this message could not be noted; nobody knows whether it was sent",
    Fault.US,
)
_STAYED = "not sent: the store failed while the attempt was committed"


def mark_interrupted(parts: Parts) -> int:
    """At a start, before anything is sent: attempts of a process that is gone may have left, so they are unknown.

    To be called once, right after the lease was taken and before this process dispatches.
    """
    now = parts.clock()
    doubt = Failure(
        "INTERRUPTED",
        "the connector stopped while this message was being sent; nobody knows whether it was",
        Fault.US,
    )
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = attempts.interrupted(connection)
        moves = [Move(row.id, State.UNKNOWN, "interrupted", doubt, attempt_id=row.attempt_id) for row in rows]
        settle(parts, connection, moves, now)
        attempts.end_interrupted(connection, sorted({row.attempt_id for row in rows if row.attempt_id}), now)
    if rows:
        log.warning("attempts_interrupted", count=len(rows))
    return len(rows)


def take_up_broken_off(parts: Parts, account: str) -> int:
    """Settles what a round of sending left open when it failed in the midst; gives how many messages.

    What was given to a sender may have left, so it is unknown. What never was, for the store failed while its attempts
    were committed, is sent by the next round. To be called when nothing of the account is under way; asks nothing of
    the store unless a round has failed.

    Raises:
        LeaseHeld: this process lost its lease; nothing was changed.
    """
    if account not in parts.broken_off:
        return 0
    now, may_have_left = parts.clock(), parts.broken_off[account]
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = attempts.unended(connection, parts.run, account)
        doubtful = [row for row in rows if row.attempt_id in may_have_left]
        stayed = [row for row in rows if row.attempt_id not in may_have_left]
        moves = [Move(row.id, State.UNKNOWN, "interrupted", _UNNOTED, attempt_id=row.attempt_id) for row in doubtful]
        moves += [Move(row.id, State.CLAIMED, "never_left", attempt_id=row.attempt_id) for row in stayed]
        settle(parts, connection, moves, now)
        attempts.end_interrupted(connection, sorted({row.attempt_id for row in doubtful}), now)
        unsent = sorted({row.attempt_id for row in stayed})
        attempts.end(connection, [AttemptEnd(each, "never_left", now, error=_STAYED, poll_at=now) for each in unsent])
    del parts.broken_off[account]
    if rows:
        log.warning("round_broken_off", account=account, unknown=len(doubtful), sent_anew=len(stayed))
    return len(rows)


def reconcile(parts: Parts, account: str) -> int:
    """Looks an account's batches of unknown outcome up in the provider's own listing, where it has one.

    A listing settles a message only by showing it; absence proves nothing, for listings lag.
    """
    provider = parts.providers[account]
    if not provider.capability.lists_sendings:
        return 0
    told = identify_parked(parts, account)
    with parts.database.read() as connection:
        batches = open_batches.due_for_poll(connection, account, (State.UNKNOWN,), parts.clock(), _BATCHES_AT_ONCE)
    for batch in batches:
        now = parts.clock()
        begun = batch.on_its_way_since
        again = max(now, begun) + max(parts.timing.first_poll, (now - begun) / 2)
        with parts.database.begin() as connection:
            open_batches.polled(connection, [(batch.reference, again)])  # before asking, as in `poll_statuses`
        told += ask(parts, account, provider.resolve(batch))
    return told


def identify_parked(parts: Parts, account: str) -> int:
    """Asks whose messages parked news is about that names an attempt of ours and a message id we never learned."""
    with parts.database.read() as connection:
        named = inbox.unidentified(connection, account, _IDS_AT_ONCE)
    return ask(parts, account, parts.providers[account].identify(named)) if named else 0
