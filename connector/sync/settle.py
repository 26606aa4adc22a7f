"""Moves messages and owes the CRM what the mappings say of it, in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from connector.model.failures import Failure
from connector.model.messages import StateChange, merge
from connector.model.records import RecordWrite, WriteCause
from connector.model.states import State, passed_over
from connector.store import inbox, outbox, writes
from connector.store.db import Transaction
from connector.store.outbox import Move, Moved
from connector.store.writes import Owed
from connector.sync.parts import Parts


def settle(parts: Parts, connection: Transaction, moves: Sequence[Move], now: datetime) -> list[Moved]:
    """Makes the moves through the one door and commits, with them, what the CRM is to be told."""
    moved = outbox.move(connection, moves, now, to_tell=_may_tell(parts, moves))
    inbox.look_again(connection, _learned(moved), now)
    tell(parts, connection, moved, now)
    return moved


def _may_tell(parts: Parts, moves: Sequence[Move]) -> bool:
    """Whether any mapping has something to say of any of these moves, wherever they begin."""
    states = {wanted.to for wanted in moves}
    return any(mapping.tells(to, passed_over(State.QUEUED, to)) for mapping in parts.mappings.values() for to in states)


def _learned(moved: Sequence[Moved]) -> Iterator[tuple[str, str]]:
    """(account, the provider's id) of messages whose id came with their move."""
    for step in moved:
        account, theirs = step.move.account or step.row.account, step.move.provider_id
        if account and theirs and theirs != step.row.provider_id:
            yield account, theirs


def tell(parts: Parts, connection: Transaction, moved: Sequence[Moved], now: datetime) -> None:
    """Owes the CRM what the mappings say of changes already made.

    A message whose record has begun a newer round no longer writes to the record's status.
    """
    owed: list[Owed] = []
    for step in moved:
        mapping = parts.mappings.get(step.row.mapping)
        if mapping is None:
            parts.alarms.sound(
                f"mapping {step.row.mapping}",
                "no mapping of that name is loaded any more, and messages of it are on their way: what becomes of "
                "them is not written to their records. Put its file back, then run `connector reconcile`.",
            )
            continue
        if mapping.tells(step.move.to, passed_over(step.from_state, step.move.to)):
            owed.extend(
                Owed(write, step.row.mapping, step.row.id) for write in mapping.on_change(change_of(parts, step, now))
            )
    late = outbox.overtaken(connection, [item.message_id for item in owed if item.message_id]) if owed else set()
    writes.owe(connection, parts.org, [item for item in owed if not _outdated(item, late)], now)


def _outdated(item: Owed, late: set[str]) -> bool:
    write: RecordWrite = item.write
    return write.cause is WriteCause.STATUS and item.message_id in late


def change_of(parts: Parts, step: Moved, now: datetime) -> StateChange:
    """A move as mappings see it."""
    row, wanted = step.row, step.move
    account = wanted.account or row.account
    provider = parts.providers.get(account) if account else None
    failure: Failure | None = wanted.failure
    return StateChange(
        message_id=row.id,
        object=row.object,
        record_id=row.record_id,
        state=wanted.to,
        at=wanted.happened_at or now,
        to=row.to_number,
        text=merge(tuple(row.pieces), tuple(row.values)),
        channel=row.channel,
        sender=row.sender,
        account=account,
        provider=provider.name if provider else None,
        provider_id=wanted.provider_id or row.provider_id or wanted.provider_batch or row.provider_batch,
        failure=failure,
        reason=failure.reason if failure else "",
        fields=row.fields,
        passed=passed_over(step.from_state, wanted.to),
    )
