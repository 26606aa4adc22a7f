"""How a section of the guide is asked and how it answers: the same for every operation."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.datastructures import QueryParams
from starlette.responses import Response

from connector.sandbox.providers.answers import json_answer
from connector.sandbox.providers.nrs360.errors import Refusal

BASE = "https://dashboard.360nrs.com/api/rest"


@dataclass(frozen=True)
class Asked:
    """One request: what stands in its path, after the question mark, and in its body."""

    path: Mapping[str, Any]
    query: QueryParams
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body. Raises Refusal(125) for anything else."""
        try:
            given = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Refusal(125) from None
        if not isinstance(given, dict):
            raise Refusal(125)
        return given


@dataclass(frozen=True)
class Answer:
    """A response, and the pushes that must be over before it is given."""

    response: Response
    after: Sequence[Future[int]] = ()


Act = Callable[[Asked], Answer]
# Method, path as a route template, and what answers.
Operation = tuple[str, str, Act]


class Section(Protocol):
    """A section of the guide: what it can be asked."""

    def operations(self) -> list[Operation]:
        """The section's operations; of two whose paths both fit, the first answers."""


def answered(content: Any, status: int = 200, after: Sequence[Future[int]] = ()) -> Answer:
    """`content` as JSON."""
    return Answer(json_answer(content, status), after)


def gone() -> Answer:
    """The answer to a deletion: 204 and nothing."""
    return Answer(Response(status_code=204))
