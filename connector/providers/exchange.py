"""A request to be made and its answer, as adapters see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.model.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to be made. `path` is joined to the account's base_url; `json` is serialised with orjson.

    `sends` marks a request that must never be made twice. `stream` asks for a response read line by line.
    `needs_token` is false for a request that an account with short-lived tokens makes without one.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    sends: bool = False
    stream: bool = False
    timeout: float | None = None
    needs_token: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `lines` is set for a streamed one, whose `body` is then empty."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    lines: Iterator[str] | None = None

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Unreadable: it is not JSON; the sentence says what it looks like.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Unreadable(f"HTTP {self.status} with a body that is not JSON ({self.looks()})") from None

    @property
    def is_markup(self) -> bool:
        """Whether the body is a page, which no guide gives for an answer of its API."""
        return self.body.lstrip()[:1] == b"<"

    def looks(self) -> str:
        """What the body looks like, with nothing of what it says: it may repeat a number or a text."""
        if not self.body.strip():
            return "an empty body"
        kind = "a page of markup" if self.is_markup else self.headers.get("content-type", "of no type")
        return f"{kind}, {len(self.body):,} bytes"
