"""The forms that Smsclouds' fields have: ids, cellphones, dates without a zone, and what may be missing or odd."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from connector.providers.readable import readable_rows
from connector.providers.smsclouds.codes import NAME
from connector.providers.smsclouds.dates import FORMAT

T = TypeVar("T")


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("this is true or false, and an id is a number")  # noqa: TRY004 (pydantic reads ValueError)
    return value


def _without_zone(at: datetime) -> datetime:
    if at.tzinfo is not None:
        raise ValueError("Smsclouds' dates bear no zone; give the account's local time, as 2026-11-01 09:30:00")
    return at


Id = Annotated[int, BeforeValidator(_no_boolean), Field(ge=0)]
"""A number of Smsclouds' own; it comes as a number or as a string of digits."""

IdsAsStrings = Annotated[list[Id], Field(min_length=1), PlainSerializer(lambda ids: [str(one) for one in ids])]
"""Ids that travel as the guide's example writes them."""

Cellphone = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,15}$")]
"""A national number, digits only: ten of them in Mexico."""

TenDigits = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
"""A Mexican number without its country code."""

LocalTime = Annotated[datetime, AfterValidator(_without_zone), PlainSerializer(lambda at: at.strftime(FORMAT))]
"""``YYYY-MM-DD HH:mm:ss`` in the account's zone, which the text does not name; a time with a zone is refused."""

Rows = Annotated[list[T], readable_rows(NAME)]
"""Rows of which a broken one does not take the others with it; it is left out, and a warning says so."""
