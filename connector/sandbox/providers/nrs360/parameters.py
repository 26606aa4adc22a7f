"""A section's table of parameters, and the error for the first row that a request does not keep to."""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import is_moment

# Digits with the country's prefix, no plus sign and no zeros in front; E.164 allows 15.
_PHONE = re.compile(r"[1-9]\d{7,14}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Kind:
    """What a value must be. `words` complete the sentence "The x field …"."""

    fits: Callable[[Any], bool]
    words: str


def is_phone(value: Any) -> bool:
    """Whether `value` is a number as the guide writes one: ``34666666666``."""
    return isinstance(value, str) and _PHONE.fullmatch(value) is not None


def is_address(value: Any) -> bool:
    """Whether `value` is an email address."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def is_url(value: Any) -> bool:
    """Whether `value` is an ``http`` or ``https`` address with a host."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return False
    try:
        return bool(urlsplit(value).hostname)
    except ValueError:
        return False


def is_whole(value: Any) -> bool:
    """Whether `value` is an integer and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_base64(value: Any) -> bool:
    """Whether `value` is text in base64, and something."""
    try:
        return bool(base64.b64decode(value, validate=True))
    except (TypeError, ValueError):
        return False


def is_iso_date(value: Any) -> bool:
    """Whether `value` is text in ISO 8601 format."""
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


ANY = Kind(lambda _: True, "")
TEXT = Kind(_is_text, "must be a string")
WHOLE = Kind(is_whole, "must be an integer")
FLAG = Kind(lambda value: isinstance(value, bool), "must be a boolean")
BIT = Kind(lambda value: is_whole(value) and value in (0, 1), "must be 0 or 1")
LIST = Kind(lambda value: isinstance(value, list), "must be an array")
OBJECT = Kind(lambda value: isinstance(value, dict), "must be an object")
OBJECTS = Kind(_list_of(OBJECT.fits), "must be an array of objects")
TEXTS = Kind(_list_of(_is_text), "must be an array of strings")
WHOLES = Kind(_list_of(is_whole), "must be an array of integers")
PHONE = Kind(is_phone, "must be a valid phone")
ADDRESS = Kind(is_address, "must be a valid email address")
ADDRESSES = Kind(_list_of(is_address), "must be an array of valid email addresses")
URL = Kind(is_url, "must be a valid URL")
BASE64 = Kind(is_base64, "must be base64")
MOMENT = Kind(is_moment, "must be a date as YYYYmmddHHiiss")
REACHABLE = Kind(lambda value: is_phone(value) or is_address(value), "must be a valid phone or email")


@dataclass(frozen=True)
class Parameter:
    """One row of a table. `least` and `most` bound an integer, or the length of a text or list. `missing` and `wrong`
    are the guide's codes for a value that is not there and for one that is not right; `beyond` is the one for a value
    out of its bounds, where it differs. `inside` is the table of an object, or of each object of a list."""

    name: str
    kind: Kind
    required: bool = False
    least: int | None = None
    most: int | None = None
    among: Collection[str] = ()
    missing: int = 422
    wrong: int = 422
    beyond: int | None = None
    inside: tuple["Parameter", ...] = ()


def check(given: Mapping[str, Any], table: tuple[Parameter, ...], under: str = "") -> None:
    """Raises Refusal for what stands in no row, else for the first row that is not kept.

    A value that is null, and a required text that is empty, counts as missing. `under` stands before each name.
    """
    known = {row.name for row in table}
    for name in given:
        if name not in known:
            raise Refusal(422, f"The {under}{name} field is not allowed.")
    for row in table:
        value = given.get(row.name)
        if value is None or (row.required and value == ""):
            if row.required:
                raise _refusal(row.missing, f"The {under}{row.name} field is required.")
            continue
        _check_value(row, value, under)


def _check_value(row: Parameter, value: Any, under: str) -> None:
    name = f"{under}{row.name}"
    if not row.kind.fits(value):
        raise _refusal(row.wrong, f"The {name} field {row.kind.words}.")
    if row.among and value not in row.among:
        raise _refusal(row.wrong, f"The {name} field must be one of {', '.join(row.among)}.")
    size = value if is_whole(value) else len(value) if isinstance(value, str | list) else 0
    beyond = row.wrong if row.beyond is None else row.beyond
    if row.least is not None and size < row.least:
        raise _refusal(beyond, f"The {name} field must not be below {row.least}.")
    if row.most is not None and size > row.most:
        raise _refusal(beyond, f"The {name} field must not be above {row.most}.")
    if row.inside and isinstance(value, dict):
        check(value, row.inside, f"{name}.")
    elif row.inside:
        for place, item in enumerate(value):
            check(item, row.inside, f"{name}.{place}.")


def _refusal(code: int, sentence: str) -> Refusal:
    """Only 422 has words of its own; the other codes have the guide's."""
    return Refusal(code, sentence if code == 422 else "")
