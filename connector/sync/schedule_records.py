"""What their records say of messages that are claimed, or held by a provider, before their date."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from connector.crm import soql
from connector.mapping.record_mapping import RecordMapping
from connector.model.failures import Failure, Retry
from connector.model.messages import Channel, Draft, Refusal
from connector.model.records import RecordQuery
from connector.model.states import State
from connector.store.outbox import Move
from connector.sync.comparing import always_written, same
from connector.sync.parts import Parts
from connector.sync.schedule import ahead

_AT_ONCE = 400
"""Records asked for by their ids in one query, whose address may hold some 700 with few other fields."""

_CHANGED = Failure(
    "CHANGED", "the record was changed before its message was due; set it back to be sent, if it shall be"
)
_GONE = Failure("DELETED", "the record was deleted before its message was due, or the connector may no longer see it")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a message ends that must not go out as it is. `told`: its record is written what becomes of it; a record
    that a person changed or deleted is left as it is."""

    move: Move
    told: bool = True


def endings(parts: Parts, rows: Sequence[Any], now: datetime) -> dict[str, Ending]:
    """Our id to its ending, for messages whose record no longer asks for them as they are; rows as `schedule.held`.

    Raises:
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft, QueryFault: the org cannot be asked now.
    """
    found: dict[str, Ending] = {}
    for name, group in groupby(sorted(rows, key=_mapping_of), key=_mapping_of):
        mapping = parts.mappings.get(name)
        if mapping is None:
            continue  # whose records are read by a file that is not there: `connector.sync.settle` has sounded for it
        mine = list(group)
        for start in range(0, len(mine), _AT_ONCE):
            found.update(_of_mapping(parts, mapping, mine[start : start + _AT_ONCE], now))
    return found


def _mapping_of(row: Any) -> str:
    name: str = row.mapping
    return name


def _of_mapping(
    parts: Parts, mapping: RecordMapping, rows: Sequence[Any], now: datetime
) -> Iterator[tuple[str, Ending]]:
    words = [each for state in (None, *{State(row.state) for row in rows}) for each in _words(mapping, state)]
    fields = tuple(dict.fromkeys(("Id", *mapping.read_fields, *words)))
    records = {
        record["Id"]: record
        for condition in soql.in_lists("Id", [row.record_id for row in rows])
        for page in parts.crm.pages(RecordQuery(mapping.object, fields, condition))
        for record in page.records
    }
    for row in rows:
        record = records.get(row.record_id)
        if record is None:
            yield row.id, Ending(Move(row.id, State.CANCELLED, "record deleted", _GONE), told=False)
        elif not _is_ours(mapping, record, State(row.state)):
            yield row.id, Ending(Move(row.id, State.CANCELLED, "record changed", _CHANGED), told=False)
        elif (move := _if_asked_anew(parts, mapping, row, record, now)) is not None:
            yield row.id, Ending(move)


def _words(mapping: RecordMapping, state: State | None) -> dict[str, Any]:
    """The fields that the claim, and what is written for the state over it, set to the same in every record."""
    status = mapping.statuses.get(state) if state is not None else None
    return {**always_written(mapping.source.claim), **(always_written(status.set) if status is not None else {})}


def _is_ours(mapping: RecordMapping, record: Mapping[str, Any], state: State) -> bool:
    """Whether the record holds what we wrote to it: the state, or the claim while the state is still to be written."""
    return any(
        all(same(value, record.get(field)) for field, value in _words(mapping, word).items()) for word in (state, None)
    )


def _if_asked_anew(
    parts: Parts, mapping: RecordMapping, row: Any, record: Mapping[str, Any], now: datetime
) -> Move | None:
    """Holds a message whose record asks for another one now: it is made anew from the record when its moment comes."""
    made = mapping.draft(record, now)
    if isinstance(made, Draft) and not made.stop and _is_the_same(made, row):
        return None
    at = now
    if isinstance(made, Draft) and made.send_at is not None and not made.stop:
        at = max(now, made.send_at - ahead(parts, row.account, made.channel, mapping.name))
    why = made.failure.reason if isinstance(made, Refusal) else f"it is made anew {_written(at, now)}"
    failure = Failure("MOVED", f"the record was changed before its message was due; {why}", retry=Retry.LATER)
    return Move(row.id, State.HELD, "record changed", failure, not_before=at, taken_back=True)


def _is_the_same(made: Draft, row: Any) -> bool:
    said = (made.send_at, made.to, tuple(made.pieces), tuple(made.values), made.channel, made.sender)
    return said == (row.send_at, row.to_number, tuple(row.pieces), tuple(row.values), Channel(row.channel), row.sender)


def _written(at: datetime, now: datetime) -> str:
    return "at once" if at <= now else f"at {at:%Y-%m-%d %H:%M} UTC"
