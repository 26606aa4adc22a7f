"""How a request can end, over real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from connector.model.errors import ExchangeError, MayHaveLeft, NeverLeft, Refused, Throttled
from connector.model.failures import Failure, Fault, Retry
from connector.providers.exchange import Request, Response
from connector.providers.talk import Line, raise_for_status, retry_after

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Kind: test\r\n\r\n{}"
CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst line\nsecond"


@contextmanager
def answering(*answers: bytes | None) -> Iterator[str]:
    """A server that takes one connection for each answer, reads a request and answers; None answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    if answer is None:
                        done.wait(10)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api/"
        done.set()
        thread.join(10)
        assert not thread.is_alive()


def ask(address: str, request: Request, read: float = 5.0) -> Response:
    """One request over a fresh line."""
    with httpx.HTTPTransport() as transport:
        return Line(transport, address, timeout=httpx.Timeout(5.0, read=read)).ask(request)


def test_an_answer_comes_whole() -> None:
    """Status, headers in small letters and body are handed on, and requests are counted."""
    with answering(OK) as address, httpx.HTTPTransport() as transport:
        line = Line(transport, address)
        response = line.ask(Request("POST", "/sms", json={"a": 1}))
    assert (response.status, response.headers["x-kind"], response.json()) == (200, "test", {})
    assert line.requests == 1


def test_a_refused_connection_never_left() -> None:
    """Nobody listening proves that nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NeverLeft):
        ask(f"http://127.0.0.1:{port}", Request("POST", "sms", json={}))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", b"garbage\r\n\r\n"])
def test_a_connection_that_breaks_after_the_request_leaves_doubt(answer: bytes) -> None:
    """Closed without an answer, in the middle of one, or with something that is no HTTP."""
    with answering(answer) as address, pytest.raises(MayHaveLeft):
        ask(address, Request("POST", "sms", json={}))


def test_an_answer_that_cannot_be_unpacked_leaves_doubt() -> None:
    """It says that it is packed with gzip, and is not: the provider has acted all the same."""
    packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"
    with answering(packed) as address, pytest.raises(MayHaveLeft, match="DecodingError"):
        ask(address, Request("POST", "sms", json={}))


def test_no_answer_in_time_leaves_doubt() -> None:
    """A request's own timeout counts, not the client's, and what it leaves is doubt."""
    with answering(None) as address, pytest.raises(MayHaveLeft):
        ask(address, Request("POST", "sms", json={}, timeout=0.1), read=60)


def test_a_report_that_breaks_off_is_told() -> None:
    """Lines that came are given, and then the break."""
    with answering(CUT) as address, httpx.HTTPTransport() as transport:
        response = Line(transport, address).ask(Request("GET", "report", stream=True))
        assert response.lines is not None
        assert next(response.lines) == "first line"
        with pytest.raises(MayHaveLeft, match="broke off"):
            list(response.lines)


KNOWN = Failure("111", "not enough credits", Fault.ACCOUNT, Retry.WHEN_MENDED)


@pytest.mark.parametrize(
    ("status", "headers", "error", "fault"),
    [
        (302, {}, Refused, Fault.ACCOUNT),
        (400, {}, Refused, Fault.UNKNOWN),
        (401, {}, Refused, Fault.ACCOUNT),
        (403, {}, Refused, Fault.ACCOUNT),
        (404, {}, Refused, Fault.ACCOUNT),
        (429, {}, Throttled, Fault.PROVIDER),
        (503, {"retry-after": "3"}, Throttled, Fault.PROVIDER),
        (500, {}, MayHaveLeft, None),
        (503, {}, MayHaveLeft, None),
    ],
)
def test_every_status_is_sorted(
    status: int, headers: dict[str, str], error: type[ExchangeError], fault: Fault | None
) -> None:
    """One table of HTTP statuses for every provider; what the adapter read from the body wins over it."""
    with pytest.raises(error) as plain:
        raise_for_status(Response(status, headers, b""))
    assert type(plain.value) is error
    assert not isinstance(plain.value, Refused) or plain.value.failure.fault is fault
    with pytest.raises(error) as read:
        raise_for_status(Response(status, headers, b""), read_failure=KNOWN)
    assert not isinstance(read.value, Refused) or read.value.failure is KNOWN


@pytest.mark.parametrize("status", [200, 202, 207])
def test_success_is_not_an_error(status: int) -> None:
    """2xx raises nothing."""
    raised = False
    try:
        raise_for_status(Response(status, {}, b""))
    except ExchangeError:
        raised = True
    assert not raised


def in_a_minute() -> str:
    """An HTTP date."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (lambda: "7", 7, 7),
        (in_a_minute, 55, 61),
        (lambda: format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True), 0, 0),
    ],
)
def test_retry_after_is_read_in_both_forms(value: Callable[[], str], least: float, most: float) -> None:
    """Seconds or a date; a date that has passed means now."""
    wait = retry_after({"retry-after": value()})
    assert wait is not None
    assert least <= wait <= most


def test_retry_after_may_be_missing_or_nonsense() -> None:
    """Without a readable header there is no wait to be told."""
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None


def test_a_page_that_forbids_is_not_told_as_wrong_credentials() -> None:
    """A firewall before the API answers so. Whether it minds the address or one text nobody can tell: the messages wait
    with their account, for else an address it blocks would reject all of them."""
    with pytest.raises(Refused) as refused:
        raise_for_status(Response(403, {"content-type": "text/html"}, b"<html>Request blocked</html>"))
    failure = refused.value.failure
    assert (failure.code, failure.fault, failure.retry) == ("403", Fault.ACCOUNT, Retry.WHEN_MENDED)
    assert "credentials" not in failure.reason
    assert "a page of markup, 28 bytes" in failure.reason


@pytest.mark.parametrize("status", [401, 403])
def test_a_code_no_table_knows_leaves_the_credentials_at_fault(status: int) -> None:
    """A 401 or 403 is the account's fault whatever code its body has: no message is rejected for it."""
    unheard = Failure("999", "something new")
    with pytest.raises(Refused) as refused:
        raise_for_status(Response(status, {}, b"{}"), read_failure=unheard)
    assert refused.value.failure.fault is Fault.ACCOUNT
