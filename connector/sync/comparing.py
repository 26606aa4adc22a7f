"""Compares what the CRM holds, what our store says, and what the providers list, and names each difference. Reads only.

Everything is asked for a page at a time, so that memory does not grow with what is compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connector.crm import soql
from connector.mapping.parts import Assignment
from connector.mapping.record_mapping import RecordMapping
from connector.model.errors import CRMError, ExchangeError, QueryFault
from connector.model.records import RecordQuery
from connector.model.states import State
from connector.store import comparison, outbox, windows
from connector.store.comparison import Told
from connector.store.windows import Reached
from connector.sync.parts import Parts

_AT_ONCE = 500
_SENT = (State.ACCEPTED, State.SENT, State.DELIVERED, State.UNKNOWN)
_CLAIMED = (State.CLAIMED, State.ATTEMPTING)


class Kind(StrEnum):
    """What differs from what."""

    RECORD_DIFFERS = "record differs"
    RECORD_MISSING = "record not in the CRM"
    RECORD_NEVER_TOLD = "record never told"
    RECORD_UNKNOWN = "record not known to us"
    WRITE_DUE = "write due"
    WRITE_PARKED = "write parked"
    OUTCOME_UNKNOWN = "outcome unknown"
    SENDING_UNKNOWN = "sending not known to us"
    NUMBER_UNKNOWN = "number only the provider shows"
    NUMBER_MISSING = "number the provider does not show"
    STATE_DIFFERS = "state differs"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `id` is of the record, write, attempt or message; `where` the mapping or account."""

    kind: Kind
    where: str
    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared: messages read, and batches sent, in [since, until). `accounts` None: all of them."""

    since: datetime
    until: datetime
    accounts: tuple[str, ...] | None = None


def differences_in_crm(parts: Parts, window: Compared) -> Iterator[Difference]:
    """Differences between the CRM's records and our messages, mapping by mapping, and what the CRM is still owed."""
    for mapping in parts.mappings.values():
        try:
            yield from _of_records(parts, mapping, window)
            if window.accounts is None:
                yield from _unknown_records(parts, mapping, window)
        except (QueryFault, CRMError, ExchangeError) as error:
            yield Difference(Kind.NOT_COMPARED, mapping.name, mapping.object, str(error))
    for row in comparison.unwritten(parts.database, window.until, window.accounts):
        kind = Kind.WRITE_DUE if row.standing == "due" else Kind.WRITE_PARKED
        said = row.error or "it has not been tried yet"
        where = row.mapping or row.object
        yield Difference(kind, where, str(row.id), f"{row.cause} of {row.object} {row.record_id or row.key}: {said}")


def _of_records(parts: Parts, mapping: RecordMapping, window: Compared) -> Iterator[Difference]:
    which = Reached(parts.org, mapping.name, tuple(State), window.since, window.until, window.accounts)
    after = ""
    while True:
        with parts.database.read() as connection:
            rows = windows.reached(connection, which, after, _AT_ONCE)
            ids = [row.id for row in rows]
            told = comparison.status_told(connection, ids)
            late = outbox.overtaken(connection, ids) | outbox.with_open_status_write(connection, ids)
        settled = [row for row in rows if row.id not in late and not told.get(row.id, Told({})).gone]
        yield from _of_page(parts, mapping, settled, told)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


def _of_page(
    parts: Parts, mapping: RecordMapping, rows: Sequence[Any], told: Mapping[str, Told]
) -> Iterator[Difference]:
    expected: dict[str, dict[str, Any]] = {}
    for row in rows:
        state = State(row.state)
        if row.id not in told and state in mapping.statuses:
            sentence = f"the message is {row.state}, and no write of it was ever owed to {row.object} {row.record_id}"
            yield Difference(Kind.RECORD_NEVER_TOLD, mapping.name, row.id, sentence)
        elif values := _expected(mapping, state, told.get(row.id)):
            expected[row.record_id] = values
    held = _held(parts, mapping.object, expected)
    for record_id, values in expected.items():
        record = held.get(record_id)
        if record is None:
            yield Difference(Kind.RECORD_MISSING, mapping.name, record_id, "deleted, or not visible to the connector")
            continue
        differing = [name for name, value in values.items() if not same(value, record.get(name))]
        if differing:
            sentence = "; ".join(
                f"{name} is {_short(record.get(name))}, we say {_short(values[name])}" for name in differing
            )
            yield Difference(Kind.RECORD_DIFFERS, mapping.name, record_id, sentence)


def _expected(mapping: RecordMapping, state: State, told: Told | None) -> dict[str, Any]:
    """What the record should hold: what it was told, and the words that its state always writes."""
    if told is None:
        return always_written(mapping.source.claim) if state in _CLAIMED else {}
    part = mapping.statuses.get(state)
    return {**told.fields, **(always_written(part.set) if part else {})}


def always_written(assignments: Sequence[Assignment]) -> dict[str, Any]:
    """The assignments that always write the same."""
    words: dict[str, Any] = {}
    for each in assignments:
        word = each.constant if each.template is None else each.template.literal
        if word is not None:
            words[each.field] = word
    return words


def _held(parts: Parts, object_name: str, expected: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    fields = tuple(dict.fromkeys(("Id", *(name for values in expected.values() for name in values))))
    return {
        record["Id"]: record
        for condition in soql.in_lists("Id", expected)
        for page in parts.crm.pages(RecordQuery(object_name, fields, condition))
        for record in page.records
    }


def same(ours: Any, theirs: Any) -> bool:
    """Whether the CRM holds what we wrote: times to the second, a text cut ("…") or trimmed, nothing as null."""
    if ours in (None, "") or theirs in (None, ""):
        return ours in (None, "") and theirs in (None, "")
    if not (isinstance(ours, str) and isinstance(theirs, str)):
        return bool(ours == theirs)
    if ours.strip() == theirs.strip() or (theirs.endswith("…") and ours.startswith(theirs[:-1])):
        return True
    ours_at, theirs_at = _moment(ours), _moment(theirs)
    return ours_at is not None and ours_at == theirs_at


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.astimezone(UTC).replace(microsecond=0) if read.tzinfo else None


def _short(value: Any) -> str:
    text = "empty" if value in (None, "") else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _unknown_records(parts: Parts, mapping: RecordMapping, window: Compared) -> Iterator[Difference]:
    """Records that say they are ours to send, or sent, and of which our store knows nothing."""
    claim = always_written(mapping.source.claim)
    sent = [always_written(mapping.statuses[state].set) for state in _SENT if state in mapping.statuses]
    changed = f"SystemModstamp >= {soql.timestamp(window.since)} AND SystemModstamp < {soql.timestamp(window.until)}"
    for field, claimed in claim.items():
        words = [claimed, *(words[field] for words in sent if field in words)]
        if len(words) == 1:
            continue
        for condition in soql.in_lists(field, words):
            query = RecordQuery(mapping.object, ("Id", field), f"{condition} AND {changed}")
            for page in parts.crm.pages(query):
                with parts.database.read() as connection:
                    ids = [record["Id"] for record in page.records]
                    known = comparison.known_records(connection, parts.org, mapping.object, ids)
                for record in page.records:
                    if record["Id"] not in known:
                        sentence = (
                            f"{field} is {record[field]}, and we never read it: another sender's, or an older store's"
                        )
                        yield Difference(Kind.RECORD_UNKNOWN, mapping.name, record["Id"], sentence)
