"""What the org's error codes mean to us: one table, and the two ways an error arrives.

An error of one record arrives in its result, where the code is called ``statusCode``; an error of the whole call
arrives as the body of a refused request, where it is called ``errorCode``.

Source: "REST API Developer Guide", Status Codes and Error Responses; "SOAP API Developer Guide", StatusCode.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connector.model.errors import BudgetSpent, CRMError, Passing, QueryFault, SessionLost
from connector.model.failures import Failure, Fault, Retry
from connector.model.records import WriteEnd


@dataclass(frozen=True, slots=True)
class OrgError:
    """One error as the org says it. `fields` are the fields it blames, if it says so."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a record with such an error, whose fault it is, and what to do, as a sentence."""

    end: WriteEnd
    fault: Fault
    advice: str


class CallRefused(CRMError):
    """A call was refused as a whole. `errors` are the org's own, in its order."""

    def __init__(self, text: str, *, errors: tuple[OrgError, ...], status: int) -> None:
        super().__init__(text, code=errors[0].code if errors else "", status=status)
        self.errors = errors


_TRY_AGAIN = "It is tried again by itself."
_RECORD = "Correct the record, then set it back."


def _passing(advice: str = _TRY_AGAIN) -> Ruling:
    return Ruling(WriteEnd.PASSING, Fault.CRM, advice)


def _parked(advice: str, fault: Fault = Fault.MESSAGE) -> Ruling:
    return Ruling(WriteEnd.PARKED, fault, advice)


def _field_lost() -> Ruling:
    return Ruling(
        WriteEnd.FIELD_LOST,
        Fault.MAPPING,
        "Give the connector's permission set access to the field, or take it out of the mapping.",
    )


RULINGS: Mapping[str, Ruling] = MappingProxyType(
    {
        # passing
        "UNABLE_TO_LOCK_ROW": _passing("Another change held the record or its parent; it is tried again by itself."),
        "QUERY_TIMEOUT": _passing(),
        "SERVER_UNAVAILABLE": _passing(),
        "UNKNOWN_EXCEPTION": _passing(),
        "REQUEST_RUNNING_TOO_LONG": _passing(),
        "TXN_SECURITY_METERING_ERROR": _passing(),
        "PROCESSING_HALTED": _passing(),
        # budget and session: of the whole call, but they may stand in a result too
        "REQUEST_LIMIT_EXCEEDED": _passing("The org's requests of the last 24 hours are used up; it waits."),
        "INVALID_SESSION_ID": _passing(),
        # already so
        "ENTITY_IS_DELETED": Ruling(WriteEnd.GONE, Fault.CRM, "The record, or one it refers to, has been deleted."),
        # the row's fault
        "DUPLICATE_VALUE": _parked("Another record holds this unique value; correct one of the two."),
        "STRING_TOO_LONG": _parked("Make the field longer, or shorten what the mapping writes.", Fault.MAPPING),
        "REQUIRED_FIELD_MISSING": _parked("Let the mapping write the field, or make it optional.", Fault.MAPPING),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": _parked(f"A validation rule refuses the change. {_RECORD}"),
        "FIELD_FILTER_VALIDATION_EXCEPTION": _parked(f"A lookup filter refuses the value. {_RECORD}"),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _parked(
            "Add the value to the picklist, or let the mapping write one that it lists.", Fault.MAPPING
        ),
        "INVALID_CROSS_REFERENCE_KEY": _parked(
            "The record, or one that it refers to, is not there or not visible to us."
        ),
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _parked("Share the record it refers to with the connector."),
        "INSUFFICIENT_ACCESS_OR_READONLY": _parked("Share the record with the connector, or unlock it."),
        "DUPLICATES_DETECTED": _parked("A duplicate rule refuses the record; merge it, or exempt the connector."),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _parked("A trigger refuses the change; ask whoever wrote it."),
        "CANNOT_EXECUTE_FLOW_TRIGGER": _parked("A flow refuses the change; ask whoever made it."),
        "INVALID_EMAIL_ADDRESS": _parked(_RECORD),
        "NUMBER_OUTSIDE_VALID_RANGE": _parked(
            "Make the field larger, or correct what the mapping writes.", Fault.MAPPING
        ),
        "MALFORMED_ID": _parked("Correct the id that the mapping writes.", Fault.MAPPING),
        "FIELD_INTEGRITY_EXCEPTION": _parked(_RECORD),
        "JSON_PARSER_ERROR": _parked("Let the mapping write a value of the field's type.", Fault.MAPPING),
        "INVALID_TYPE_ON_FIELD_IN_RECORD": _parked("Let the mapping write a value of the field's type.", Fault.MAPPING),
        "TOO_LARGE": _parked(
            "The record's values together are larger than a request may be; write less.", Fault.MAPPING
        ),
        # the mapping's fault
        "INVALID_FIELD": _field_lost(),
        "INVALID_FIELD_FOR_INSERT_UPDATE": _field_lost(),
        "INVALID_TYPE": _parked("The object is not there, or the connector may not see it.", Fault.MAPPING),
        "NOT_FOUND": _parked("The record or the object is not there, or the connector may not see it."),
        "MALFORMED_QUERY": _parked("Correct the mapping's where.", Fault.MAPPING),
    }
)

_UNLISTED = _parked("The org refuses the change; look the code up in Salesforce's list of status codes.")
_LOCK = re.compile(r"UNABLE_TO_LOCK_ROW|unable to obtain exclusive access", re.IGNORECASE)
_TOO_LARGE = re.compile(r"(data value too large):.*(\(max length=\d+\))", re.DOTALL)
_ID = re.compile(r"\b(?=[A-Za-z]*\d)[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\b")
_WRAPPERS = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"})
_COLUMN = re.compile(r"No such column '([^']+)'|[Ff]ields?: ([A-Za-z]\w*(?:, ?[A-Za-z]\w*)*)")
_QUERY_FAULTS = frozenset(
    {
        "INVALID_FIELD",
        "INVALID_TYPE",
        "MALFORMED_QUERY",
        "INVALID_QUERY_FILTER_OPERATOR",
        "INVALID_QUERY_LOCATOR",
        "NOT_FOUND",
        "MALFORMED_ID",
        "JSON_PARSER_ERROR",
        "METHOD_NOT_ALLOWED",
    }
)
_EDGE = frozenset({406, 420, 429})
"""Statuses of the org's edge servers under load, with a body of HTML or none."""


def ruling_of(error: OrgError) -> Ruling:
    """The table's word on an error; a trigger or flow that only hit a lock is passing."""
    if error.code in _WRAPPERS and _LOCK.search(error.message):
        return RULINGS["UNABLE_TO_LOCK_ROW"]
    if error.code.startswith("INSUFFICIENT_ACCESS") and error.code not in RULINGS:
        return RULINGS["INSUFFICIENT_ACCESS_OR_READONLY"]
    return RULINGS.get(error.code, _UNLISTED)


def failure_of(error: OrgError, ruling: Ruling) -> Failure:
    """The error as a sentence for the person who reads the record: what the org says, then what to do."""
    # a value too large is the message's own text, which no log and no list may show
    said = _TOO_LARGE.sub(r"\1 \2", error.message.strip()) or error.code
    retry = Retry.LATER if ruling.end is WriteEnd.PASSING else Retry.WHEN_MENDED
    if ruling.end is WriteEnd.GONE:
        retry = Retry.NO
    return Failure(error.code, f"{said.rstrip('.')}. {ruling.advice}", ruling.fault, retry)


def locked_ids(error: OrgError) -> tuple[str, ...] | None:
    """The ids of the records that a lock error names (15 or 18 characters); None for any other error."""
    return tuple(_ID.findall(error.message)) if ruling_of(error) is RULINGS["UNABLE_TO_LOCK_ROW"] else None


def read_errors(body: Any) -> tuple[OrgError, ...]:
    """The errors in a body: an array of ``errorCode``/``statusCode`` objects, or OAuth's single object."""
    rows = body if isinstance(body, list) else [body]
    return tuple(_read_error(row) for row in rows if isinstance(row, dict))


def _read_error(row: Mapping[str, Any]) -> OrgError:
    code = row.get("errorCode") or row.get("statusCode") or row.get("error") or ""
    message = row.get("message") or row.get("error_description") or ""
    fields = row.get("fields") or ()
    return OrgError(str(code), str(message), tuple(map(str, fields)) if isinstance(fields, list) else ())


def blamed_fields(errors: Sequence[OrgError]) -> tuple[str, ...]:
    """The fields the errors blame, by their `fields` or, where that is empty, by the words of their message."""
    named: dict[str, None] = {}
    for error in errors:
        named.update(dict.fromkeys(error.fields))
        for column, several in _COLUMN.findall(error.message) if not error.fields else ():
            named.update(dict.fromkeys([column] if column else re.split(r", ?", several)))
    return tuple(named)


def call_error(status: int, body: Any) -> CRMError:
    """The error of a call that was refused as a whole. `body` is the parsed JSON, or text where it was none."""
    first = next(iter(read_errors(body)), OrgError("", ""))
    said = first.message or (str(body)[:80] if body and not isinstance(body, list | dict) else "") or "no reason given"
    text = f"The org answered HTTP {status} ({first.code or 'no code'}): {said.rstrip('.')}."
    if first.code == "REQUEST_LIMIT_EXCEEDED":
        return _over_the_limit(text, first, status)
    if status == 401:
        return SessionLost(text, code=first.code, status=status)
    if status >= 500 or status in _EDGE or ruling_of(first).end is WriteEnd.PASSING:
        return Passing(text, code=first.code, status=status)
    if 300 < status < 400:
        text += " Set base_url to the org's My Domain address."
    return CallRefused(text, errors=read_errors(body), status=status)


def query_fault(refused: CallRefused) -> CRMError:
    """What a refused read is to its caller: the mapping's fault where its code says so."""
    if refused.code in _QUERY_FAULTS or refused.status in (414, 431):
        text = f"{refused} Correct the mapping, or give the connector access."
        return QueryFault(text, code=refused.code, status=refused.status)
    return refused


def _over_the_limit(text: str, error: OrgError, status: int) -> CRMError:
    # the same code says that too many long requests are under way at once, and that passes in seconds
    if "concurrent" in error.message.lower():
        return Passing(text, code=error.code, status=status)
    return BudgetSpent(f"{text} Nothing more is asked until requests age out.", code=error.code, status=status)
