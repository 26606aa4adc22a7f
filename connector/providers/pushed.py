"""What a pushed body says, where a guide shows its fields and not whether they come as JSON or as a form."""

from collections.abc import Mapping

import orjson

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault
from connector.providers.base import HookRequest


def fields_of(request: HookRequest) -> Mapping[str, str]:
    """The fields of a POST by their names, JSON object or form alike; null and nested values are empty.

    Raises:
        Refused: the body says it is JSON and is no object of it (400).
    """
    if "json" not in request.content_type.lower() and not request.body.lstrip().startswith(b"{"):
        return request.form
    try:
        told = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise unreadable_push("the body is not the JSON object that the guide shows")
    return {name: str(value) for name, value in told.items() if isinstance(value, str | int | float)}


def unreadable_push(reason: str) -> Refused:
    """That a push cannot be what the guide describes; it is answered with 400."""
    return Refused(Failure("400", reason, Fault.PROVIDER), status=400)
