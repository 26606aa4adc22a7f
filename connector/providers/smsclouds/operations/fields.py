"""The forms that Smsclouds' fields have: ids, cellphones, dates without a zone, and what may be missing or odd."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import structlog
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from connector.providers.smsclouds.codes import NAME
from connector.providers.smsclouds.dates import FORMAT

log = structlog.get_logger(__name__)

T = TypeVar("T")


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("this is true or false, and an id is a number")  # noqa: TRY004 (pydantic reads ValueError)
    return value


def _without_zone(at: datetime) -> datetime:
    if at.tzinfo is not None:
        raise ValueError("Smsclouds' dates bear no zone; give the account's local time, as 2026-11-01 09:30:00")
    return at


def _none_where_unreadable(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


def _readable_rows(rows: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """All rows, or those that can be read where some cannot; not one of many is no list of the guide's."""
    try:
        return read(rows)
    except ValidationError as error:
        if not isinstance(rows, list):
            raise
        broken = {problem["loc"][0] for problem in error.errors(include_input=False, include_url=False)}
        if len(broken) == len(rows):
            raise
        log.warning("rows_not_readable", provider=NAME, rows=len(broken), of=len(rows), first=min(map(int, broken)))
        return read([row for place, row in enumerate(rows) if place not in broken])


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

Maybe = Annotated[T | None, WrapValidator(_none_where_unreadable)]
"""A field that is not worth an answer: None where it is missing, or is not what the guide shows."""

Rows = Annotated[list[T], WrapValidator(_readable_rows)]
"""Rows of which a broken one does not take the others with it; it is left out, and a warning says so."""
