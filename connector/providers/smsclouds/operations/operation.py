"""What Smsclouds' rows have in common: how a refusal looks, and how long a send may take."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, ParamSpec, TypeVar

import orjson

from connector.model.failures import Failure
from connector.providers.exchange import Request, Response
from connector.providers.operation import Asked, Operation
from connector.providers.smsclouds.codes import NAME, failure_of
from connector.providers.talk import raise_for_status

SEND_TIMEOUT = 600.0
"""Seconds a send may take to be answered (guide: "Send Messages MT / Parameters", 10 minutes a petition)."""

P = ParamSpec("P")
T = TypeVar("T")


class SmscloudsOperation(Operation[P, T]):
    """One row of Smsclouds' guide."""

    provider: ClassVar[str] = NAME

    def request(self, asked: Asked, *, path: str | None = None, headers: Mapping[str, str] | None = None) -> Request:
        """As every operation's; a send is given the guide's ten minutes to be answered."""
        request = super().request(asked, path=path, headers=headers)
        return replace(request, timeout=SEND_TIMEOUT) if self.sends else request

    def raise_for(self, response: Response) -> None:
        """Returns for 2xx, else raises what the status means (guide: "Errors", the same under every section).

        Raises:
            Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
        """
        raise_for_status(response, read_failure=failure_in(response))


def failure_in(response: Response, *, without: tuple[str, ...] = ()) -> Failure | None:
    """What an error's body says, ``{"error": {"information": …, "status_code": …}}``; None where it is not that.

    The texts in `without` are taken out of it.
    """
    if 200 <= response.status < 300:
        return None
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or "information" not in error:
        return None
    information = str(error["information"])
    for text in without:
        information = information.replace(text, "…") if text else information
    return failure_of(response.status, information)
