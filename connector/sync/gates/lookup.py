"""The gate of lookups: who must be looked up before the send waits for that, by what the store holds and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.mapping.expression import ExpressionFault
from connector.mapping.lookups import LookupPart
from connector.model.failures import Failure, Fault, Retry
from connector.model.lookups import kind_of
from connector.model.states import State
from connector.store import lookups, outbox, writes
from connector.store.db import Transaction
from connector.store.lookups import Target
from connector.store.outbox import Move
from connector.store.writes import Owed
from connector.sync.parts import Parts

FAILURE_STANDS = timedelta(hours=1)
"""How long a lookup that came to nothing is not asked for again, whoever is sent to."""

LOOKUP_STOP = "LOOKUP_STOP"
LOOKUP_FAILED = "LOOKUP_FAILED"
LOOKUP_CAP_REACHED = "LOOKUP_CAP_REACHED"

_STATES_NOTHING = "it says nothing"


@dataclass(slots=True)
class _Sorted:
    """A batch by what its lookups say: `moves` as a gate gives them, messages that wait and until when, recipients to
    ask about, and messages whose lookup is known."""

    moves: dict[str, Move | None] = field(default_factory=dict)
    waiting: list[tuple[str, Target, datetime]] = field(default_factory=list)
    wanted: set[Target] = field(default_factory=set)
    known: list[tuple[Any, LookupPart, Any]] = field(default_factory=list)

    def decide(self, row: Any, part: LookupPart, found: Any) -> None:
        """A lookup that is known stops the message, or lets it pass."""
        self.known.append((row, part, found))
        if (move := _stopped(row, part, found)) is not None:
            self.moves[row.id] = move

    def wait(self, row: Any, part: LookupPart, found: Any | None, now: datetime) -> None:
        """A lookup that may still come is waited for, and asked for where it is not."""
        target = part.account, row.to_number
        is_open = found is not None and found.settled_at is None
        begun = found.requested_at if found is not None and is_open else now
        if not is_open:
            self.wanted.add(target)
        self.waiting.append((row.id, target, begun + part.wait))
        self.moves[row.id] = None


def lookup(
    parts: Parts, connection: Transaction, _: str, rows: Sequence[Any], now: datetime
) -> Mapping[str, Move | None]:
    """Those whose lookup stops them, those held without one or until a cap has room for it, and those that wait for it.

    A result is asked for once an account and recipient. It is written to the record of each message once.
    """
    asking = [(row, part) for row in rows if (part := _part_of(parts, row)) is not None]
    if not asking:
        return {}
    there = lookups.found(connection, {(part.account, row.to_number) for row, part in asking})
    batch = _Sorted()
    for row, part in asking:
        found = there.get((part.account, row.to_number))
        if found is not None and _is_fresh(found, part, now):
            batch.decide(row, part, found)
        elif found is not None and found.settled_at is None and found.room_at is not None and found.room_at > now:
            batch.moves[row.id] = _held_by_cap(row, found)
        elif (failure := _failure(parts, part, row, found, now)) is None:
            batch.wait(row, part, found, now)
        elif part.holds_on_failure:
            batch.moves[row.id] = _held(row, failure, now)
    lookups.ask_for(connection, batch.wanted, now)
    lookups.wait(connection, batch.waiting)
    _tell(parts, connection, batch.known, now)
    return batch.moves


def _part_of(parts: Parts, row: Any) -> LookupPart | None:
    mapping = parts.mappings.get(row.mapping)
    return mapping.lookup if mapping is not None else None


def _is_fresh(found: Any, part: LookupPart, now: datetime) -> bool:
    return found.known_at is not None and found.known_at + part.keep > now


def _failure(parts: Parts, part: LookupPart, row: Any, found: Any | None, now: datetime) -> str | None:
    """Why the lookup cannot be had, in words that go on from "the lookup …"; None where it may still come."""
    capability = part.asked.capability
    kind = kind_of(row.to_number)
    if capability is None or part.account not in parts.providers or not capability.finds(kind, row.country):
        where = f" of {row.country}" if row.country else ""
        return f"is not to be had, for {part.account} looks no {kind} up{where}"
    if found is None:
        return None
    if found.settled_at is None:
        said = f"; the last try ended so: {found.error}" if found.error else ""
        return f"did not come in time from {part.account}{said}" if found.requested_at + part.wait <= now else None
    if found.standing == "failed" and found.settled_at + FAILURE_STANDS > now:
        return f"at {part.account} failed: {found.error}"
    return None


def _held(row: Any, why: str, now: datetime) -> Move:
    until = now + FAILURE_STANDS
    reason = (
        f"the lookup {why.rstrip('.')}; the mapping holds messages without one (`on_failure: hold`), and this one is "
        f"tried again at {until:%Y-%m-%d %H:%M} UTC"
    )
    return Move(
        row.id, State.HELD, "lookup", Failure(LOOKUP_FAILED, reason, Fault.PROVIDER, Retry.LATER), not_before=until
    )


def _held_by_cap(row: Any, found: Any) -> Move:
    """A lookup that may not be asked for yet is waited for, whatever the mapping says of lookups that fail."""
    failure = Failure(LOOKUP_CAP_REACHED, found.error, retry=Retry.LATER)
    return Move(row.id, State.HELD, "lookup", failure, not_before=found.room_at)


def _stopped(row: Any, part: LookupPart, found: Any) -> Move | None:
    told = lookups.known(found)
    try:
        if not part.stops(told):
            return None
    except ExpressionFault as fault:
        reason = f"the mapping's `lookup.stop` cannot be decided: {fault}; mend it and set the record back"
        failure = Failure("expression_failed", reason, Fault.MAPPING, Retry.WHEN_MENDED)
        return Move(row.id, State.HELD, "lookup", failure)
    said = ", ".join(_in_words(told.named)) or _STATES_NOTHING
    source = part.stop.source.strip() if part.stop is not None else ""
    reason = f"the recipient's lookup at {part.account} stops it ({source}): {said}"
    return Move(row.id, State.REJECTED, "lookup", Failure(LOOKUP_STOP, reason, Fault.RECIPIENT))


def _in_words(named: Mapping[str, Any]) -> Iterator[str]:
    """What was told, but for what may name the person or repeat the number."""
    for name in ("valid", "line_type", "carrier", "country", "result"):
        value = named.get(f"lookup.{name}")
        if value is not None:
            yield f"{name.replace('_', ' ')} {str(value).lower() if isinstance(value, bool) else value}"


def _tell(parts: Parts, connection: Transaction, known: Sequence[tuple[Any, LookupPart, Any]], now: datetime) -> None:
    """Owes the records what their mappings write of a lookup; a record is told once a message."""
    if not known:
        return
    done = lookups.told(connection, [row.id for row, _, _ in known])
    left = {row.id: (part, found) for row, part, found in known if row.id not in done}
    whole = outbox.rows(connection, list(left))
    owed = []
    for message_id, (part, found) in left.items():
        row = whole[message_id]
        told = part.writes(row.object, row.record_id, lookups.known(found), row.fields, found.known_at)
        owed += [Owed(write, row.mapping, message_id) for write in told]
    writes.owe(connection, parts.org, owed, now)
    lookups.tell(connection, [(each, (part.account, whole[each].to_number)) for each, (part, _) in left.items()], now)
