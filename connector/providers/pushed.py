"""What a pushed body says, where a guide shows its fields and not whether they come as JSON or as a form."""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any

import orjson

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault
from connector.providers.base import HookRequest


def fields_of(request: HookRequest) -> Mapping[str, str]:
    """The fields of a POST by their names, JSON object or form alike; null and nested values are empty.

    An object that holds nothing but another one is a wrapping of it, and so is a list of one: a guide's own example
    closes more braces than it opens.

    Raises:
        Refused: the body says it is JSON and is no object of it (400).
    """
    body = request.body.removeprefix(BOM_UTF8).strip()
    if "json" not in request.content_type.lower() and not body.startswith((b"{", b"[")):
        return request.form
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    while (inner := _inner(told)) is not None:
        told = inner
    if not isinstance(told, dict):
        raise unreadable_push("the body is not the JSON object that the guide shows")
    return {name: str(value) for name, value in told.items() if isinstance(value, str | int | float)}


def _inner(told: Any) -> Any:
    """What alone stands in an object or a list, where that is an object or a list itself; else None."""
    values = list(told.values()) if isinstance(told, dict) else told
    one = values[0] if isinstance(values, list) and len(values) == 1 else None
    return one if isinstance(one, dict | list) else None


def unreadable_push(reason: str) -> Refused:
    """That a push cannot be what the guide describes; it is answered with 400."""
    return Refused(Failure("400", reason, Fault.PROVIDER), status=400)
