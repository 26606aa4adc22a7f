"""Tokens → claims in the CRM: first ones, and those that lapse while their messages wait.

Whose record was not looked at for long is looked at before it is claimed, for a person may have withdrawn or corrected
it: nothing else asks the CRM between a claim and its message's sending.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.errors import BudgetSpent, CRMError, ExchangeError
from connector.model.failures import Failure
from connector.model.records import RecordWrite, WriteCause, WriteEnd, WriteResult
from connector.model.states import State
from connector.store import claims, intake, outbox
from connector.store.outbox import Move
from connector.sync.changed_records import endings_of, look
from connector.sync.parts import Parts, backoff
from connector.sync.record_consent import drafts_say
from connector.sync.settle import settle, tell

log = structlog.get_logger()

_AT_ONCE = 2000
_BELIEVED_FOR = timedelta(minutes=1)
"""How long after it was read a record is claimed as it was read."""


def claim(parts: Parts, mapping: RecordMapping) -> int:
    """Writes the claims whose tokens are committed and unconfirmed: those just read, and those a crash left.

    Raises:
        LeaseHeld: this process lost its lease; nothing was written.
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft, QueryFault: the org cannot be asked now.
    """
    claimed, believed = 0, parts.clock() - _BELIEVED_FOR
    looked_at: set[str] = set()  # and not by their time alone, for a clock may be set back meanwhile
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            rows = claims.unconfirmed(connection, parts.org, mapping.name, parts.clock(), _AT_ONCE)
            if not rows:
                break
            parts.tenure.look(connection, parts.clock())
        if old := [row for row in rows if row.read_at < believed and row.id not in looked_at]:
            _make_anew(parts, mapping, old)
            looked_at.update(row.id for row in old)
            continue  # what still asks for its message is of now, and claimed in the next turn
        claimed += _write(parts, mapping, rows, State.QUEUED)
        if len(rows) < _AT_ONCE:
            break
    return claimed


def renew(parts: Parts, mapping: RecordMapping) -> int:
    """Renews claims that lapse before their messages could be sent, where their records still ask for them.

    The messages are taken away from who sends before that: what was sent, or held, meanwhile would have its record set
    back to the claim, and a person's change would be seen in that.

    Raises as `claim`; what was taken away waits until it comes off.
    """
    soon = parts.clock() + parts.timing.claim_lifetime / 2
    with parts.database.read() as connection:
        if not claims.any_expire(connection, parts.org, mapping.name, soon):
            return 0
    renewed, rank = 0, 0
    while not parts.stopping.is_set():
        now = parts.clock()
        with parts.database.begin() as connection:
            parts.tenure.check(connection, now)
            rows = claims.lapse(connection, parts.org, mapping.name, soon, now, after=rank, limit=_AT_ONCE)
        if still_asked_for := _end_others(parts, mapping, rows):
            renewed += _write(parts, mapping, still_asked_for, State.CLAIMED)
        if len(rows) < _AT_ONCE:
            break
        rank = rows[-1].rank
    return renewed


def _make_anew(parts: Parts, mapping: RecordMapping, rows: Sequence[Any]) -> None:
    """Makes queued messages of their records as they are now; who withdrew or deleted one has cancelled its message."""
    read_at = parts.clock()
    seen = look(parts, mapping, rows, read_at)
    now = parts.clock()
    reading = parts.reading(mapping.name, read_at, now)
    tokens = {row.id: row.claim_token for row in rows}
    cancelled = [Move(each, State.CANCELLED, "claim", why) for each, why in seen.ended.items()]
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        anew = {each: (item, tokens[each]) for each, item in seen.asked.items()}
        moved = intake.make_anew(connection, reading, anew, now)
        drafts_say(parts, connection, mapping, seen.drafts(), now)
        tell(parts, connection, moved, now)
        outbox.move(connection, cancelled, now)  # what a person wrote to the record stands
        outbox.left_queue(connection, list(seen.ended), read_at)
    _log_ended(mapping, len(cancelled))


def _end_others(parts: Parts, mapping: RecordMapping, rows: Sequence[Any]) -> list[Any]:
    """Those of the claimed messages whose records still ask for them as they are; the others are held or cancelled."""
    if not rows:
        return []
    asked_at = parts.clock()
    seen = look(parts, mapping, rows, asked_at)
    ended = dict(endings_of(parts, mapping, rows, seen, asked_at))
    now = parts.clock()
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        drafts_say(parts, connection, mapping, seen.drafts(), now)
        settle(parts, connection, [ending.move for ending in ended.values() if ending.told], now)
        # what a person wrote to the record stands
        outbox.move(connection, [ending.move for ending in ended.values() if not ending.told], now)
    _log_ended(mapping, len(ended))
    return [row for row in rows if row.id not in ended]


def _log_ended(mapping: RecordMapping, count: int) -> None:
    if count:
        log.info("waiting_records_changed", mapping=mapping.name, count=count)


def _write(parts: Parts, mapping: RecordMapping, rows: Sequence[Any], state: State) -> int:
    expires = parts.clock() + parts.timing.claim_lifetime
    wanted = [
        RecordWrite(
            object=mapping.object,
            record_id=row.record_id,
            fields=mapping.claim_fields(row.claim_token, expires, row.fields),
            cause=WriteCause.CLAIM,
        )
        for row in rows
    ]
    try:
        results = parts.crm.write(wanted)
    except BudgetSpent:
        raise
    except (CRMError, ExchangeError) as error:
        results = [WriteResult(WriteEnd.PASSING, failure=Failure(type(error).__name__, str(error)))] * len(rows)
        log.warning("claims_put_off", mapping=mapping.name, size=len(rows), reason=str(error))
    return _note(parts, rows, results, expires, state)


def _note(parts: Parts, rows: Sequence[Any], results: Sequence[WriteResult], expires: datetime, state: State) -> int:
    now = parts.clock()
    ends = {end: [row for row, result in zip(rows, results, strict=True) if result.end is end] for end in WriteEnd}
    held = [
        Move(row.id, State.HELD, "claim", result.failure or Failure("CLAIM", "the claim could not be written"))
        for row, result in zip(rows, results, strict=True)
        if result.end in (WriteEnd.PARKED, WriteEnd.FIELD_LOST)
    ]
    gone = Failure("DELETED", "the record was deleted before its message was sent")
    taken = Failure("TAKEN", "another daemon has claimed the record")
    moves = [Move(row.id, State.CANCELLED, "claim", gone) for row in ends[WriteEnd.GONE]] + held
    lost: list[Move] = []
    if state is State.CLAIMED:
        lost = [Move(row.id, State.CANCELLED, "claim", taken) for row in ends[WriteEnd.HELD_BY_ANOTHER]]
    else:
        moves += [Move(row.id, State.CLAIMED, "claim confirmed") for row in ends[WriteEnd.DONE]]
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        claims.confirm(connection, [row.id for row in ends[WriteEnd.DONE]], expires, now)
        if state is State.QUEUED:
            claims.drop(connection, [row.id for row in ends[WriteEnd.HELD_BY_ANOTHER]])
        outbox.put_off(connection, [row.id for row in ends[WriteEnd.PASSING]], now + backoff(0))
        settle(parts, connection, moves, now)
        outbox.move(connection, lost, now)  # the record is the other daemon's to write to
    return len(ends[WriteEnd.DONE])
