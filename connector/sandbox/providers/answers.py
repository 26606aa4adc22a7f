"""What a pretend provider answers with: JSON, or a refusal raised from wherever it is found."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response


def json_answer(content: Any, status: int = 200) -> Response:
    """`content` as JSON with an HTTP status."""
    return Response(orjson.dumps(content), status, media_type="application/json")


class Refused(Exception):
    """A request that the provider refuses with `answer`, in the words of its guide."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        super().__init__(f"refused with HTTP {answer.status_code}")


def told_in_body(
    act: Callable[[Request], Awaitable[Response]], alone: Callable[[], bool]
) -> Callable[[Request], Awaitable[Response]]:
    """`act`, whose refusals come with HTTP 200 while `alone` says so: then the body alone tells them from a success."""

    async def answer(request: Request) -> Response:
        try:
            return await act(request)
        except Refused as refused:
            if alone():
                refused.answer.status_code = 200
            raise

    return answer
