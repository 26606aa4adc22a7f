"""Records read as queued become messages: which are new, which are the same, and which begin a new round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, Subquery, bindparam, select

from connector.model.capability import LastWord
from connector.model.failures import Failure
from connector.model.messages import Draft, Refusal
from connector.model.states import FINAL, State
from connector.model.stop_words import STOP_CONFIRMATION
from connector.store import repeats
from connector.store.batches import amend, of_rows, put
from connector.store.db import new_id
from connector.store.outbox import EVENT, MESSAGE, Move, Moved, move, with_open_status_write

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


_ROUND: Any = MESSAGE.alias("round")


@dataclass(frozen=True, slots=True)
class Reading:
    """Where and when records were read. `read_at` is the time just before the page was asked for.

    `claim_expires` is until when the claim written for them shall hold. `last_words` are where messages have reached
    their end though they are not reported as delivered. `backlog` names the
    records that were made before the connector first met the org: a first message of theirs is held.
    """

    org: str
    mapping: str
    run: str
    read_at: datetime
    claim_expires: datetime
    last_words: frozenset[LastWord]
    backlog: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a page: `fresh` messages, `again` ones read again, `skipped` records, and the moves made."""

    fresh: int
    again: int
    skipped: int
    moved: list[Moved]


def take_in(connection: Connection, reading: Reading, read: Sequence[Draft | Refusal], now: datetime) -> TakenIn:
    """Commits a page of records as messages with their claim tokens.

    A record whose message is open, whose claim is unconfirmed or which is still owed a status is the same message and
    stays as it is. A new round begins only when the message had ended, our write was seen in the CRM, and the page
    was read after that: then a person set the record back, or its mapping finds what it has sent (`store.repeats`).
    Records that make no message are moved to ``rejected``, ``held`` or ``expired`` right away, by the one door.
    """
    by_record = {(item.object, item.record_id): item for item in read}
    latest = _latest(connection, reading.org, list(by_record))
    owing = with_open_status_write(connection, [row.id for row in latest.values()])
    asking = {key: item for key, item in by_record.items() if isinstance(item, Draft) and _asks_again(latest.get(key))}
    repeated = repeats.among(connection, reading.org, asking, now)
    fresh: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    reopened: list[Move] = []
    rank = int((now - _EPOCH).total_seconds() * 1000) << 12
    for place, (key, item) in enumerate(by_record.items()):
        row = latest.get(key)
        if row is None or _begins_anew(row, reading, owing):
            ours = {"id": new_id(), "round": row.round + 1 if row else 1}
            # our own last claim may not have run out yet, and the org lets nobody but its holder have the record
            token = row.claim_token if row and row.claim_token else ours["id"]
            fresh.append(_row(item, reading, now, rank + place) | ours | {"claim_token": token})
        elif row.state == State.QUEUED and row.claim_token is None:
            again.append(_again(item, reading, row.id, row.claim_token))
        elif row.state == State.HELD and _set_back(row, reading, owing) and key not in repeated:
            again.append(_again(item, reading, row.id, row.claim_token))
            reopened.append(Move(row.id, State.QUEUED, "read again"))
    created = _create(connection, fresh, now)
    move(connection, reopened, now)
    amend(connection, MESSAGE, again)
    ids = {(row["object"], row["record_id"]): row["id"] for row in created}
    read_again = {row["id"] for row in again}
    ids |= {key: row.id for key, row in latest.items() if row.id in read_again}
    backlog = {row["id"] for row in created if row["round"] == 1 and row["record_id"] in reading.backlog}
    moves = (
        _at_once(by_record[key], at, now)
        or (Move(at, State.HELD, "read again", repeats.REPEATED) if key in repeated else None)
        or (_backlog(at) if at in backlog else None)
        for key, at in ids.items()
    )
    moved = move(connection, [wanted for wanted in moves if wanted], now)
    return TakenIn(len(created), len(again), len(by_record) - len(created) - len(again), moved)


def release(
    connection: Connection, reading: Reading, held: Mapping[str, tuple[Draft | Refusal, str | None]], now: datetime
) -> list[Moved]:
    """Takes held messages up again, by our id with the claim token they had, as their records read now.

    The caller has locked them and made sure that they are held. Gives the moves to ``rejected``, ``held`` or
    ``expired`` of those that may not be sent after all; the others are queued and wait for their claim.
    """
    move(connection, [Move(message_id, State.QUEUED, "released") for message_id in held], now)
    return make_anew(connection, reading, held, now)


def make_anew(
    connection: Connection, reading: Reading, queued: Mapping[str, tuple[Draft | Refusal, str | None]], now: datetime
) -> list[Moved]:
    """Makes queued messages anew, by our id with the claim token they have, as their records read now.

    Gives the moves to ``rejected``, ``held`` or ``expired`` of those that may not be sent after all.
    """
    amend(connection, MESSAGE, [_again(item, reading, each, token) for each, (item, token) in queued.items()])
    moves = (_at_once(item, message_id, now) for message_id, (item, _) in queued.items())
    return move(connection, [wanted for wanted in moves if wanted], now)


def _latest(connection: Connection, org: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    named = [{"object": name, "record_id": at} for name, at in keys]
    found = of_rows(connection, _newest_round, MESSAGE, ("object", "record_id"), named, org=org)
    return {(row.object, row.record_id): row for row in found}


def _newest_round(named: Subquery) -> Executable:
    # the newest round is looked up record by record, by the index of what makes a message one: joined instead, SQLite
    # may go through all messages for each record
    newest = (
        select(_ROUND.c.id)
        .where(
            _ROUND.c.org == bindparam("org"),
            _ROUND.c.object == named.c.object,
            _ROUND.c.record_id == named.c.record_id,
        )
        .order_by(_ROUND.c.round.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(
        MESSAGE.c.id,
        MESSAGE.c.object,
        MESSAGE.c.record_id,
        MESSAGE.c.round,
        MESSAGE.c.state,
        MESSAGE.c.account,
        MESSAGE.c.channel,
        MESSAGE.c.claim_token,
        MESSAGE.c.left_queue_at,
        MESSAGE.c.failure_code,
    ).select_from(named.join(MESSAGE, MESSAGE.c.id == newest))
    # locked, in order of id, so that what is decided here still holds when it is written
    return query.order_by(MESSAGE.c.id).with_for_update(of=MESSAGE)


def _asks_again(row: Row[Any] | None) -> bool:
    """Whether a record's newest round is one that its own earlier ones may forbid."""
    if row is None:
        return False
    return row.failure_code == repeats.REPEATED.code if row.state == State.HELD else bool(row.round >= repeats.OFTEN)


def _begins_anew(row: Row[Any], reading: Reading, owing: set[str]) -> bool:
    state = State(row.state)
    ended = state in FINAL or (row.account, row.channel, state) in reading.last_words
    return ended and _set_back(row, reading, owing)


def _set_back(row: Row[Any], reading: Reading, owing: set[str]) -> bool:
    return row.left_queue_at is not None and reading.read_at > row.left_queue_at and row.id not in owing


def _row(item: Draft | Refusal, reading: Reading, now: datetime, rank: int) -> dict[str, Any]:
    return {
        "org": reading.org,
        "object": item.object,
        "record_id": item.record_id,
        "mapping": reading.mapping,
        "run": reading.run,
        "state": State.QUEUED,
        "state_at": now,
        "rank": rank,
        "tries": 0,
        "created_at": now,
        "left_queue_at": None,
        **_read(item, reading),
    }


def _again(item: Draft | Refusal, reading: Reading, message_id: str, token: str | None) -> dict[str, Any]:
    # our own last claim may not have run out yet, and the org lets nobody but its holder have the record
    return {"id": message_id, **_read(item, reading)} | {"claim_token": token or message_id}


def _read(item: Draft | Refusal, reading: Reading) -> dict[str, Any]:
    draft = item if isinstance(item, Draft) else None
    return {
        "to_number": draft.to if draft else "",
        "country": draft.country if draft else "",
        "pieces": list(draft.pieces) if draft else [""],
        "values": list(draft.values) if draft else [],
        "channel": draft.channel if draft else "sms",
        "sender": draft.sender if draft else None,
        "campaign": draft.campaign if draft else None,
        "kind": draft.kind if draft else None,
        "accounts": list(draft.accounts) if draft else [],
        "account": draft.accounts[0] if draft and draft.accounts else None,
        "encoding": draft.encoding if draft else None,
        "parts": draft.parts if draft else 0,
        "send_at": draft.send_at if draft else None,
        "expires_at": draft.expires_at if draft else None,
        "content": dict(draft.content) if draft else {},
        "fields": dict(item.fields),
        "read_at": reading.read_at,
        "claim_token": None,
        "claim_expires": reading.claim_expires,
        "not_before": None,
    }


def _create(connection: Connection, fresh: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    went_in = {
        row.id
        for row in put(connection, MESSAGE, fresh, unless=["org", "object", "record_id", "round"], returning=["id"])
    }
    created = [row for row in fresh if row["id"] in went_in]
    put(
        connection,
        EVENT,
        [
            {
                "message_id": row["id"],
                "at": now,
                "from_state": "",
                "to_state": State.QUEUED,
                "moved": True,
                "cause": "read",
            }
            for row in created
        ],
    )
    return created


def _backlog(message_id: str) -> Move:
    reason = (
        "it was queued before the connector was first started; set it back to be sent, if it still shall be, or let"
        " all such records be sent with send_backlog in the connector's settings"
    )
    return Move(message_id, State.HELD, "live fire", Failure("BACKLOG", reason))


def _at_once(item: Draft | Refusal, message_id: str, now: datetime) -> Move | None:
    if isinstance(item, Refusal):
        return Move(message_id, State.REJECTED, "mapping", item.failure)
    if item.stop and item.kind != STOP_CONFIRMATION:  # whether that one may leave, the gate of consent decides
        said = ", ".join(item.stop)
        reason = f"the recipient asked for no messages: {said} is set on the record"
        return Move(message_id, State.HELD, "consent", Failure("OPTED_OUT", reason, opted_out=True))
    if item.held_reason:
        return Move(message_id, State.HELD, "route", Failure("HELD", item.held_reason))
    if item.expires_at is not None and item.expires_at <= now:
        reason = f"the message was to be sent by {item.expires_at:%Y-%m-%d %H:%M} UTC and no longer is"
        return Move(message_id, State.EXPIRED, "validity", Failure("TOO_OLD", reason))
    return None
