"""CRM → outbox: reads what is queued, commits it with claim tokens, writes the claims, and confirms them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.errors import BudgetSpent, CRMError, ExchangeError, QueryFault
from connector.model.failures import Failure
from connector.model.messages import Draft
from connector.model.records import Page, RecordQuery, RecordWrite, WriteCause, WriteEnd, WriteResult
from connector.model.states import State
from connector.store import claims, intake, outbox, pauses
from connector.store.intake import Reading
from connector.store.outbox import Move
from connector.store.repeats import REPEATED
from connector.sync.parts import Parts, backoff
from connector.sync.record_consent import drafts_say
from connector.sync.schedule import ahead, furthest
from connector.sync.settle import settle, tell

log = structlog.get_logger()

_CLAIMS_AT_ONCE = 2000


@dataclass(slots=True)
class Pulled:
    """What one round of reading brought."""

    read: int = 0
    fresh: int = 0
    claimed: int = 0

    def __bool__(self) -> bool:
        return bool(self.fresh or self.claimed)


def pull(parts: Parts) -> Pulled:
    """Reads every mapping's queue, a page at a time, until the queues are empty or enough is waiting to be sent.

    A mapping the org refuses (an unknown field) is stopped with an alarm; the others go on. One that is paused is left.

    Raises:
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft: the org as a whole cannot be asked now.
    """
    pulled = Pulled()
    for mapping in parts.mappings.values():
        subject = f"mapping {mapping.name}"
        with parts.database.read() as connection:
            if pauses.mapping_paused(connection, mapping.name):
                continue
        try:
            _renew_claims(parts, mapping)
            pulled.claimed += _claim(parts, mapping)
            _pull_mapping(parts, mapping, pulled)
        except QueryFault as error:
            parts.alarms.sound(subject, f"{error} The mapping is stopped until it and the org agree again.")
        else:
            parts.alarms.settle(subject)
    return pulled


def _pull_mapping(parts: Parts, mapping: RecordMapping, pulled: Pulled) -> None:
    now = parts.clock()
    # what a provider may be given before it is due is read a second time as if it were: a `where` that compares with
    # {now} in both directions would otherwise lose what is due
    for query in dict.fromkeys((mapping.read(now), mapping.read(now + furthest(parts, mapping)))):
        _pull_query(parts, mapping, query, pulled)


def _pull_query(parts: Parts, mapping: RecordMapping, query: RecordQuery, pulled: Pulled) -> None:
    if parts.live.backlog_before:
        query = replace(query, fields=tuple(dict.fromkeys((*query.fields, "CreatedDate"))))
    for page in parts.crm.pages(query):
        if parts.stopping.is_set():
            return
        pulled.read += len(page.records)
        pulled.fresh += _take_in(parts, mapping, page)
        pulled.claimed += _claim(parts, mapping)
        with parts.database.read() as connection:
            if outbox.waiting(connection) >= parts.timing.high_water:
                return


def _take_in(parts: Parts, mapping: RecordMapping, page: Page) -> int:
    now = parts.clock()
    read = [mapping.draft(record, now) for record in page.records]
    due = [item for item in read if not (isinstance(item, Draft) and _waits(parts, mapping, item, now))]
    reading = Reading(
        org=parts.org,
        mapping=mapping.name,
        run=parts.run,
        read_at=page.read_at,
        claim_expires=now + parts.timing.claim_lifetime,
        last_words=parts.last_words(),
        backlog=_backlog(page, parts.live.backlog_before),
    )
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        taken = intake.take_in(connection, reading, due, now)
        drafts_say(parts, connection, mapping, [item for item in due if isinstance(item, Draft)], now)
        tell(parts, connection, taken.moved, now)
    if repeated := sum(step.move.failure is REPEATED for step in taken.moved):
        parts.alarms.sound(f"repeats of {mapping.name}", f"Held, of {repeated:,} records: {REPEATED.reason}.")
    return taken.fresh + taken.again


def _waits(parts: Parts, mapping: RecordMapping, item: Draft, now: datetime) -> bool:
    """Whether the record keeps its message until later: until it is due, or may be given to who holds it until then."""
    if item.send_at is None or item.send_at <= now:
        return False
    early = ahead(parts, item.accounts[0], item.channel, mapping.name) if item.accounts else timedelta()
    return item.send_at > now + early


def _backlog(page: Page, before: datetime | None) -> frozenset[str]:
    """The ids of the records that were made before then."""
    if before is None:
        return frozenset()
    return frozenset(record["Id"] for record in page.records if datetime.fromisoformat(record["CreatedDate"]) < before)


def _claim(parts: Parts, mapping: RecordMapping) -> int:
    """Writes the claims whose tokens are committed and unconfirmed: those just read, and those a crash left."""
    claimed = 0
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            rows = claims.unconfirmed(connection, parts.org, mapping.name, parts.clock(), _CLAIMS_AT_ONCE)
            if not rows:
                break
            parts.tenure.check(connection, parts.clock())
        claimed += _write_claims(parts, mapping, rows, State.QUEUED)
        if len(rows) < _CLAIMS_AT_ONCE:
            break
    return claimed


def _renew_claims(parts: Parts, mapping: RecordMapping) -> None:
    """Renews claims that lapse before their messages could be sent.

    They are taken away from who sends before they are written: what was sent, or held, meanwhile would have its record
    set back to the claim, and a person's change would be seen in that.
    """
    now = parts.clock()
    soon = now + parts.timing.claim_lifetime / 2
    with parts.database.read() as connection:
        if not claims.expiring(connection, parts.org, mapping.name, soon, limit=1):
            return
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = claims.lapse(connection, parts.org, mapping.name, soon, _CLAIMS_AT_ONCE, now)
    if rows:
        _write_claims(parts, mapping, rows, State.CLAIMED)


def _write_claims(parts: Parts, mapping: RecordMapping, rows: Sequence[Any], state: State) -> int:
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
    return _note_claims(parts, rows, results, expires, state)


def _note_claims(
    parts: Parts, rows: Sequence[Any], results: Sequence[WriteResult], expires: datetime, state: State
) -> int:
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
