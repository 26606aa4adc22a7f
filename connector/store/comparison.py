"""What the store says, in the form in which it is compared with the CRM and the providers' listings. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from connector.model.records import WriteCause
from connector.model.states import State
from connector.store.attempts import ATTEMPT
from connector.store.batches import incoming
from connector.store.db import Database
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What the CRM confirmed of one message's record, later values over earlier ones. `gone`: it has been deleted."""

    fields: Mapping[str, Any]
    gone: bool = False


def status_told(connection: Connection, ids: Sequence[str]) -> dict[str, Told]:
    """By message, what its settled status writes told the CRM."""
    named = incoming(connection, MESSAGE, ["id"], [{"id": message_id} for message_id in ids])
    query = (
        select(WRITE.c.message_id, WRITE.c.fields, WRITE.c.set_aside, WRITE.c.error_code)
        .where(
            WRITE.c.message_id.in_(select(named.c.id)), WRITE.c.cause == WriteCause.STATUS, WRITE.c.standing == "done"
        )
        .order_by(WRITE.c.id)
    )
    told: dict[str, Told] = {}
    for row in connection.execute(query):
        before = told.get(row.message_id, Told({}))
        fields = {name: value for name, value in row.fields.items() if name not in (row.set_aside or ())}
        told[row.message_id] = Told({**before.fields, **fields}, before.gone or row.error_code == "ENTITY_IS_DELETED")
    return told


def known_records(connection: Connection, org: str, object_name: str, record_ids: Sequence[str]) -> set[str]:
    """Those of the records that a message of ours was ever made of."""
    named = incoming(connection, MESSAGE, ["record_id"], [{"record_id": each} for each in record_ids])
    query = select(MESSAGE.c.record_id).where(
        MESSAGE.c.org == org, MESSAGE.c.object == object_name, MESSAGE.c.record_id.in_(select(named.c.record_id))
    )
    return set(connection.execute(query).scalars())


def known_attempts(connection: Connection, references: Sequence[str]) -> set[str]:
    """Those of the references that are attempts of ours."""
    named = incoming(connection, ATTEMPT, ["id"], [{"id": each} for each in references])
    return set(connection.execute(select(ATTEMPT.c.id).where(ATTEMPT.c.id.in_(select(named.c.id)))).scalars())


def unwritten(database: Database, until: datetime, accounts: Sequence[str] | None) -> Iterator[Any]:
    """Writes owed since before `until` and not settled, or settled but for some fields, by id; `accounts` None: all."""
    conditions = [WRITE.c.created_at < until, or_(WRITE.c.standing != "done", WRITE.c.set_aside.is_not(None))]
    if accounts is not None:
        of_accounts = select(MESSAGE.c.id).where(MESSAGE.c.account.in_(list(accounts)))
        conditions.append(WRITE.c.message_id.in_(of_accounts))
    after = 0
    while True:
        query = select(WRITE).where(*conditions, WRITE.c.id > after).order_by(WRITE.c.id).limit(_AT_ONCE)
        with database.read() as connection:
            rows = connection.execute(query).all()
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


def in_doubt(
    connection: Connection, account: str, since: datetime, until: datetime
) -> Sequence[tuple[str, datetime, int]]:
    """Attempts of an account in [since, until) with messages of unknown outcome: reference, time, how many."""
    query = (
        select(ATTEMPT.c.id, ATTEMPT.c.started_at, func.count())
        .join(MESSAGE, MESSAGE.c.attempt_id == ATTEMPT.c.id)
        .where(
            MESSAGE.c.state == State.UNKNOWN,
            ATTEMPT.c.account == account,
            ATTEMPT.c.started_at >= since,
            ATTEMPT.c.started_at < until,
        )
        .group_by(ATTEMPT.c.id, ATTEMPT.c.started_at)
        .order_by(ATTEMPT.c.id)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
