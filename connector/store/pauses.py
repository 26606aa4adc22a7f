"""Pauses: what a person has told to wait, asked in the very statements that choose what is read and sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select, true, update

from connector.model.scopes import Scope
from connector.model.states import State
from connector.store.batches import put
from connector.store.tables import OutboxMessage, Pause

PAUSE: Any = Pause.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_MESSAGE: Any = OutboxMessage.__table__  # type: ignore[attr-defined]


def pause(connection: Connection, scope: Scope, name: str, why: str, now: datetime) -> bool:
    """Makes an account, a mapping or everything (whose name is empty) wait; false when it did already."""
    row = {"scope": scope, "name": name, "why": why, "since": now}
    return bool(put(connection, PAUSE, [row], unless=["scope", "name"], returning=["name"]))


def resume(connection: Connection, scope: Scope, name: str) -> bool:
    """Lets it go on; false when it was not paused.

    The claims of what waited have lapsed since the pause began: they are renewed, and their records looked at for that,
    before anything is sent. Whoever paused it may have done so to correct or withdraw what waits.
    """
    ended = delete(PAUSE).where(PAUSE.c.scope == scope, PAUSE.c.name == name).returning(PAUSE.c.since)
    since = connection.execute(ended).scalar()
    if since is None:
        return False
    # locked in order of id, as by all who change many messages, so that nobody waits in a circle
    claimed = and_(_MESSAGE.c.state == State.CLAIMED, _MESSAGE.c.claim_expires > since, _of(scope, name))
    waited = select(_MESSAGE.c.id).where(claimed).order_by(_MESSAGE.c.id).with_for_update().cte("waited")
    lapse = update(_MESSAGE).where(_MESSAGE.c.id.in_(select(waited.c.id)))
    connection.execute(lapse.values(claim_expires=since))
    return True


def _of(scope: Scope, name: str) -> Any:
    """The condition that a message is an account's, a mapping's or any."""
    columns = {Scope.ACCOUNT: _MESSAGE.c.account, Scope.MAPPING: _MESSAGE.c.mapping}
    return columns[scope] == name if scope in columns else true()


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
