"""How 360 SMS App says no: the `status` inside `message` decides (guide: "Request Response")."""

from collections.abc import Iterable
from dataclasses import replace

import orjson

from connector.model.failures import Failure
from connector.providers.exchange import Response
from connector.providers.refusals import quoted
from connector.providers.sms360app.codes import failure_of
from connector.providers.talk import raise_for_status


def raise_for(response: Response, *, hiding: Iterable[str] = ()) -> None:
    """Returns for a yes; else sorts by the HTTP status, or under HTTP 200 by the `status` within, as if it were one.

    The guide prints no refusal. A `status` that could be HTTP's (400 to 599) is read as that; any other word is left
    for whoever reads the answer. The texts in `hiding` are kept out of the error.

    Raises:
        Refused, Throttled, MayHaveLeft: see `connector.providers.talk.raise_for_status`.
    """
    inner, words = _told(response)
    within = 200 <= response.status < 300 and inner is not None and 400 <= inner < 600
    status = inner if within and inner is not None else response.status
    raise_for_status(replace(response, status=status), read_failure=_failure(inner, quoted(words, hiding=hiding)))


def _failure(inner: int | None, words: str) -> Failure | None:
    return failure_of(inner, words) if inner is not None and inner >= 400 else None


def _told(response: Response) -> tuple[int | None, object]:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None, ""
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, dict):
        return None, ""
    status = str(message.get("status"))
    return (int(status) if status.isdecimal() and len(status) == 3 else None), message.get("message")
