"""The ledger of consent: who said stop, or start again, of which number, when, and what shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Select, Subquery, and_, bindparam, exists, func, or_, select, tuple_

from connector.model.consent import EVERYTHING, ConsentWord, kind_scope, sender_scope
from connector.model.messages import NewsKind
from connector.model.records import WriteCause
from connector.store.attempts import ATTEMPT
from connector.store.batches import incoming, of_rows, put
from connector.store.inbox import INBOX
from connector.store.outbox import MESSAGE
from connector.store.tables import Consent
from connector.store.writes import WRITE

CONSENT: Any = Consent.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that is about to leave: may it? `sender` and `kind` are its narrower scopes, where it has them."""

    message_id: str
    number: str
    sender: str | None = None
    kind: str | None = None

    def scopes(self) -> tuple[str, ...]:
        """Every scope that can stop it."""
        narrower = [sender_scope(self.sender)] if self.sender else []
        narrower += [kind_scope(self.kind)] if self.kind else []
        return (EVERYTHING, *narrower)


def note(connection: Connection, org: str, words: Sequence[ConsentWord]) -> None:
    """Adds words to the ledger, in the order given, in one statement."""
    put(
        connection,
        CONSENT,
        [
            {
                "org": org,
                "number": word.number,
                "scope": word.scope,
                "voice": word.voice,
                "stopped": word.stopped,
                "source": word.source,
                "evidence": dict(word.evidence),
                "at": word.at,
            }
            for word in words
        ],
    )


def stopped(connection: Connection, org: str, asked: Sequence[Asked]) -> dict[str, list[Any]]:
    """Message id to the words that stop it, the newest first; what nobody stops is left out. One statement."""
    pairs = {(item.number, scope) for item in asked for scope in item.scopes()}
    found: dict[tuple[str, str], list[Any]] = {}
    for row in _newest(connection, org, pairs, _newest_stops):
        found.setdefault((row.number, row.scope), []).append(row)
    stops: dict[str, list[Any]] = {}
    for item in asked:
        rows = [row for scope in item.scopes() for row in found.get((item.number, scope), ())]
        if rows:
            stops[item.message_id] = sorted(rows, key=lambda row: row.id, reverse=True)
    return stops


def standing(connection: Connection, org: str, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Number to voice to that voice's newest word on everything, be it stop or start. One statement."""
    found: dict[str, dict[str, Any]] = {}
    for row in _newest(connection, org, {(number, EVERYTHING) for number in numbers}, _newest_words):
        found.setdefault(row.number, {})[row.voice] = row
    return found


def _newest(
    connection: Connection, org: str, pairs: set[tuple[str, str]], query: Callable[[Subquery], Executable]
) -> Sequence[Any]:
    if not pairs:
        return ()
    wanted = [{"number": number, "scope": scope} for number, scope in sorted(pairs)]
    return of_rows(connection, query, CONSENT, ("number", "scope"), wanted, org=org).all()


def _newest_stops(named: Subquery) -> Executable:
    """Of the newest words those that stop: most numbers have a word of every record that holds them, and no stop."""
    return _newest_words(named).where(CONSENT.c.stopped)


def _newest_words(named: Subquery) -> Select[Any]:
    asked = tuple_(CONSENT.c.number, CONSENT.c.scope).in_(select(named.c.number, named.c.scope))
    newest = (
        select(func.max(CONSENT.c.id))
        .where(CONSENT.c.org == bindparam("org"), asked)
        .group_by(CONSENT.c.number, CONSENT.c.scope, CONSENT.c.voice)
    )
    return select(CONSENT).where(CONSENT.c.id.in_(newest)).order_by(CONSENT.c.id)


def first_stops(connection: Connection, org: str, voice: str, numbers: Sequence[str]) -> dict[str, datetime]:
    """Number to when a voice said stop to everything, as first noted since it last said start; others are left out."""
    if not numbers:
        return {}
    query = select(CONSENT.c["number", "stopped", "at"]).where(
        CONSENT.c.org == org,
        CONSENT.c.number.in_(sorted(set(numbers))),
        CONSENT.c.scope == EVERYTHING,
        CONSENT.c.voice == voice,
    )
    firsts: dict[str, datetime] = {}
    for row in connection.execute(query.order_by(CONSENT.c.id)):
        if row.stopped:
            firsts.setdefault(row.number, row.at)
        else:
            firsts.pop(row.number, None)
    return firsts


def of_voices(connection: Connection, org: str, voices: Sequence[str]) -> dict[tuple[str, str], Any]:
    """(number, voice) to the newest word on everything that each of these voices has said of any number."""
    if not voices:
        return {}
    named = incoming(connection, CONSENT, ["voice"], [{"voice": voice} for voice in sorted(set(voices))])
    said = CONSENT.alias("said")
    of_these = select(said.c.id).where(said.c.org == org, said.c.voice.in_(select(named.c.voice)))
    theirs = and_(CONSENT.c.id.in_(of_these), CONSENT.c.scope == EVERYTHING)
    newest = select(func.max(CONSENT.c.id)).where(theirs).group_by(CONSENT.c.number, CONSENT.c.voice)
    rows = connection.execute(select(CONSENT).where(CONSENT.c.id.in_(newest)))
    return {(row.number, row.voice): row for row in rows}


def stops_of(connection: Connection, org: str, voice: str, after: int, limit: int) -> Sequence[Any]:
    """The stops of everything that a voice has not taken back, by their id, those after `after`."""
    later = CONSENT.alias("later")
    same = and_(later.c.number == CONSENT.c.number, later.c.scope == EVERYTHING, later.c.voice == voice)
    taken_back = exists().where(later.c.org == org, same, later.c.id > CONSENT.c.id)
    theirs = and_(CONSENT.c.org == org, CONSENT.c.voice == voice, CONSENT.c.id > after)
    query = select(CONSENT).where(theirs, CONSENT.c.scope == EVERYTHING, CONSENT.c.stopped, ~taken_back)
    return connection.execute(query.order_by(CONSENT.c.id).limit(limit)).all()


def history(connection: Connection, org: str, number: str) -> Sequence[Any]:
    """Everything the ledger holds of a number, oldest first."""
    query = select(CONSENT).where(CONSENT.c.org == org, CONSENT.c.number == number)
    return connection.execute(query.order_by(CONSENT.c.id)).all()


def write_backs(connection: Connection, org: str, record_ids: Sequence[str]) -> dict[tuple[str, str], Any]:
    """(record id, field) to the newest write by which the CRM was, or is still to be, told of a stop or a start there.

    By field, for a record may be told of its number in one and of its e-mail address in another.
    """
    if not record_ids:
        return {}
    named = incoming(connection, WRITE, ["record_id"], [{"record_id": each} for each in sorted(set(record_ids))])
    query = select(WRITE.c.record_id, WRITE.c.fields, WRITE.c.created_at, WRITE.c.standing, WRITE.c.settled_at).where(
        WRITE.c.org == org, WRITE.c.cause == WriteCause.OPT_OUT, WRITE.c.record_id.in_(select(named.c.record_id))
    )
    return {
        (row.record_id, field): row for row in connection.execute(query.order_by(WRITE.c.id)) for field in row.fields
    }


def unheard(connection: Connection, numbers: Sequence[str]) -> Sequence[Any]:
    """Replies and opt-outs of these numbers that are stored and still wait to be worked through, oldest first."""
    if not numbers:
        return ()
    wanted = [{"phone": number} for number in sorted(set(numbers))]
    return of_rows(connection, _unheard_of, INBOX, ("phone",), wanted).all()


def _unheard_of(named: Subquery) -> Executable:
    query = select(INBOX).where(
        INBOX.c.phone.in_(select(named.c.phone)),
        INBOX.c.standing.in_(("new", "parked")),
        or_(INBOX.c.kind == NewsKind.REPLY, INBOX.c.opted_out),
    )
    return query.order_by(INBOX.c.received_at, INBOX.c.id)


def confirmations(connection: Connection, org: str, kind: str, numbers: Sequence[str]) -> Sequence[Any]:
    """Messages of a kind to these numbers that were sent, or tried: (id, to_number, started_at)."""
    if not numbers:
        return ()
    query = (
        select(MESSAGE.c.id, MESSAGE.c.to_number, ATTEMPT.c.started_at)
        .join(ATTEMPT, ATTEMPT.c.id == MESSAGE.c.attempt_id)
        .where(MESSAGE.c.to_number.in_(sorted(set(numbers))), MESSAGE.c.org == org, MESSAGE.c.kind == kind)
    )
    return connection.execute(query).all()
