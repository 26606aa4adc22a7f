"""The receiver over real sockets: what it answers, and that nothing it answered 200 to is lost."""

import hmac
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from connector.model.errors import SettingsError, StoreError
from connector.web.receiver import receiver
from connector.web.senders import read_networks
from connector.web.server import HookServer
from tests.conftest import START, Clock
from tests.web.hooked import IN_PATH, PATH, SECRET, FakeAdapter, Hooked, Shelf, account, read_answer, running, until


@pytest.fixture
def hooked() -> Iterator[Hooked]:
    """A receiver with one account."""
    with running() as server:
        yield server


def test_a_webhook_is_answered_with_the_adapters_words_once_it_is_kept(hooked: Hooked) -> None:
    """Exactly 200 and the body the guide asks for, and by then the news is in a commit, under its account."""
    assert hooked.post("id=7&text=%C3%B1&id=8") == (200, "OK 8")
    [[kept]] = hooked.shelf.commits
    assert (kept.account, kept.provider, kept.received_at) == ("main", "fake", START)
    assert (kept.news[0].key, kept.news[0].text) == ("8", "ñ")


def test_no_answer_waits_for_the_other_side_s_acknowledgement() -> None:
    """Nagle's delay is off on what the server accepts: with it, each webhook on an open connection took 44 ms more."""
    server = HookServer(Starlette(), "127.0.0.1", 0)
    try:
        with socket.create_connection(("127.0.0.1", server.port)):
            accepted, _ = server.listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    finally:
        server.stop()


def test_a_get_is_read_from_its_query(hooked: Hooked) -> None:
    """A provider that tells by GET is understood; what is blank in its query stays there as blank."""
    assert hooked.get(f"{PATH}?id=9&text=&x=1+2") == (200, "OK 9")
    [asked] = hooked.adapter.asked
    assert (asked.name, asked.method, asked.form, asked.body) == ("status", "GET", {}, b"")
    assert asked.query == {"id": "9", "text": "", "x": "1 2"}


def test_the_body_reaches_the_adapter_as_it_came(hooked: Hooked) -> None:
    """A JSON body is handed on raw with its content type, and no form is read into it."""
    body = b'{"id": "a=1&b=2"}'
    assert hooked.ask("POST", f"{PATH}?id=1", body, "Content-Type: application/json; charset=utf-8")[0] == 200
    [asked] = hooked.adapter.asked
    assert (asked.body, asked.form, asked.content_type) == (body, {}, "application/json; charset=utf-8")


def test_a_text_in_latin_1_is_read_as_such(hooked: Hooked) -> None:
    """Bytes that are no UTF-8 are read as Latin-1, so that no reply loses its letters."""
    assert hooked.get(f"{PATH}?id=1&text=ma%F1ana")[0] == 200
    assert hooked.shelf.commits[0][0].news[0].text == "mañana"


def test_the_answer_comes_only_after_the_commit() -> None:
    """While the store has not committed, the provider hears nothing; then it hears 200."""
    shelf = Shelf()
    shelf.gate.clear()
    with running(shelf=shelf) as hooked, ThreadPoolExecutor(1) as other:
        answer = other.submit(hooked.post, "id=1")
        until(lambda: shelf.tried)
        with pytest.raises(TimeoutError):
            answer.result(timeout=0.2)
        assert shelf.commits == []
        shelf.gate.set()
        assert answer.result(timeout=5) == (200, "OK 1")


def test_a_webhook_without_news_needs_no_store() -> None:
    """What says nothing worth keeping is acknowledged even while the store is down."""
    with running(shelf=Shelf(broken=StoreError("the disk is full"))) as hooked:
        assert hooked.post("x=1", f"/hooks/main/{IN_PATH}/silent") == (200, "nothing to keep")
        assert hooked.shelf.tried == 0


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/main/wrong/status",
        f"/hooks/main/{IN_PATH}x/status",
        "/hooks/main//status",
        f"/hooks/other/{IN_PATH}/status",
        f"/hooks/main/{IN_PATH}/nothing",
        f"/hooks/main/{IN_PATH}",
        f"/hooks/main/{IN_PATH}/status/more",
        f"/hooks/main/{SECRET.replace(' ', '%20')}/status",
        "/hooks/",
        "/hooks/%ff/%00/%2e%2e",
    ],
)
def test_a_wrong_account_secret_or_hook_is_one_and_the_same_404(hooked: Hooked, path: str) -> None:
    """Nobody learns which of the three was wrong, and nothing is kept."""
    assert hooked.post("id=1", path) == (404, "There is nothing here.")
    assert hooked.shelf.commits == []


def test_two_secrets_are_valid_while_one_replaces_the_other() -> None:
    """The old secret and the new one both work, and a third does not."""
    with running("old", "new") as hooked:
        answers = [hooked.post(f"id={secret}", f"/hooks/main/{secret}/status")[0] for secret in ("old", "new", "newer")]
    assert answers == [200, 200, 404]


def test_every_secret_takes_the_same_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right, wrong, of another length or of no account at all: two comparisons in constant time, of equal lengths."""
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counted(one: Any, other: Any) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    with running() as hooked:
        for path in (
            PATH,
            "/hooks/main/x/status",
            f"/hooks/main/{'y' * 500}/status",
            f"/hooks/nobody/{IN_PATH}/status",
        ):
            before = len(compared)
            hooked.post("id=1", path)
            assert len(compared) - before == 2
    assert set(compared) == {(32, 32)}


@pytest.mark.parametrize("secrets", [(), ("",), ("  ",), ("a", "b", "c"), ("a", "")])
def test_an_account_without_a_usable_secret_is_refused_at_the_start(secrets: tuple[str, ...]) -> None:
    """No receiver opens with an empty path secret; the sentence names the account and the setting."""
    with pytest.raises(SettingsError, match=r"account main .*hook_secret"):
        receiver({"main": account(FakeAdapter(), *secrets)}, Shelf().keep, clock=Clock())


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_not_allowed(hooked: Hooked, method: str) -> None:
    """Webhooks come by GET and POST; all else is 405 and tells the adapter nothing."""
    assert hooked.ask(method, f"{PATH}?id=1")[0] == 405
    assert hooked.adapter.asked == []


def test_what_the_adapter_cannot_read_is_400_and_noted_with_numbers_masked(hooked: Hooked) -> None:
    """The log says which account and why; the number in the reason is cut, and nothing is kept."""
    with structlog.testing.capture_logs() as lines:
        assert hooked.post("x=1")[0] == 400
        assert hooked.post("html=1")[0] == 400
    assert [line["account"] for line in lines] == ["main", "main"]
    assert "no id in what" in lines[0]["reason"]
    assert "no guide describes" in lines[1]["reason"]
    assert "600111222" not in str(lines)
    assert hooked.shelf.commits == []


def test_too_many_fields_are_400(hooked: Hooked) -> None:
    """A form of thousands of fields is no webhook of any guide."""
    assert hooked.post("&".join(f"a{n}=1" for n in range(1001)))[0] == 400
    assert hooked.adapter.asked == []


def test_an_adapters_mistake_asks_the_provider_to_come_again(hooked: Hooked) -> None:
    """A fault of ours is 500, is noted without what the webhook held, and the next webhook is taken as ever."""
    with structlog.testing.capture_logs() as lines:
        assert hooked.post("mistake=%2B34600111222")[0] == 500
    assert "KeyError" in lines[0]["reason"]
    assert "600111222" not in str(lines)
    assert hooked.post("id=1")[0] == 200


def test_a_store_that_refuses_makes_the_provider_come_again() -> None:
    """503 while the store is down, which health shows; 200 once it is back, without a restart."""
    shelf = Shelf(broken=StoreError("the disk is full"))
    with running(shelf=shelf) as hooked:
        with structlog.testing.capture_logs() as lines:
            assert hooked.post("id=1")[0] == 503
        assert (lines[0]["accounts"], lines[0]["error"]) == (["main"], "the disk is full")
        assert hooked.get("/healthz") == (200, '{"status":"store_failing","waiting":0}')
        shelf.broken = None
        assert hooked.post("id=1")[0] == 200
        assert hooked.get("/healthz") == (200, '{"status":"ok","waiting":0}')
    assert shelf.keys == ["1"]


def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_413() -> None:
    """The limit is what it says, for bodies and queries."""
    with running(body_limit=100) as hooked:
        assert hooked.post("id=" + "1" * 97)[0] == 200
        assert hooked.post("id=" + "1" * 98)[0] == 413
        assert hooked.get(f"{PATH}?id=" + "1" * 97)[0] == 200
        assert hooked.get(f"{PATH}?id=" + "1" * 98)[0] == 413
        assert len(hooked.adapter.asked) == 2


def test_a_huge_body_is_refused_by_its_announcement(hooked: Hooked) -> None:
    """A body announced as ten gigabytes is refused before a byte of it is sent."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n"
    status, said = hooked.raw(head.encode())
    assert (status, "65536 bytes" in said) == (413, True)


def test_a_huge_body_without_a_length_is_not_read_whole(hooked: Hooked) -> None:
    """A body that comes in pieces without end is cut off soon after the limit, and the server goes on."""
    piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    sent = 0
    with hooked.connection() as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        try:
            while sent < 64 * 2**20:
                line.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        else:
            assert read_answer(line)[0] == 413
    assert sent < 64 * 2**20, "the receiver took 64 MB of a body it limits to 64 KB"
    assert hooked.adapter.asked == []
    assert hooked.post("id=1")[0] == 200


def test_a_body_just_over_the_limit_in_pieces_is_413(hooked: Hooked) -> None:
    """Without a length the bytes themselves are counted."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert hooked.raw(head.encode() + b"10001\r\n" + b"x" * 0x10001 + b"\r\n")[0] == 413
    assert hooked.adapter.asked == []


def test_a_body_that_never_comes_is_given_up() -> None:
    """A sender that announces a body and stays silent is answered 408 and holds nothing."""
    with running(body_seconds=0.1) as hooked:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nid="
        assert hooked.raw(head.encode())[0] == 408
        assert hooked.adapter.asked == []


def test_a_sender_that_leaves_in_the_middle_is_forgotten(hooked: Hooked) -> None:
    """Half a body is no news, and the server goes on."""
    with hooked.connection() as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nid=1".encode())
    assert hooked.post("id=2")[0] == 200
    assert hooked.shelf.keys == ["2"]


@pytest.mark.parametrize(
    ("allowed", "proxies", "forwarded", "status"),
    [
        ((), (), (), 200),
        (("127.0.0.1",), (), (), 200),
        (("127.0.0.0/8",), (), ("203.0.113.7",), 200),
        (("203.0.113.7",), (), (), 404),
        (("203.0.113.7",), (), ("203.0.113.7",), 404),
        (("203.0.113.7",), ("127.0.0.1",), ("203.0.113.7",), 200),
        (("203.0.113.7",), ("127.0.0.1",), ("203.0.113.7, 198.51.100.1",), 404),
        (("203.0.113.7",), ("127.0.0.1", "198.51.100.1"), ("203.0.113.7", "198.51.100.1"), 200),
        (("203.0.113.7",), ("127.0.0.1",), ("203.0.113.7:4711",), 200),
        (("2001:db8::/32",), ("127.0.0.1",), ("[2001:db8::7]:443",), 200),
        (("203.0.113.7",), ("127.0.0.1",), ("::ffff:203.0.113.7",), 200),
        (("203.0.113.7",), ("127.0.0.1",), ("nonsense",), 404),
        (("127.0.0.1",), ("127.0.0.1",), ("203.0.113.7",), 404),
    ],
)
def test_addresses_are_held_to_the_accounts_list(
    allowed: tuple[str, ...], proxies: tuple[str, ...], forwarded: tuple[str, ...], status: int
) -> None:
    """X-Forwarded-For counts only as far as trusted proxies wrote it; what is not allowed is the same 404."""
    with running(networks=read_networks(allowed), trusted_proxies=read_networks(proxies)) as hooked:
        headers = [f"X-Forwarded-For: {value}" for value in forwarded]
        assert hooked.post("id=1", PATH, *headers)[0] == status


def test_an_address_that_is_none_is_refused_in_the_settings() -> None:
    """A typing mistake in the list is a sentence at the start, not a webhook lost later."""
    with pytest.raises(SettingsError, match=r"'10\.0\.0\.300' is no address"):
        read_networks(["10.0.0.300"])


def test_five_hundred_at_once_share_a_few_commits() -> None:
    """Five hundred webhooks that arrive while one commit is under way are all kept by the next, and all answered."""
    shelf = Shelf()
    shelf.gate.clear()
    with running(shelf=shelf) as hooked, ExitStack() as open_lines:
        first = open_lines.enter_context(hooked.connection())
        first.sendall(f"GET {PATH}?id=first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        until(lambda: shelf.tried)
        lines = [open_lines.enter_context(hooked.connection()) for _ in range(500)]
        for number, line in enumerate(lines):
            form = f"id={number}"
            line.sendall(
                f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(form)}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}".encode()
            )
        until(lambda: len(hooked.adapter.asked) == 501)
        until(lambda: hooked.get("/healthz")[1] == '{"status":"ok","waiting":500}')
        shelf.gate.set()
        assert [read_answer(line) for line in lines] == [(200, f"OK {number}") for number in range(500)]
        assert read_answer(first) == (200, "OK first")
    assert [len(commit) for commit in shelf.commits] == [1, 500]
    assert sorted(shelf.keys[1:], key=int) == [str(number) for number in range(500)]


def test_a_webhook_that_cannot_be_stored_takes_no_other_with_it() -> None:
    """Of many that wait together, the one the store chokes on is 503 and the others are kept."""
    shelf = Shelf(poison="3")
    shelf.gate.clear()
    with running(shelf=shelf) as hooked, ThreadPoolExecutor(6) as threads:
        first = threads.submit(hooked.post, "id=0")
        until(lambda: shelf.tried)
        others = [threads.submit(hooked.post, f"id={n}") for n in range(1, 6)]
        until(lambda: len(hooked.adapter.asked) == 6)
        time.sleep(0.05)
        shelf.gate.set()
        assert first.result(timeout=5)[0] == 200
        assert [other.result(timeout=5)[0] for other in others] == [200, 200, 503, 200, 200]
    assert sorted(shelf.keys) == ["0", "1", "2", "4", "5"]


def test_stopping_answers_what_is_under_way() -> None:
    """A webhook whose commit is running when the server is told to stop is still stored and still answered."""
    shelf = Shelf()
    shelf.gate.clear()
    with running(shelf=shelf) as hooked, ThreadPoolExecutor(2) as threads:
        answer = threads.submit(hooked.post, "id=1")
        until(lambda: shelf.tried)
        stopping = threads.submit(hooked.server.stop)
        time.sleep(0.05)
        shelf.gate.set()
        assert answer.result(timeout=10) == (200, "OK 1")
        stopping.result(timeout=10)
    assert shelf.keys == ["1"]
    with pytest.raises(OSError, match="refused"):
        hooked.connection()


def test_a_port_that_is_taken_is_a_sentence(hooked: Hooked) -> None:
    """Two receivers on one port: the second says where and what to do."""
    with pytest.raises(SettingsError, match=rf"port {hooked.server.port}: .*Choose another port"):
        HookServer(receiver({}, Shelf().keep, clock=Clock()), "127.0.0.1", hooked.server.port)


def test_the_secret_never_reaches_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens to a webhook, no line of ours, of the server's or of a library's holds its secret or a guess."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines, running(SECRET, shelf=Shelf(poison="3")) as hooked:
        for body in ("id=1", "id=3", "mistake=1", "html=1", "x" * 70_000):
            hooked.post(body)
        hooked.post("id=1", f"/hooks/main/{IN_PATH}-guess/status")
        hooked.get(f"/hooks/{IN_PATH}/main/status")
        hooked.raw(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n".encode())
        hooked.ask("PUT", PATH)
    said = f"{lines} {caplog.text}"
    assert len(lines) >= 6
    for form in (SECRET, IN_PATH, "s3cret"):
        assert form not in said


def test_requests_that_no_server_should_get_do_not_stop_it(hooked: Hooked) -> None:
    """Nonsense on the line is answered or hung up on, and the next webhook is taken."""
    for nonsense in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"):
        with hooked.connection() as line:
            line.sendall(nonsense)
            line.shutdown(1)
            while line.recv(4096):
                pass
    assert hooked.post("id=1")[0] == 200


@pytest.fixture(scope="module")
def lasting() -> Iterator[Hooked]:
    """A receiver that all examples of a property share."""
    with running() as server:
        yield server


_QUERY = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "POST"]),
    query=_QUERY,
    body=st.one_of(st.binary(max_size=200), st.text(max_size=80).map(lambda text: f"id={text}".encode())),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "", ";;", "x"]
    ),
)
def test_no_body_or_query_breaks_the_receiver(lasting: Hooked, method: str, query: str, body: bytes, kind: str) -> None:
    """Any bytes get an answer below 500, and what is answered 200 is kept."""
    before = len(lasting.shelf.keys)
    if b"mistake" in body or "mistake" in query:
        return
    status, _ = lasting.ask(method, f"{PATH}?{query}", body, f"Content-Type: {kind}")
    assert status in {200, 400}
    assert len(lasting.shelf.keys) - before == (status == 200)
