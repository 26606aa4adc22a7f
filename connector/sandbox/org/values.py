"""Checks a value sent for a field as Salesforce checks it, and turns it into what the org keeps.

Kept are: text, numbers, 0 or 1 for a checkbox, ids of 18 characters, dates as `2026-11-21`, and datetimes to the second
as `2026-11-21T01:02:03.000+0000`.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from connector.sandbox.org.errors import NotDeserializable, OrgError
from connector.sandbox.org.ids import canonical
from connector.sandbox.org.schema import NUMBER_TYPES, Field
from connector.sandbox.soql.conditions import stamp

Stored = str | int | float | None

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_JACKSON = {
    str: "VALUE_STRING",
    bool: "VALUE_TRUE",
    int: "VALUE_NUMBER_INT",
    float: "VALUE_NUMBER_FLOAT",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}


def _wrong(field: Field, value: Any) -> NotDeserializable:
    token = "VALUE_FALSE" if value is False else _JACKSON.get(type(value), "VALUE_EMBEDDED_OBJECT")
    kind = "string" if field.type in ("combobox", "url", "phone", "email", "textarea", "picklist") else field.type
    return NotDeserializable(kind, token, value, field.name)


def _text(field: Field, value: Any) -> Stored:
    if not isinstance(value, str):
        raise _wrong(field, value)
    if not value:
        return None
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value[:255]} (max length={field.length})"
        raise OrgError("STRING_TOO_LONG", message, (field.name,))
    return value


def _picklist(field: Field, value: Any) -> Stored:
    text = _text(field, value)
    if field.restricted and text is not None:
        allowed = {each.value.lower(): each.value for each in field.choices}
        chosen = str(text).split(";") if field.type == "multipicklist" else [str(text)]
        for each in chosen:
            if each.lower() not in allowed:
                message = f"{field.label}: bad value for restricted picklist field: {each}"
                raise OrgError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
        return ";".join(allowed[each.lower()] for each in chosen)
    return text


def _email(field: Field, value: Any) -> Stored:
    text = _text(field, value)
    if text is not None and not _EMAIL.fullmatch(str(text)):
        raise OrgError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", (field.name,))
    return text


def _boolean(field: Field, value: Any) -> Stored:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    raise _wrong(field, value)


def _number(field: Field, value: Any) -> Stored:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(field, value)
    try:
        number = float(value)
    except ValueError:
        raise _wrong(field, value) from None
    if field.type == "int" and number != int(number):
        raise _wrong(field, value)
    digits = field.precision - field.scale
    if field.precision and abs(round(number, field.scale)) >= 10**digits:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise OrgError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
    return int(number) if field.type == "int" else round(number, field.scale)


@lru_cache(maxsize=4096)
def _stamped(text: str) -> str | None:
    if "T" not in text.upper():
        return None
    try:
        return stamp(datetime.fromisoformat(text.upper()).replace(microsecond=0))
    except ValueError:
        return None


def _datetime(field: Field, value: Any) -> Stored:
    found = _stamped(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(field, value)
    return found


def _date(field: Field, value: Any) -> Stored:
    if not isinstance(value, str):
        raise _wrong(field, value)
    try:
        # A datetime is taken too, and its day in UTC kept.
        day = datetime.fromisoformat(value).astimezone(UTC).date() if "T" in value else date.fromisoformat(value)
    except ValueError:
        raise _wrong(field, value) from None
    return day.isoformat()


def _reference(field: Field, value: Any) -> Stored:
    if value == "":
        return None
    found = canonical(value)
    if found is None:
        raise OrgError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,))
    return found


_CHECKS: dict[str, Callable[[Field, Any], Stored]] = {
    "boolean": _boolean,
    "datetime": _datetime,
    "date": _date,
    "reference": _reference,
    "id": _reference,
    "picklist": _picklist,
    "multipicklist": _picklist,
    "email": _email,
    **dict.fromkeys(NUMBER_TYPES, _number),
}


def stored(field: Field, value: Any) -> Stored:
    """What the org keeps of `value`; raises OrgError with Salesforce's code for it."""
    if value is None:
        if field.type == "boolean":
            raise OrgError(
                "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: null", (field.name,)
            )
        return None
    return _CHECKS.get(field.type, _text)(field, value)


def shown(field: Field, value: Any) -> Any:
    """The stored value as JSON carries it."""
    return bool(value) if field.type == "boolean" and value is not None else value
