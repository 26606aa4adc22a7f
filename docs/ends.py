"""The page of every way a request can end: each is brought about, and what the code makes of it is written down."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from connector.model.errors import ConnectorError, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.talk import raise_for_status, sorted_by_end
from connector.sync.answers import Answer, answered, ended

Row = tuple[str, ...]
HEADS = ("how it ended", "sorted as", "its messages become", "and then")

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_TRANSPORT: dict[type[httpx.RequestError], str] = {
    httpx.ConnectError: "no connection: refused, no such host, TLS failure",
    httpx.ConnectTimeout: "no connection in time",
    httpx.PoolTimeout: "no free connection in time",
    httpx.UnsupportedProtocol: "an address that is not http",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be written in time",
    httpx.ReadError: "reset while the answer was awaited",
    httpx.WriteError: "reset while the request was written",
    httpx.CloseError: "the connection failed as it was closed",
    httpx.RemoteProtocolError: "closed without a whole answer, or an answer that is no HTTP",
    httpx.LocalProtocolError: "a request that HTTP does not allow",
    httpx.ProxyError: "a proxy did not open the way to the provider",
    httpx.DecodingError: "an answer that cannot be unpacked",
}


@dataclass(frozen=True, slots=True)
class _End:
    how: str
    error: Exception
    messages: int = 1


def ends() -> Iterator[tuple[str, Answer]]:
    """Every way a request can end, and what becomes of its messages."""
    accepted = Outcome("m0", State.ACCEPTED)
    rejected = Outcome("m0", State.REJECTED, failure=Failure("0", "a number that is none", Fault.RECIPIENT))
    empty = Outcome("m0", State.REJECTED, failure=Failure("0", "no credit", Fault.ACCOUNT, Retry.WHEN_MENDED))
    for how, outcomes in (
        ("the answer accepts the message", [accepted]),
        ("the answer refuses one message of several", [rejected]),
        ("the answer refuses one message of several by the account's fault", [empty, Outcome("m1", State.ACCEPTED)]),
        ("the answer says nothing of the message", []),
    ):
        yield how, answered(_batch(max(1, len(outcomes))), outcomes, {}, _NOW)
    for end in _without_answer():
        batch = _batch(end.messages)
        tries = {message.id: 0 for message in batch.messages}
        yield end.how, ended(batch, end.error, tries, _NOW)


def _without_answer() -> Iterator[_End]:
    for kind, how in _TRANSPORT.items():
        yield _End(f"{how} (`{kind.__name__}`)", sorted_by_end(kind("")))
    yield _End("HTTP 429", _by_status(429))
    yield _End("HTTP 429 with a wait of more than a minute", _by_status(429, wait=600))
    yield _End("HTTP 503 with Retry-After", _by_status(503, wait=30))
    yield _End("HTTP 500, 502, 504, and 503 without Retry-After", _by_status(500))
    yield _End("HTTP 401 or 403: the credentials", _by_status(401))
    yield _End("HTTP 3xx or 404: no such address", _by_status(302))
    account = Failure("", "no credit", Fault.ACCOUNT, Retry.WHEN_MENDED)
    yield _End("a code of the guide that is the account's fault", _by_status(400, failure=account))
    passing = Failure("", "busy", Fault.PROVIDER, Retry.LATER)
    yield _End("a code of the guide for the provider's passing trouble", _by_status(400, failure=passing))
    bad = Failure("", "a text that is too long", Fault.MESSAGE)
    yield _End("any other refusal of the guide, of several messages at once", _by_status(400, failure=bad), 2)
    yield _End("any other refusal of the guide, of one message", _by_status(400, failure=bad))
    yield _End("an answer that no guide describes", Unreadable("an answer that no guide describes"))
    yield _End("a mistake in an adapter", KeyError("id"))


def _batch(size: int) -> Batch:
    messages = tuple(Message(f"m{place}", "+34600000001", "ES", ("Hola",), ()) for place in range(size))
    return Batch("01JEXAMPLE", messages)


def _by_status(status: int, *, wait: int | None = None, failure: Failure | None = None) -> Exception:
    headers = {} if wait is None else {"retry-after": str(wait)}
    try:
        raise_for_status(Response(status, headers), read_failure=failure)
    except ConnectorError as error:
        return error
    raise LookupError(f"HTTP {status} is no error")


_AFTER: dict[State, Callable[[Answer], str]] = {
    State.CLAIMED: lambda answer: (
        "go on to the route's next account, or are tried again here"
        if answer.elsewhere
        else "are tried again in smaller batches"
        if not answer.pause
        else "are tried again here after a while"
    ),
    State.ACCEPTED: lambda _: "wait for their statuses",
    State.REJECTED: lambda _: "are at their end; the record says why",
    State.UNKNOWN: lambda _: "are never sent again by themselves, and go to no other account",
}


def _sorted_as(answer: Answer) -> str:
    """The word of the four, by what became of the message: an answer can refuse it, or say nothing of it."""
    if answer.outcome == "never_left":
        return "never left"
    if answer.outcome == "throttled":
        return "refused, for now"
    by_state = {State.ACCEPTED: "accepted", State.UNKNOWN: "may have left"}
    return by_state.get(answer.moves[0].to, "refused")


def ends_page(note: str, table: Callable[[Row, Iterator[Row]], Iterator[str]]) -> Iterator[str]:
    """The page; `note` says that it is generated, `table` writes Markdown's."""
    yield from ("# Every way a request can end", "", note, "")
    yield "Each was brought about, and what the code made of it is written here (`connector/providers/talk.py`,"
    yield "`connector/sync/answers.py`). Only two things prove that nothing left: that no connection was made, and an"
    yield "answer of no (a code that the guide documents, or HTTP 3xx and 4xx). All else may have left."
    yield ""
    rows = (
        (how, _sorted_as(answer), f"`{answer.moves[0].to}`", _AFTER[answer.moves[0].to](answer))
        for how, answer in ends()
    )
    yield from table(HEADS, rows)
    yield ""
    yield "A crash of the connector between the attempt's commit and the answer is found at the next start, and is"
    yield f"`{State.UNKNOWN}` too."
