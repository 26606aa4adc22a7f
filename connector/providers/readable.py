"""Answers of which a part cannot be read: that part costs neither its neighbours nor the whole."""

from typing import Annotated, Any, TypeVar

import structlog
from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator

log = structlog.get_logger(__name__)

T = TypeVar("T")


def _none_where_unreadable(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Maybe = Annotated[T | None, WrapValidator(_none_where_unreadable)]
"""A field that is not worth an answer: None where it is missing, or is not what the guide shows."""


def readable_rows(provider: str) -> WrapValidator:
    """For a list of rows of which a broken one does not take the others with it; it is left out, and a warning says so.
    A list of which no row can be read is no list of the guide's."""

    def read_rows(rows: Any, read: ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(rows)
        except ValidationError as error:
            if not isinstance(rows, list):
                raise
            broken = {problem["loc"][0] for problem in error.errors(include_input=False, include_url=False)}
            if len(broken) == len(rows):
                raise
            first = min(map(int, broken))
            log.warning("rows_not_readable", provider=provider, rows=len(broken), of=len(rows), first=first)
            return read([row for place, row in enumerate(rows) if place not in broken])

    return WrapValidator(read_rows)
