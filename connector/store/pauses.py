"""Pauses: what a person has told to wait, asked in the very statements that choose what is read and sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select

from connector.model.scopes import Scope
from connector.store.batches import put
from connector.store.tables import Pause

PAUSE: Any = Pause.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


def pause(connection: Connection, scope: Scope, name: str, why: str, now: datetime) -> bool:
    """Makes an account, a mapping or everything (whose name is empty) wait; false when it did already."""
    row = {"scope": scope, "name": name, "why": why, "since": now}
    return bool(put(connection, PAUSE, [row], unless=["scope", "name"], returning=["name"]))


def resume(connection: Connection, scope: Scope, name: str) -> bool:
    """Lets it go on; false when it was not paused."""
    return connection.execute(delete(PAUSE).where(PAUSE.c.scope == scope, PAUSE.c.name == name)).rowcount == 1


def standing(connection: Connection) -> Sequence[Any]:
    """All that is paused, the oldest first: ``scope``, ``name``, ``why`` and ``since``."""
    return connection.execute(select(PAUSE).order_by(PAUSE.c.since, PAUSE.c.scope, PAUSE.c.name)).all()


def mapping_paused(connection: Connection, mapping: str) -> bool:
    """Whether a mapping's records may not be read or claimed now."""
    named = and_(PAUSE.c.scope == Scope.MAPPING, PAUSE.c.name == mapping)
    return bool(connection.execute(select(exists().where(or_(PAUSE.c.scope == Scope.EVERYTHING, named)))).scalar())


def waits(messages: Any) -> Any:
    """The condition that a row of `messages` (columns ``account``, ``mapping``) waits for a pause to end.

    Its three questions are none of the row's own, so that they are asked once a statement and not once a row.
    """
    return or_(
        exists().where(PAUSE.c.scope == Scope.EVERYTHING),
        func.coalesce(messages.c.account, "").in_(_named(Scope.ACCOUNT)),
        messages.c.mapping.in_(_named(Scope.MAPPING)),
    )


def _named(scope: Scope) -> Select[Any]:
    return select(PAUSE.c.name).where(PAUSE.c.scope == scope)
