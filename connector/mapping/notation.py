"""How single values are written in a mapping file: texts, names of fields, lengths of time, times of day."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from connector.mapping.expression import FIELD_NAME

_DURATION = re.compile(r"([1-9][0-9]{0,4})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_QUOTES = "put quotes around the whole text, for YAML reads it as"


def as_text(value: Any) -> Any:
    """The value, if it is a text; else says which quotes are missing.

    Raises:
        ValueError: YAML read the text as something else.
    """
    mistaken = _mistaken_for(value)
    if mistaken is not None:
        raise ValueError(mistaken)
    return value


def _mistaken_for(value: Any) -> str | None:
    """What YAML took a text for, and what to do; None for a text."""
    if value is None:
        return "nothing stands here (a # begins a comment); put quotes around the text"
    if isinstance(value, dict):
        return f'{_QUOTES} a map: "{{…}}"'
    if isinstance(value, list):
        return f'{_QUOTES} a list: "[…]"'
    if isinstance(value, bool):
        return f"{_QUOTES} true or false"
    return None if isinstance(value, str) else f"{_QUOTES} a number"


def _setting(value: Any) -> Any:
    """What is written to a field: a text, or a number or truth value as it is."""
    return value if isinstance(value, bool | int | float) else as_text(value)


def _constant(value: Any) -> Any:
    """A whole number, 0 or more, as it is; else a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("a whole number, 0 or more, or a text must stand here")
        return value
    return as_text(value)


def _field(value: Any) -> Any:
    value = as_text(value)
    if "{" in value:
        raise ValueError("a field's name stands here, so write it without braces")
    if not FIELD_NAME.match(value):
        raise ValueError(f"`{value}` is not the name of a field; write it as the CRM does, like Contact__r.MobilePhone")
    return value


def _field_of_object(value: Any) -> Any:
    value = _field(value)
    if value.count(".") != 1:
        raise ValueError(f"`{value}` must name an object and its field, like Contact.MobilePhone")
    return value


def _rank(value: Any) -> Any:
    name, _, direction = as_text(value).partition(" ")
    _field(name)
    if direction.strip().upper() not in {"", "ASC", "DESC"}:
        raise ValueError(f"`{value}`: after the field only ASC or DESC may stand")
    return value


def _duration(value: Any) -> timedelta:
    found = _DURATION.match(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a length of time is a whole number and a unit, s, m, h or d: 30m, 24h, 7d")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def _clock(value: Any) -> Any:
    if not isinstance(value, str) or not _CLOCK.match(value):
        raise ValueError('a time of day is written "08:00", in quotes, from "00:00" to "23:59"')
    return value


def _one_or_more(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _truth(value: Any) -> Any:
    if value is True or value is False:
        return value
    raise ValueError("write true or false")


def _version(value: Any) -> Any:
    if type(value) is not int or value != 1:
        raise ValueError("the version of the format is 1; write `version: 1`")
    return value


Version = Annotated[Literal[1], BeforeValidator(_version)]
Text = Annotated[str, BeforeValidator(as_text)]
Setting = Annotated[
    str | int | float | bool,
    BeforeValidator(_setting),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
Constant = Annotated[
    int | str,
    BeforeValidator(_constant),
    WithJsonSchema({"type": ["integer", "string"], "minimum": 0}),
]
FieldPath = Annotated[str, BeforeValidator(_field)]
FieldOfObject = Annotated[str, BeforeValidator(_field_of_object)]
Rank = Annotated[str, BeforeValidator(_rank)]
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[smhd]$"})
]
Clock = Annotated[
    str, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"})
]
Truth = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"), BeforeValidator(as_text)]
Accounts = Annotated[
    list[Text],
    Field(min_length=1),
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Settings = Annotated[dict[str, Setting], Field(min_length=1)]
