"""Messages: the one function that moves them, and the questions the verbs ask of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, Subquery, and_, exists, func, or_, select

from connector.model.failures import Failure
from connector.model.messages import Channel, Message
from connector.model.records import WriteCause
from connector.model.states import State, may_move
from connector.store import pauses
from connector.store.batches import amend, of_ids, put
from connector.store.tables import CrmWrite, MessageEvent, OutboxMessage

MESSAGE: Any = OutboxMessage.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
EVENT: Any = MessageEvent.__table__  # type: ignore[attr-defined]
_WRITE: Any = CrmWrite.__table__  # type: ignore[attr-defined]

_SENT_AS = ("account", "attempt_id", "provider_id", "provider_batch", "tries")
"""How a message was sent: written only where it changes, for most of it stands in an index."""

_MOVED = MESSAGE.c["id", "state", "mapping", *_SENT_AS]
"""What a move asks of a message."""

_TOLD = MESSAGE.c["org", "object", "record_id", "to_number", "pieces", "values", "channel", "sender", "fields"]
"""What the CRM is told of it."""

_NOT_SENT = {"attempt_id": None, "provider_id": None, "provider_batch": None}

SENT = MESSAGE.c[
    "id", "state_at", "to_number", "country", "pieces", "values", "channel", "sender", "campaign", "send_at",
    "expires_at", "content", "accounts", "tries", "failure_code", "mapping", "parts", "kind", "read_at"
]  # fmt: skip
"""What sending asks of a message."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of state that is asked for. What is None stays as it is; a failure goes with the state.

    `happened_at` is when the other side says it happened; `word` its own word for it. A message that is `taken_back`
    forgets the attempt that was taken back, for no news of it is the message's any more.
    """

    message_id: str
    to: State
    cause: str
    failure: Failure | None = None
    happened_at: datetime | None = None
    word: str | None = None
    attempt_id: str | None = None
    provider_id: str | None = None
    provider_batch: str | None = None
    account: str | None = None
    not_before: datetime | None = None
    last_word_wins: bool = False
    sends_again: bool = False
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of state that took place. `row` is the message as it was before this batch of moves."""

    row: Row[Any]
    move: Move
    from_state: State


def move(connection: Connection, moves: Sequence[Move], now: datetime, *, to_tell: bool = True) -> list[Moved]:
    """Moves messages: the one door for state.

    Asks the table of moves for each, in the order given; writes one event row a move, and one for each move that is
    not allowed, which changes nothing. Three statements, however many moves. Gives the moves that took place; their
    rows have what the CRM is told of only if there is something `to_tell`.
    """
    if not moves:
        return []
    rows = _locked(connection, {wanted.message_id for wanted in moves}, _to_tell if to_tell else _to_move)
    states = {message_id: State(row.state) for message_id, row in rows.items()}
    moved: list[Moved] = []
    events: list[dict[str, Any]] = []
    for wanted in moves:
        row = rows.get(wanted.message_id)
        if row is None:
            continue
        current = states[wanted.message_id]
        allowed = may_move(
            current,
            wanted.to,
            last_word_wins=wanted.last_word_wins,
            sends_again=wanted.sends_again,
            taken_back=wanted.taken_back,
        )
        events.append(_event(wanted, current, allowed, now))
        if allowed:
            states[wanted.message_id] = wanted.to
            moved.append(Moved(row, wanted, current))
    amend(connection, MESSAGE, _changes(rows, moved, now))
    put(connection, EVENT, events)
    return moved


def _locked(connection: Connection, ids: set[str], query: Callable[[Subquery], Executable]) -> dict[str, Row[Any]]:
    # in order of id, so that two movers of the same rows wait for each other instead of locking each other out
    return {row.id: row for row in of_ids(connection, query, MESSAGE, sorted(ids)).all()}


def _to_move(named: Subquery, more: Iterable[Any] = ()) -> Executable:
    query = select(*_MOVED, *more).where(MESSAGE.c.id.in_(select(named.c.id))).order_by(MESSAGE.c.id)
    return query.with_for_update()


def _to_tell(named: Subquery) -> Executable:
    return _to_move(named, _TOLD)


def _event(wanted: Move, current: State, allowed: bool, now: datetime) -> dict[str, Any]:
    return {
        "message_id": wanted.message_id,
        "at": now,
        "happened_at": wanted.happened_at,
        "from_state": current,
        "to_state": wanted.to,
        "moved": allowed,
        "cause": wanted.cause,
        "attempt_id": wanted.attempt_id,
        "word": wanted.word,
        "code": wanted.failure.code if wanted.failure else None,
        "reason": wanted.failure.reason if wanted.failure else None,
    }


def _changes(rows: dict[str, Row[Any]], moved: Sequence[Moved], now: datetime) -> list[dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {}
    for step in moved:
        wanted = step.move
        before = changes.get(wanted.message_id) or rows[wanted.message_id]._mapping
        sent_as = _NOT_SENT if wanted.taken_back else before
        changes[wanted.message_id] = {
            "id": wanted.message_id,
            "state": wanted.to,
            "state_at": wanted.happened_at or now,
            "account": wanted.account or before["account"],
            "attempt_id": wanted.attempt_id or sent_as["attempt_id"],
            "provider_id": wanted.provider_id or sent_as["provider_id"],
            "provider_batch": wanted.provider_batch or sent_as["provider_batch"],
            "not_before": wanted.not_before,
            "tries": before["tries"] + (wanted.to is State.ATTEMPTING),
            "failure_code": wanted.failure.code if wanted.failure else None,
            "failure_reason": wanted.failure.reason if wanted.failure else None,
        }
    same = {name for name in _SENT_AS if all(getattr(rows[each], name) == new[name] for each, new in changes.items())}
    return [{name: new[name] for name in new if name not in same} for new in changes.values()]


def learn_ids(connection: Connection, ids: Sequence[tuple[str, str]]) -> None:
    """Keeps the provider's ids of messages that news told, (ours, theirs), without touching their state."""
    amend(connection, MESSAGE, [{"id": message_id, "provider_id": theirs} for message_id, theirs in dict(ids).items()])


def put_off(connection: Connection, ids: Sequence[str], until: datetime) -> None:
    """Leaves messages where they are until `until`."""
    amend(connection, MESSAGE, [{"id": message_id, "not_before": until} for message_id in ids])


def as_message(row: Row[Any]) -> Message:
    """The row as adapters see it."""
    return Message(
        id=row.id,
        to=row.to_number,
        country=row.country,
        pieces=tuple(row.pieces),
        values=tuple(row.values),
        channel=Channel(row.channel),
        sender=row.sender,
        campaign=row.campaign,
        send_at=row.send_at,
        expires_at=row.expires_at,
        content=row.content,
    )


def rows(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """Whole messages by our id."""
    if not ids:
        return {}
    return {row.id: row for row in of_ids(connection, _whole, MESSAGE, ids).all()}


def _whole(named: Subquery) -> Executable:
    return select(MESSAGE).where(MESSAGE.c.id.in_(select(named.c.id)))


def overtaken(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the messages whose record has begun a newer round: their news may no longer write to its status."""
    return set(of_ids(connection, _with_newer_round, MESSAGE, ids).scalars())


def _with_newer_round(named: Subquery) -> Executable:
    newer = MESSAGE.alias("newer")
    return select(MESSAGE.c.id).where(
        MESSAGE.c.id.in_(select(named.c.id)),
        exists().where(
            newer.c.org == MESSAGE.c.org,
            newer.c.object == MESSAGE.c.object,
            newer.c.record_id == MESSAGE.c.record_id,
            newer.c.round > MESSAGE.c.round,
        ),
    )


def left_queue(connection: Connection, ids: Sequence[str], seen_at: datetime) -> None:
    """Notes that the CRM confirmed a status of these messages: what is read as queued later, a person put there."""
    amend(connection, MESSAGE, [{"id": message_id, "left_queue_at": seen_at} for message_id in ids])


def counts(connection: Connection, *, run: str | None = None) -> dict[State, int]:
    """How many messages stand in each state; every state is there."""
    query = select(MESSAGE.c.state, func.count()).group_by(MESSAGE.c.state)
    if run is not None:
        query = query.where(MESSAGE.c.run == run)
    found = {State(state): number for state, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in State}


def counts_by_account(connection: Connection) -> dict[tuple[str, Channel], dict[State, int]]:
    """Messages by account (an empty name where none was reached) and channel, and state."""
    table: dict[tuple[str, Channel], dict[State, int]] = {}
    columns = (MESSAGE.c.account, MESSAGE.c.channel, MESSAGE.c.state)
    for account, channel, state, number in connection.execute(select(*columns, func.count()).group_by(*columns)):
        table.setdefault((account or "", Channel(channel)), {})[State(state)] = number
    return table


def waiting(connection: Connection) -> int:
    """Messages read and not yet attempted: how full we are.

    Paused ones do not count, or they would stop the others; nor do those whose record another daemon had claimed.
    """
    waits = and_(MESSAGE.c.state.in_([State.QUEUED, State.CLAIMED]), MESSAGE.c.claim_token.is_not(None))
    return connection.execute(select(func.count()).where(waits, ~pauses.waits(MESSAGE))).scalar_one()


def history(connection: Connection, message_id: str) -> tuple[Row[Any] | None, Sequence[Row[Any]], Sequence[Row[Any]]]:
    """A message by our id, its provider's id or its record's id (the newest), with its events and its CRM writes."""
    row = connection.execute(
        select(MESSAGE)
        .where(or_(MESSAGE.c.id == message_id, MESSAGE.c.provider_id == message_id, MESSAGE.c.record_id == message_id))
        .order_by(MESSAGE.c.round.desc())
        .limit(1)
    ).first()
    if row is None:
        return None, (), ()
    events = connection.execute(select(EVENT).where(EVENT.c.message_id == row.id).order_by(EVENT.c.id)).all()
    writes = connection.execute(select(_WRITE).where(_WRITE.c.message_id == row.id).order_by(_WRITE.c.id)).all()
    return row, events, writes


def with_open_status_write(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the messages that still owe their record a status, or owe it for good because the write was parked."""
    return set(of_ids(connection, _owing_status, MESSAGE, ids).scalars())


def _owing_status(named: Subquery) -> Executable:
    return select(_WRITE.c.message_id).where(
        _WRITE.c.message_id.in_(select(named.c.id)),
        _WRITE.c.cause == WriteCause.STATUS,
        _WRITE.c.standing != "done",
    )


def unknown_since(connection: Connection, mapping: str, before: datetime, limit: int) -> Sequence[str]:
    """Messages of a mapping whose outcome has been unknown since before then, oldest first."""
    query = (
        select(MESSAGE.c.id)
        .where(MESSAGE.c.state == State.UNKNOWN, MESSAGE.c.mapping == mapping, MESSAGE.c.state_at <= before)
        .order_by(MESSAGE.c.state_at)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()
