"""The turns of a conversation with 360NRS: an answer to each request, and news a list at a time."""

from collections.abc import Iterable
from itertools import islice

from connector.model.errors import Unreadable
from connector.model.messages import News
from connector.providers.base import Conversation
from connector.providers.exchange import Response

NEWS_AT_ONCE = 500


def answered(response: Response | None) -> Response:
    """The answer to a request.

    Raises:
        Unreadable: there is none.
    """
    if response is None:
        raise Unreadable("the conversation with 360NRS was given no answer")
    return response


def is_absent(response: Response | None) -> bool:
    """Whether 360NRS does not know what was asked for."""
    return response is not None and response.status == 404


def in_lists(news: Iterable[News]) -> Conversation[None]:
    """Tells news as they are read, 500 at a time, so that a report's size costs no memory."""
    told = iter(news)
    while some := list(islice(told, NEWS_AT_ONCE)):
        yield some
