"""sObject Collections: writes parted into calls, and the answers read record by record. Pure.

Source: "REST API Developer Guide", sObject Collections: 200 records a call, runs of at most ten types, one type and
one external id field an upsert, results in the order of the request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

from connector.crm.describe import is_claim_field
from connector.crm.errors import OrgError, blamed_fields, failure_of, locked_ids, read_errors, ruling_of
from connector.model.failures import Failure, Fault, Retry
from connector.model.records import RecordWrite, WriteCause, WriteEnd, WriteResult

RECORDS_A_CALL = 200
TYPES_A_CALL = 10
ACTIVITIES = frozenset({"Task", "Event"})

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CASE_LETTERS = _CAPITALS + "012345"
_HOLDER = re.compile(r"record with id: ([0-9A-Za-z]{15,18})")
_UPSERT_REFUSALS = frozenset(
    {"INVALID_FIELD", "NOT_FOUND", "METHOD_NOT_ALLOWED", "OPERATION_NOT_ALLOWED", "INVALID_OPERATION"}
)


class Form(Enum):
    """What a call does; each is idempotent, the insert by the unique key that it carries."""

    UPDATE = "PATCH"
    UPSERT = "PATCH by external id"
    INSERT = "POST"


@dataclass(frozen=True, slots=True)
class CollectionCall:
    """Up to 200 writes in one request, with their positions in what was asked."""

    form: Form
    writes: tuple[RecordWrite, ...]
    positions: tuple[int, ...]

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.form is Form.INSERT else "PATCH"

    @property
    def path(self) -> str:
        """The path below the version."""
        if self.form is not Form.UPSERT:
            return "composite/sobjects"
        return f"composite/sobjects/{self.writes[0].object}/{self.writes[0].key_field}"

    def body(self) -> bytes:
        """The request's JSON; every record by itself (allOrNone is false)."""
        records = [_record(write) for write in self.writes]
        return orjson.dumps(
            {"allOrNone": False, "records": records},
            default=_in_salesforce_form,
            option=orjson.OPT_PASSTHROUGH_DATETIME,
        )

    def of(self, indexes: Iterable[int]) -> "CollectionCall":
        """A call of the same form with some of its writes."""
        chosen = tuple(indexes)
        return replace(
            self,
            writes=tuple(self.writes[index] for index in chosen),
            positions=tuple(self.positions[index] for index in chosen),
        )


def plan(writes: Sequence[RecordWrite], inserted: frozenset[tuple[str, str]] = frozenset()) -> list[CollectionCall]:
    """The calls that make all writes. `inserted` are the (object, key field) pairs that are inserted, not upserted.

    Raises:
        ValueError: a write names neither a record nor a key.
    """
    groups: dict[tuple[Form, str, str], list[int]] = {}
    for position, write in enumerate(writes):
        groups.setdefault(_group(write, inserted), []).append(position)
    calls = []
    for (form, _, _), positions in groups.items():
        ordered = sorted(positions, key=lambda position: writes[position].object)
        calls += [
            CollectionCall(form, tuple(writes[position] for position in chunk), tuple(chunk))
            for chunk in _chunks(ordered, writes)
        ]
    return calls


def _group(write: RecordWrite, inserted: frozenset[tuple[str, str]]) -> tuple[Form, str, str]:
    if write.record_id:
        return Form.UPDATE, "", ""
    if not write.key_field or not write.key:
        raise ValueError(f"A write to {write.object} names neither a record id nor an external id with its value.")
    if (write.object, write.key_field) in inserted:
        return Form.INSERT, "", ""
    return Form.UPSERT, write.object, write.key_field


def _chunks(ordered: Sequence[int], writes: Sequence[RecordWrite]) -> Iterator[list[int]]:
    chunk: list[int] = []
    types: set[str] = set()
    for position in ordered:
        types.add(writes[position].object)
        if len(chunk) == RECORDS_A_CALL or len(types) > TYPES_A_CALL:
            yield chunk
            chunk, types = [], {writes[position].object}
        chunk.append(position)
    if chunk:
        yield chunk


def _record(write: RecordWrite) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": write.object}, **write.fields}
    if write.record_id:
        record["id"] = write.record_id
    elif write.key_field:
        record[write.key_field] = write.key
    return record


def salesforce_datetime(moment: datetime) -> str:
    """A datetime as the org writes it: ``2026-11-21T01:02:03.000+0000``.

    Raises:
        ValueError: it has no zone, so that nobody knows which moment is meant.
    """
    if moment.tzinfo is None:
        raise ValueError(f"The datetime {moment.isoformat()} has no zone; give it one.")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def _in_salesforce_form(value: object) -> Any:
    if isinstance(value, datetime):
        return salesforce_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"A value of type {type(value).__name__} cannot be written to a field.")


def read_result(call: CollectionCall, write: RecordWrite, row: Mapping[str, Any]) -> WriteResult:
    """The result of one record, from one row ``{id, success, errors, created}`` of the answer."""
    if row.get("success"):
        return WriteResult(WriteEnd.DONE, row.get("id") or write.record_id)
    errors = read_errors(row.get("errors") or [{}])
    own_key = next((error for error in errors if is_own_key(write, error)), None)
    if own_key is not None and call.form is Form.INSERT:
        return already_there(write, own_key)
    return refusal(write, errors)


def already_there(write: RecordWrite, duplicate: OrgError) -> WriteResult:
    """Done: a record with our own key is there, and the org names it."""
    holder = _HOLDER.search(duplicate.message)
    return WriteResult(WriteEnd.DONE, whole_id(holder.group(1)) if holder else write.record_id)


def whole_id(record_id: str) -> str:
    """A record's 18-character id, of either form: error messages name records by the first 15, which mind case.

    The other three say, in groups of five, which letters are capitals ("SOAP API Developer Guide", Primitive Data
    Types, ID).
    """
    if len(record_id) != 15:
        return record_id
    groups = (record_id[start : start + 5] for start in (0, 5, 10))
    places = (sum(1 << index for index, letter in enumerate(group) if letter in _CAPITALS) for group in groups)
    return record_id + "".join(_CASE_LETTERS[place] for place in places)


def refusal(write: RecordWrite, errors: Sequence[OrgError]) -> WriteResult:
    """What the org's errors mean for one write, by the table; the first error decides."""
    error = errors[0] if errors else OrgError("UNKNOWN_EXCEPTION", "The org refused the record and gave no reason")
    fields = blamed_fields(errors)
    ruling = ruling_of(error)
    if _claim_refused(write, error):
        failure = Failure(error.code, f"{error.message.rstrip('.')}. Another sender holds it.", Fault.CRM, Retry.LATER)
        return WriteResult(WriteEnd.HELD_BY_ANOTHER, write.record_id, failure, fields)
    end = WriteEnd.PASSING if is_unnamed_race(error) else ruling.end
    locked = locked_ids(error)
    parents = None if locked is None else tuple(map(whole_id, locked))
    return WriteResult(end, write.record_id, failure_of(error, ruling), fields, parents)


def passing(write: RecordWrite, code: str, reason: str) -> WriteResult:
    """Nobody knows, or nothing was done: the write is made again, which its form allows."""
    return WriteResult(WriteEnd.PASSING, write.record_id, Failure(code, reason, Fault.CRM, Retry.LATER))


def is_own_key(write: RecordWrite, error: OrgError) -> bool:
    """Whether the org says that our own external id is taken, and so the record is there already."""
    if error.code != "DUPLICATE_VALUE" or not write.key_field:
        return False
    return write.key_field in error.fields or re.search(rf"\b{re.escape(write.key_field)}\b", error.message) is not None


def is_unnamed_race(error: OrgError) -> bool:
    """Whether two writers met in one unique index before either had committed; the org then names no record."""
    return error.code == "DUPLICATE_VALUE" and "<unknown>" in error.message


def is_upsert_refused(call: CollectionCall, errors: Sequence[OrgError]) -> bool:
    """Whether the org will not upsert an activity by this external id, as far as its words tell.

    Upserting a Task or Event by a custom external id is not confirmed by the guides, so the answer may be any of these.
    """
    first = call.writes[0]
    if call.form is not Form.UPSERT or first.object not in ACTIVITIES or not errors:
        return False
    return all(
        error.code in _UPSERT_REFUSALS
        and (error.code != "INVALID_FIELD" or _says_no_external_id(error.message, first.key_field or ""))
        for error in errors
    )


def _says_no_external_id(message: str, key_field: str) -> bool:
    return key_field in message and "external id" in message.lower()


def _claim_refused(write: RecordWrite, error: OrgError) -> bool:
    # the claim rule may show its error on its field or on the page; another field is another rule's
    if write.cause is not WriteCause.CLAIM or error.code != "FIELD_CUSTOM_VALIDATION_EXCEPTION":
        return False
    return not error.fields or any(is_claim_field(name) for name in error.fields)
