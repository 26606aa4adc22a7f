"""SOQL, made from what the mappings and the data say: quoted, sliced and kept within the org's limits.

Source: "SOQL and SOSL Reference", Quoted String Escape Sequences, Date Formats, ORDER BY, WHERE; "Salesforce Developer
Limits and Allocations Quick Reference", SOQL and REST request sizes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from connector.model.errors import QueryFault
from connector.model.records import Ranked

IDS_A_LIST = 700
"""Ids in one IN list, by the limit of the address."""
STRING_LIMIT = 4_000
"""Characters of one string in a WHERE clause."""
ADDRESS_LIMIT = 16_384
"""Bytes of a request's address and headers together."""
HEADERS_RESERVE = 1_024
STATEMENT_LIMIT = 100_000
"""Characters of one statement."""

_SAFE_IN_A_QUERY = "'(),*:/"

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_WITHOUT_NULLS = frozenset({"id", "createddate", "lastmodifieddate", "systemmodstamp", "isdeleted"})
_TEMPORAL = frozenset({"datetime", "date", "time"})


def literal(value: object) -> str:
    """A value as SOQL writes it: strings quoted and escaped, datetimes in UTC and unquoted.

    Raises:
        QueryFault: a string over 4,000 characters, a datetime without zone, or a value SOQL has no word for.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if len(value) > STRING_LIMIT:
            raise QueryFault(f"A text of {len(value)} characters cannot stand in a WHERE clause; {STRING_LIMIT} can.")
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    raise QueryFault(f"A value of type {type(value).__name__} cannot stand in a WHERE clause.")


def timestamp(moment: datetime) -> str:
    """A datetime literal in UTC, to the millisecond: ``2026-11-21T01:02:03.000Z``.

    Raises:
        QueryFault: it has no zone, so that nobody knows which moment is meant.
    """
    if moment.tzinfo is None:
        raise QueryFault(f"The datetime {moment.isoformat()} has no zone; give it one.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def path(name: str) -> str:
    """A field name or relationship path, checked to be nothing else.

    Raises:
        QueryFault: it is none.
    """
    if _PATH.fullmatch(name) is None:
        raise QueryFault(f"{name!r} is not a field name such as Status__c or Contact__r.MobilePhone.")
    return name


def in_lists(field: str, values: Iterable[object]) -> Iterator[str]:
    """Conditions ``field IN (…)`` of at most 700 values each; none at all for no values, for ``IN ()`` is an error."""
    members = list(dict.fromkeys(values))
    for start in range(0, len(members), IDS_A_LIST):
        yield f"{path(field)} IN ({','.join(map(literal, members[start : start + IDS_A_LIST]))})"


def select(
    object_name: str, fields: Sequence[str], conditions: Sequence[str], order: Sequence[Ranked], limit: int
) -> str:
    """A SELECT of `fields`; every condition must hold; nulls come last in every column of the order."""
    # every name is checked by path() and every value is quoted by literal(); `conditions` are the mapping's own words
    where = " AND ".join(f"({condition})" for condition in conditions if condition.strip())
    ranking = ",".join(f"{path(each.field)} {'DESC' if each.descending else 'ASC'} NULLS LAST" for each in order)
    return (
        f"SELECT {','.join(map(path, fields))} FROM {path(object_name)}"  # noqa: S608 - see above
        + (f" WHERE {where}" if where else "")
        + (f" ORDER BY {ranking}" if ranking else "")
        + f" LIMIT {limit}"
    )


def after(order: Sequence[Ranked], last: Sequence[Any]) -> str:
    """The condition for rows that come after a row with the values `last`, one a column of `order`, nulls last.

    `last` holds Python values (datetimes as datetimes). The last column must be Id, which makes the order total.
    """
    branches = []
    same: list[str] = []
    for column, value in zip(order, last, strict=True):
        beyond = _beyond(column, value)
        if beyond:
            branches.append(" AND ".join([*same, beyond]))
        same.append(f"{path(column.field)} = {literal(value)}")
    return " OR ".join(f"({branch})" for branch in branches)


def _beyond(column: Ranked, value: object) -> str:
    """Rows whose value in one column comes after `value`; empty when there can be none."""
    name = path(column.field)
    if value is None:
        return ""
    if isinstance(value, bool):
        # SOQL compares checkboxes by = alone, and they are never null
        return f"{name} = {literal(not value)}" if value is column.descending else ""
    comparison = f"{name} {'<' if column.descending else '>'} {literal(value)}"
    if name.lower() in _WITHOUT_NULLS:
        return comparison
    return f"({comparison} OR {name} = null)"


def value_at(record: Mapping[str, Any], name: str, kind: str) -> Any:
    """The value a record holds under a path, as Python has it; `kind` is the field's type in the CRM's words."""
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, str) and kind in _TEMPORAL:
        return _moment(value, kind)
    return value


def _moment(text: str, kind: str) -> datetime | date:
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "time":
        raise QueryFault("A time field cannot order a queue; rank by a number, a date or a text.")
    return datetime.fromisoformat(text)


def address(base: str, statement: str) -> str:
    """The address of a query.

    Raises:
        QueryFault: the statement is too long for an address or for the org.
    """
    # what RFC 3986 lets stand in a query stays as it is: an id then costs 21 bytes and not 27
    whole = f"{base}?q={quote_plus(statement, safe=_SAFE_IN_A_QUERY)}"
    if len(statement) > STATEMENT_LIMIT or len(whole) > ADDRESS_LIMIT - HEADERS_RESERVE:
        raise QueryFault(
            f"The query is {len(statement)} characters long ({len(whole)} bytes as an address) and the org takes"
            f" {ADDRESS_LIMIT - HEADERS_RESERVE} bytes; name fewer fields or shorten the mapping's where."
        )
    return whole


def _number(value: float | Decimal) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise QueryFault(f"The number {value} cannot stand in a WHERE clause.")
    return f"{exact:f}"
