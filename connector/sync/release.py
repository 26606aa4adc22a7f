"""Held → queued: messages whose moment has come are read again and taken up, unless their record was changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.errors import QueryFault
from connector.model.failures import Failure
from connector.model.messages import Draft, Refusal
from connector.model.records import RecordQuery
from connector.model.states import State
from connector.store import holds, intake, outbox, pauses
from connector.store.outbox import Move
from connector.sync.changed_records import AT_ONCE, by_id
from connector.sync.parts import Parts
from connector.sync.settle import tell

log = structlog.get_logger()

_CHANGED = Failure(
    "CHANGED", "the record was changed while its message was held; set it back to be sent, if it shall be"
)
_GONE = Failure("DELETED", "the record was deleted while its message was held, or the connector may no longer see it")


def release(parts: Parts) -> int:
    """Takes up every held message whose moment has come; gives how many were queued again.

    Each is made anew from its record as it is now, so that what was mended or withdrawn meanwhile counts. A record that
    no longer holds what we wrote to it when its message was held was changed by a person: its message is cancelled and
    the record left alone; or, where it asks for a message again, `connector.sync.pull` takes it up.

    Raises:
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft: the org cannot be asked now.
        LeaseHeld: this process lost its lease.
    """
    released = 0
    for mapping in parts.mappings.values():
        subject = f"held messages of {mapping.name}"
        try:
            released += _release_mapping(parts, mapping)
        except QueryFault as error:
            parts.alarms.sound(subject, f"{error} They stay held until the mapping and the org agree again.")
        else:
            parts.alarms.settle(subject)
    return released


def _release_mapping(parts: Parts, mapping: RecordMapping) -> int:
    released, rank = 0, 0
    now = parts.clock()
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            full = outbox.waiting(connection) >= parts.timing.high_water
            if full or pauses.mapping_paused(connection, mapping.name):
                return released
            rows = holds.due(connection, parts.org, mapping.name, now, rank, AT_ONCE)
        if not rows:
            return released
        released += _release(parts, mapping, {row.record_id: row.id for row in rows})
        rank = rows[-1].rank
    return released


def _release(parts: Parts, mapping: RecordMapping, ids: Mapping[str, str]) -> int:
    """`ids` is the record's id to ours."""
    read_at = parts.clock()
    held = mapping.while_held()
    fields = tuple(dict.fromkeys((*mapping.read_fields, *held)))
    records = by_id(parts, RecordQuery(mapping.object, fields), ids)
    changed = [record_id for record_id, record in records.items() if not _holds(record, held)]
    waiting = by_id(parts, replace(mapping.read(read_at), fields=("Id",)), changed)
    now = parts.clock()
    ready = {ids[each]: mapping.draft(record, now) for each, record in records.items() if each not in changed}
    dropped = {ids[each]: _CHANGED for each in changed if each not in waiting}
    dropped |= {message_id: _GONE for record_id, message_id in ids.items() if record_id not in records}
    return _commit(parts, mapping, read_at, ready, dropped)


def _holds(record: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    # the org keeps an empty text as null
    return all(record.get(name) == (None if value == "" else value) for name, value in held.items())


def _commit(
    parts: Parts,
    mapping: RecordMapping,
    read_at: datetime,
    ready: Mapping[str, Draft | Refusal],
    dropped: Mapping[str, Failure],
) -> int:
    now = parts.clock()
    reading = parts.reading(mapping.name, read_at, now)
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        tokens = holds.still_due(connection, [*ready, *dropped], now)
        taken = {each: (item, tokens[each]) for each, item in ready.items() if each in tokens}
        moved = intake.release(connection, reading, taken, now)
        tell(parts, connection, moved, now)
        cancelled = [Move(each, State.CANCELLED, "release", why) for each, why in dropped.items() if each in tokens]
        outbox.move(connection, cancelled, now)  # what a person wrote to the record stands
    if cancelled:
        log.info("held_records_changed", mapping=mapping.name, count=len(cancelled))
    return len(taken) - len(moved)
