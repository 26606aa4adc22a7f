"""How Optimum Measures says no: an error id in the body, whatever the HTTP status (guide: "Response")."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from connector.model.errors import Refused
from connector.model.failures import Failure
from connector.providers.exchange import Response
from connector.providers.optimum.codes import RECEIVED_WITH_ERROR, failure_of
from connector.providers.refusals import quoted
from connector.providers.talk import raise_for_status

REFUSAL_IDS = ("ErrorID", "Error ID")
ERROR_IDS = (*REFUSAL_IDS, "ErrorLogsID")
"""The spellings of one thing. `ErrorLogsID` is printed with the status of an SMS, where it says no to nothing that was
asked."""
NO_ERROR = frozenset({"", "0", "None"})


def raise_for(response: Response, *, hiding: Iterable[str] = ()) -> None:
    """Returns for an answer without an error id, which is looked at first: a refused call bears an `ID` too.

    The texts in `hiding` are kept out of the error.

    Raises:
        Refused: an error id under HTTP 2xx.
        Refused, Throttled, MayHaveLeft: any other HTTP status, see `connector.providers.talk.raise_for_status`.
    """
    failure = _failure_in(response, hiding)
    raise_for_status(response, read_failure=failure)
    if failure is not None:
        raise Refused(failure, status=response.status)


def error_id_of(told: Mapping[str, Any], names: Iterable[str] = ERROR_IDS) -> str:
    """The error id by any of its names; empty where there is none."""
    return next((text for name in names if (text := str(told.get(name, "")).strip()) not in NO_ERROR), "")


def _failure_in(response: Response, hiding: Iterable[str]) -> Failure | None:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    words = str(body.get("Message") or body.get("Status") or "")
    says_no = words.strip().lower().startswith(RECEIVED_WITH_ERROR)
    error_id = error_id_of(body, ERROR_IDS if says_no else REFUSAL_IDS)
    return failure_of(error_id, quoted(words, hiding=hiding)) if error_id or says_no else None
