"""Writes → CRM: what we owe, coalesced by record, settled row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.model.failures import Failure
from connector.model.records import WriteCause, WriteEnd, WriteResult
from connector.store import lost_fields, outbox, writes
from connector.store.lost_fields import Lost
from connector.store.writes import Settled
from connector.sync.field_watch import look_again, tell
from connector.sync.owing import Owing, by_record
from connector.sync.parts import Parts, backoff
from connector.sync.write_policy import WritePolicy

log = structlog.get_logger()

_AT_ONCE = 2000


@dataclass(slots=True)
class Pushed:
    """What one round of writing did, in write rows."""

    written: int = 0
    parked: int = 0
    put_off: int = 0

    def __bool__(self) -> bool:
        return self.written > 0


def push(parts: Parts) -> Pushed:
    """Writes what is due, 2,000 rows at a time; each row settles by its own record's result.

    Raises:
        BudgetSpent: the org's requests are used up; what was not written stays due.
        LeaseHeld: this process lost its lease; what it was about to write, or to note, is its successor's.
    """
    pushed = Pushed()
    lost: Lost = look_again(parts)
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            rows = writes.due(connection, parts.org, parts.clock(), _AT_ONCE)
            # a write tried before, or made due again by a person, may have been left behind by newer ones
            stale = writes.overwritten(connection, [row.id for row in rows if row.tries])
        if rows:
            lost = _push(parts, by_record(rows, stale), lost, pushed)
        if len(rows) < _AT_ONCE:
            break
    return pushed


def _push(parts: Parts, owing: Sequence[Owing], lost: Lost, pushed: Pushed) -> Lost:
    policy = WritePolicy(parts, lost)
    answered = [
        (item, result) for item, result in zip(owing, policy.carry_out(owing), strict=True) if result is not None
    ]
    now = parts.clock()
    settled = _Settling(policy, now).settle(answered)
    told = [
        row.message_id
        for item, result in answered
        for row in item.rows
        if item.result_of(row, result).end is WriteEnd.DONE and row.cause == WriteCause.STATUS and row.message_id
    ]
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        writes.settle(connection, settled, now)
        outbox.left_queue(connection, list(dict.fromkeys(told)), now)
        if policy.lost != lost:
            lost_fields.keep(connection, policy.lost.values(), now)
    pushed.written += sum(1 for item in settled if item.standing == "done")
    pushed.parked += sum(1 for item in settled if item.standing == "parked")
    pushed.put_off += sum(1 for item in settled if item.standing == "due")
    tell(parts, policy.lost)
    _tell_parked([each for item, result in answered for each in (*item.refused.values(), result)])
    if policy.spent is not None:
        raise policy.spent
    return policy.lost


class _Settling:
    """From results to how each row ends. Those kept out by one record's lock come back together."""

    def __init__(self, policy: WritePolicy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._waits: dict[str, timedelta] = {}

    def settle(self, answered: Sequence[tuple[Owing, WriteResult]]) -> list[Settled]:
        """One row's end for each row of each record."""
        return [self._of_row(item, row, result) for item, result in answered for row in item.rows]

    def _of_row(self, item: Owing, row: Any, of_record: WriteResult) -> Settled:
        result = item.result_of(row, of_record)
        tries = row.tries + 1
        if result.end is WriteEnd.PASSING:
            parent = _lock_parent(row, result)
            wait = self._waits.setdefault(parent, backoff(row.tries)) if parent else backoff(row.tries)
            return Settled(row.id, "due", tries, result.failure, self._now + wait, row.set_aside, parent)
        if result.end is WriteEnd.GONE:
            return Settled(row.id, "done", tries, result.failure)
        if result.end is not WriteEnd.DONE and (row.id in item.refused or not item.says_nothing()):
            return Settled(row.id, "parked", tries, result.failure, set_aside=row.set_aside)
        set_aside = tuple(name for name in item.wanted(row) if name in item.set_aside) if item.set_aside else ()
        if not set_aside:
            return Settled(row.id, "done", tries, _failure_of_cut(item, row))
        standing = "parked" if set(set_aside) >= set(row.fields) else "done"
        return Settled(row.id, standing, tries, self._policy.failure_of_lost(item), set_aside=set_aside)


def _lock_parent(row: Any, result: WriteResult) -> str | None:
    if result.locked is None:
        return None
    return next(iter(result.locked), None) or row.record_id or row.key


def _failure_of_cut(item: Owing, row: Any) -> Failure | None:
    cut = sorted(item.cut & set(item.wanted(row))) if item.cut else ()
    if not cut:
        return None
    return Failure("VALUE_CUT", f"the text for {', '.join(cut)} was longer than the field holds; its end was cut off")


def _tell_parked(results: Sequence[WriteResult]) -> None:
    by_code: dict[str, list[str]] = {}
    for result in results:
        if result.end is WriteEnd.PARKED and result.failure:
            by_code.setdefault(result.failure.code, []).append(result.failure.reason)
    for code, reasons in by_code.items():
        log.warning("writes_parked", code=code, count=len(reasons), reason=reasons[0])
