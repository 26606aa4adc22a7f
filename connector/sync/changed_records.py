"""What the records of messages that wait, or that a provider holds until their date, say by now.

A person may have withdrawn, corrected or deleted a record since its message was made of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson

from connector.crm import soql
from connector.mapping.record_mapping import RecordMapping
from connector.model.failures import Failure, Retry
from connector.model.messages import Channel, Draft, Refusal
from connector.model.records import RecordQuery
from connector.model.states import State
from connector.model.stop_words import STOP_CONFIRMATION
from connector.store.outbox import Move
from connector.store.schedule import HANDED_OVER
from connector.sync.comparing import always_written, same
from connector.sync.parts import Parts
from connector.sync.schedule import ahead, furthest

AT_ONCE = 400
"""Records asked for by their ids in one query, whose address may hold some 700 with few other fields."""

_WITH_US = (State.QUEUED, State.CLAIMED)

_CHANGED = Failure(
    "CHANGED", "the record was changed before its message went out; set it back to be sent, if it shall be"
)
_GONE = Failure("DELETED", "the record was deleted before its message went out, or the connector may no longer see it")


@dataclass(frozen=True, slots=True)
class Look:
    """What records say now, by our id: `asked` is the message that each asks for, or why it makes none; `ended` is why
    a message is cancelled whose record a person deleted, or changed so that it asks for none."""

    asked: dict[str, Draft | Refusal] = field(default_factory=dict)
    ended: dict[str, Failure] = field(default_factory=dict)

    def drafts(self) -> list[Draft]:
        """The messages asked for."""
        return [item for item in self.asked.values() if isinstance(item, Draft)]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a message ends that must not go out as it is. `told`: its record is written what becomes of it; a record
    that a person changed or deleted is left as it is."""

    move: Move
    told: bool = True


def look(parts: Parts, mapping: RecordMapping, rows: Sequence[Any], now: datetime) -> Look:
    """Reads the records of a mapping's messages by their ids, 400 a request.

    Rows have ``id``, ``record_id``, ``state`` and ``tries``. A record that no longer holds what we wrote was changed by
    a person; where it is in the queue and its message still waits with us, it asks for that message.

    Raises:
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft, QueryFault: the org cannot be asked now.
    """
    found = Look()
    for start in range(0, len(rows), AT_ONCE):
        _look(parts, mapping, rows[start : start + AT_ONCE], now, found)
    return found


def endings(parts: Parts, rows: Sequence[Any], now: datetime) -> dict[str, Ending]:
    """Our id to its ending, for messages whose record no longer asks for them as they are; rows as `schedule.held`.

    Raises as `look`.
    """
    found: dict[str, Ending] = {}
    for name, group in groupby(sorted(rows, key=_mapping_of), key=_mapping_of):
        mapping = parts.mappings.get(name)
        if mapping is None:
            continue  # whose records are read by a file that is not there: `connector.sync.settle` has sounded for it
        mine = list(group)
        found.update(endings_of(parts, mapping, mine, look(parts, mapping, mine, now), now))
    return found


def endings_of(
    parts: Parts, mapping: RecordMapping, rows: Sequence[Any], seen: Look, now: datetime
) -> Iterator[tuple[str, Ending]]:
    """What a look at claimed messages, or at some that a provider holds, ends: each with our id.

    Rows have what sending asks, and ``state`` and ``account``.
    """
    for row in rows:
        if why := seen.ended.get(row.id):
            cause = "record deleted" if why is _GONE else "record changed"
            yield row.id, Ending(Move(row.id, State.CANCELLED, cause, why), told=False)
        elif (move := _if_asked_anew(parts, mapping, row, seen.asked[row.id], now)) is not None:
            yield row.id, Ending(move)


def by_id(parts: Parts, query: RecordQuery, ids: Sequence[str] | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The records of a query that have these ids, at most `AT_ONCE`."""
    return {
        record["Id"]: record
        for named in soql.in_lists("Id", ids)
        for page in parts.crm.pages(_among(query, named))
        for record in page.records
    }


def _among(query: RecordQuery, named: str) -> RecordQuery:
    where = f"({query.where}) AND {named}" if query.where.strip() else named
    return RecordQuery(query.object, query.fields, where)


def _mapping_of(row: Any) -> str:
    name: str = row.mapping
    return name


def _look(parts: Parts, mapping: RecordMapping, rows: Sequence[Any], now: datetime, found: Look) -> None:
    words = [each for row in rows for left in _left_by(row) for each in _words(mapping, left)]
    fields = tuple(dict.fromkeys(("Id", *mapping.read_fields, *words)))
    records = by_id(parts, RecordQuery(mapping.object, fields), [row.record_id for row in rows])
    changed = [row for row in rows if row.record_id in records and not _is_ours(mapping, records[row.record_id], row)]
    queued = _in_queue(parts, mapping, [row.record_id for row in changed if row.state in _WITH_US], now)
    gone_on = {row.id for row in changed if row.record_id not in queued}
    for row in rows:
        record = records.get(row.record_id)
        if record is None:
            found.ended[row.id] = _GONE
        elif row.id in gone_on:
            found.ended[row.id] = _CHANGED
        else:
            found.asked[row.id] = mapping.draft(record, now)


def _in_queue(parts: Parts, mapping: RecordMapping, ids: Sequence[str], now: datetime) -> set[str]:
    """Those of the records that ask for a message now, or for one that may be given to a provider before it is due."""
    found: set[str] = set()
    for query in dict.fromkeys(mapping.read(at) for at in (now, now + furthest(parts, mapping))):
        if left := [each for each in ids if each not in found]:
            found |= by_id(parts, RecordQuery(query.object, ("Id",), query.where), left).keys()
    return found


def _left_by(row: Any) -> tuple[State | None, ...]:
    """The states of which a message's record may still hold what was written; None is the claim."""
    state = State(row.state)
    if state is State.QUEUED:
        return None, State.HELD  # it was released, and its claim not written yet
    if state is State.CLAIMED and row.tries:
        return None, state, State.UNKNOWN  # it is sent again
    return None, state


def _words(mapping: RecordMapping, state: State | None) -> dict[str, Any]:
    """The fields that the claim, and what is written for the state over it, set to the same in every record."""
    status = mapping.statuses.get(state) if state is not None else None
    return {**always_written(mapping.source.claim), **(always_written(status.set) if status is not None else {})}


def _is_ours(mapping: RecordMapping, record: Mapping[str, Any], row: Any) -> bool:
    """Whether the record holds what we wrote to it: the state, or the claim while the state is still to be written."""
    return any(
        all(same(value, record.get(field)) for field, value in _words(mapping, left).items()) for left in _left_by(row)
    )


def _if_asked_anew(parts: Parts, mapping: RecordMapping, row: Any, made: Draft | Refusal, now: datetime) -> Move | None:
    """Holds a message whose record asks for another one now: it is made anew from the record when its moment comes."""
    stopped = isinstance(made, Draft) and bool(made.stop) and made.kind != STOP_CONFIRMATION
    if isinstance(made, Draft) and not stopped and _is_the_same(made, row):
        return None
    at = now
    if isinstance(made, Draft) and made.send_at is not None and not stopped:
        at = max(now, made.send_at - ahead(parts, row.account, made.channel, mapping.name))
    why = made.failure.reason if isinstance(made, Refusal) else f"it is made anew {_written(at, now)}"
    failure = Failure("MOVED", f"the record was changed before its message went out; {why}", retry=Retry.LATER)
    taken_back = row.state in HANDED_OVER
    return Move(row.id, State.HELD, "record changed", failure, not_before=at, taken_back=taken_back)


def _is_the_same(made: Draft, row: Any) -> bool:
    said = (made.send_at, made.to, tuple(made.pieces), tuple(made.values), made.channel, made.sender)
    kept = (row.send_at, row.to_number, tuple(row.pieces), tuple(row.values), Channel(row.channel), row.sender)
    return said == kept and orjson.loads(orjson.dumps(dict(made.content))) == row.content


def _written(at: datetime, now: datetime) -> str:
    return "at once" if at <= now else f"at {at:%Y-%m-%d %H:%M} UTC"
