"""One request and its answer, apart from the web server: composite asks the same handlers without a socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.sandbox.org.errors import NotDeserializable, OrgError

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `path` as sent, without its query; `origin` such as `http://127.0.0.1:8000`; headers in lower case."""

    method: str
    path: str
    origin: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str = ""  # /services/data/vXX.X, where there is one

    def json(self) -> Any:
        """The body; raises OrgError JSON_PARSER_ERROR when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
            raise OrgError("JSON_PARSER_ERROR", message) from error

    def document(self) -> dict[str, Any]:
        """The body, which must be an object."""
        found = self.json()
        if not isinstance(found, dict):
            raise OrgError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required to be an object at [line:1, column:1]"
            )
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `content` is JSON-able, or bytes of `media_type`; None has no body."""

    status: int = 200
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def body(self) -> bytes:
        """What goes over the wire."""
        if isinstance(self.content, bytes):
            return self.content
        return b"" if self.content is None else orjson.dumps(self.content)


def refusal(error: OrgError, call: Call) -> Answer:
    """The answer to a call that an error ended."""
    if isinstance(error, NotDeserializable):
        place = call.body.find(orjson.dumps(error.field))
        end = call.body.find(b":", place) + 1 if place >= 0 else 0
        line = call.body.count(b"\n", 0, end) + 1
        column = end - call.body.rfind(b"\n", 0, end)
        error = OrgError(error.code, f"{error.message} at [line:{line}, column:{column}]", (error.field,))
    return Answer(error.status, error.top_level())
