"""Records that ask for what they have had sent: a mapping that finds again what it has sent would send for ever."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Executable, Row, Subquery, and_, bindparam, or_, select, tuple_

from connector.model.failures import Failure
from connector.model.messages import Draft, merge
from connector.model.states import State
from connector.store.batches import of_rows
from connector.store.outbox import MESSAGE

OFTEN = 2
"""How often the same message may leave for the same record `WITHIN`; a person seldom asks for a third."""
WITHIN = timedelta(days=1)
REPEATED = Failure(
    "REPEATED",
    f"this very message has been sent {OFTEN} times for this record within a day, and a mapping whose `where` finds "
    "again what it has sent would send it for ever; see that the claim or the end takes the record out of `where`. "
    "Change the text if it shall go out again",
)

_LEFT = (State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.FAILED, State.UNKNOWN)

Key = tuple[str, str]


def among(connection: Connection, org: str, asking: Mapping[Key, Draft], now: datetime) -> set[Key]:
    """The records, by object and id, whose message has left `OFTEN` times as it would again, or is held for that.

    One that is held stays so until it says something else, or goes to somebody else, however long that takes.
    """
    if not asking:
        return set()
    named = [{"object": name, "record_id": at} for name, at in asking]
    found = of_rows(connection, _rounds, MESSAGE, ("object", "record_id"), named, org=org, since=now - WITHIN)
    same = [row for row in found if _says(asking[row.object, row.record_id]) == _said(row)]
    held = {(row.object, row.record_id) for row in same if row.state == State.HELD}
    left = Counter((row.object, row.record_id) for row in same if row.state != State.HELD)
    return held | {key for key, times in left.items() if times >= OFTEN}


def _rounds(named: Subquery) -> Executable:
    left = and_(
        MESSAGE.c.state.in_(_LEFT),
        MESSAGE.c.attempt_id.is_not(None),
        MESSAGE.c.created_at >= bindparam("since", type_=MESSAGE.c.created_at.type),
    )
    held = and_(MESSAGE.c.state == State.HELD, MESSAGE.c.failure_code == REPEATED.code)
    columns = ("object", "record_id", "state", "to_number", "channel", "pieces", "values", "content")
    these = tuple_(MESSAGE.c.object, MESSAGE.c.record_id).in_(select(named.c.object, named.c.record_id))
    return select(MESSAGE.c[columns]).where(MESSAGE.c.org == bindparam("org"), these, or_(left, held))


def _says(draft: Draft) -> tuple[Any, ...]:
    return draft.to, draft.channel, draft.text, orjson.loads(orjson.dumps(dict(draft.content)))


def _said(row: Row[Any]) -> tuple[Any, ...]:
    return row.to_number, row.channel, merge(tuple(row.pieces), tuple(row.values)), row.content
