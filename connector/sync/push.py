"""Writes → CRM: what we owe, coalesced by record, settled row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from connector.model.errors import BudgetSpent, CRMError, ExchangeError
from connector.model.failures import Failure
from connector.model.records import RecordWrite, WriteCause, WriteEnd, WriteResult
from connector.store import outbox, writes
from connector.store.writes import Settled
from connector.sync.parts import Parts, backoff

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


@dataclass(slots=True)
class _Owing:
    """All rows due for one record, and the one write that settles them: later values win, field by field."""

    rows: list[Any] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)

    def write(self) -> RecordWrite:
        first = self.rows[0]
        return RecordWrite(
            first.object, self.fields, first.record_id, first.key_field, first.key, WriteCause(first.cause)
        )


def push(parts: Parts) -> Pushed:
    """Writes what is due, 2,000 rows at a time; each row settles by its own record's result.

    Raises:
        BudgetSpent: the org's requests are used up; everything stays due.
    """
    pushed = Pushed()
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            rows = writes.due(connection, parts.org, parts.clock(), _AT_ONCE)
            # a write tried before, or made due again by a person, may have been left behind by newer ones
            stale = writes.overwritten(connection, [row.id for row in rows if row.tries])
        if rows:
            _push(parts, rows, stale, pushed)
        if len(rows) < _AT_ONCE:
            break
    return pushed


def _push(parts: Parts, rows: Sequence[Any], stale: Mapping[int, set[str]], pushed: Pushed) -> None:
    owing = _by_record(rows, stale)
    try:
        results = _written(parts, owing)
    except BudgetSpent:
        raise
    except (CRMError, ExchangeError) as error:
        log.warning("writes_put_off", size=len(rows), reason=str(error))
        results = [WriteResult(WriteEnd.PASSING, failure=Failure(type(error).__name__, str(error)))] * len(owing)
    now = parts.clock()
    settled = [_settled(row, result, now) for item, result in zip(owing, results, strict=True) for row in item.rows]
    told = [
        row.message_id
        for item, result in zip(owing, results, strict=True)
        for row in item.rows
        if result.end is WriteEnd.DONE and row.cause == WriteCause.STATUS and row.message_id
    ]
    with parts.database.begin() as connection:
        writes.settle(connection, settled, now)
        outbox.left_queue(connection, list(dict.fromkeys(told)), now)
    pushed.written += sum(1 for item in settled if item.standing == "done")
    pushed.parked += sum(1 for item in settled if item.standing == "parked")
    pushed.put_off += sum(1 for item in settled if item.standing == "due")
    _tell(parts, owing, results)


def _written(parts: Parts, owing: Sequence[_Owing]) -> list[WriteResult]:
    """What became of each; one of which nothing is left to tell is done."""
    said = [item for item in owing if item.fields]
    results = iter(parts.crm.write([item.write() for item in said]) if said else ())
    return [next(results) if item.fields else WriteResult(WriteEnd.DONE) for item in owing]


def _by_record(rows: Sequence[Any], stale: Mapping[int, set[str]]) -> list[_Owing]:
    owing: dict[tuple[str, str | None, str | None, str | None], _Owing] = {}
    for row in rows:
        item = owing.setdefault((row.object, row.record_id, row.key_field, row.key), _Owing())
        item.rows.append(row)
        left_behind = stale.get(row.id, ())
        item.fields.update({name: value for name, value in row.fields.items() if name not in left_behind})
    return list(owing.values())


def _settled(row: Any, result: WriteResult, now: Any) -> Settled:
    if result.end in (WriteEnd.DONE, WriteEnd.GONE):
        return Settled(row.id, "done", row.tries + 1, result.failure)
    if result.end is WriteEnd.PASSING:
        return Settled(row.id, "due", row.tries + 1, result.failure, now + backoff(row.tries))
    return Settled(row.id, "parked", row.tries + 1, result.failure)


def _tell(parts: Parts, owing: Sequence[_Owing], results: Sequence[WriteResult]) -> None:
    lost = {
        (item.rows[0].mapping, result.failure.reason)
        for item, result in zip(owing, results, strict=True)
        if result.end is WriteEnd.FIELD_LOST and result.failure
    }
    for mapping, reason in lost:
        parts.alarms.sound(f"writes of {mapping}", f"{reason} The writes are parked: see `connector writes list`.")
    parked = [result for result in results if result.end is WriteEnd.PARKED and result.failure]
    for code in {result.failure.code for result in parked if result.failure}:
        of_code = [result.failure for result in parked if result.failure and result.failure.code == code]
        log.warning("writes_parked", code=code, count=len(of_code), reason=of_code[0].reason)
