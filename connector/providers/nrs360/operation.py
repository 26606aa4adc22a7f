"""What every operation of 360NRS's guide shares: how a refusal looks (guide: "Errors"), and what is asked for as CSV
or as a file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, ParamSpec, TypeVar

import orjson

from connector.model.failures import Failure
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.codes import NAME, failure_of
from connector.providers.operation import Asked, Operation
from connector.providers.talk import raise_for_status

P = ParamSpec("P")
T = TypeVar("T")


class NRS360Operation(Operation[P, T]):
    """A row of 360NRS's guide."""

    provider: ClassVar[str] = NAME

    def request(self, asked: Asked, *, path: str | None = None, headers: Mapping[str, str] | None = None) -> Request:
        """The request; a report is asked for as CSV, a file or a page as whatever it is."""
        request = super().request(asked, path=path, headers=headers)
        if not (self.streams or self.tells in (bytes, str)):
            return request
        return replace(request, headers={**request.headers, "accept": "text/csv" if self.streams else "*/*"})

    def raise_for(self, response: Response) -> None:
        """Returns for 2xx, else raises what the status and the guide's error table say.

        Raises:
            Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
        """
        raise_for_status(response, read_failure=error_in(response))


def error_in(response: Response) -> Failure | None:
    """The documented error of an answer, or None where there is none to read."""
    if 200 <= response.status < 300:
        return None
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return failure_in(error) if isinstance(error, dict) and "code" in error else None


def failure_in(error: Mapping[str, Any]) -> Failure:
    """The failure of an ``{"code": …, "description": …}``."""
    return failure_of(error.get("code", ""), str(error.get("description", "")))
