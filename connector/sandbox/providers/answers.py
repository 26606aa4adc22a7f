"""What a pretend provider answers with: JSON, or a refusal raised from wherever it is found."""

from typing import Any

import orjson
from starlette.responses import Response


def json_answer(content: Any, status: int = 200) -> Response:
    """`content` as JSON with an HTTP status."""
    return Response(orjson.dumps(content), status, media_type="application/json")


class Refused(Exception):
    """A request that the provider refuses with `answer`, in the words of its guide."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        super().__init__(f"refused with HTTP {answer.status_code}")
