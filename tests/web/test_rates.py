"""Rates: guesses are slowed down, an account's news is not lost by its limit, and nobody pays for a neighbour."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.web.rates import TAKEN, Bucket, Peers, Rate
from connector.web.senders import read_networks
from tests.web.hooked import PATH, Hooked, Shelf, running

WRONG = "/hooks/main/guess/status"


class Ticks:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    """The seconds rates are counted in."""
    return Ticks()


@pytest.fixture
def slow(ticks: Ticks) -> Iterator[Hooked]:
    """A receiver that bears three wrong secrets and four webhooks at once, one of each every two seconds."""
    with running(turned_away=Rate(0.5, 3), taken=Rate(0.5, 4), ticks=ticks) as hooked:
        yield hooked


def test_a_peer_that_guesses_is_told_to_wait(slow: Hooked, ticks: Ticks) -> None:
    """The fourth guess in a row is 429, says when to come again, and then is 404 again."""
    assert [slow.post("id=1", WRONG)[0] for _ in range(4)] == [404, 404, 404, 429]
    assert slow.post("id=1", WRONG) == (429, "Too many requests. Please come again in 6 seconds.")
    ticks.now += 6
    assert [slow.post("id=1", WRONG)[0] for _ in range(2)] == [404, 429]
    assert slow.shelf.commits == []


def test_the_wait_stands_in_the_header(slow: Hooked) -> None:
    """429 carries Retry-After in whole seconds."""
    head = ""
    for _ in range(4):
        with slow.connection() as line:
            line.sendall(f"GET {WRONG} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head = line.recv(4096).decode()
    assert "429 Too Many Requests" in head
    assert "\r\nretry-after: 4\r\n" in head.lower()


def test_guesses_do_not_keep_news_out(slow: Hooked) -> None:
    """Behind one proxy guesses and news have one address: the right secret is taken all the while."""
    for _ in range(10):
        slow.post("id=0", WRONG)
    assert slow.post("id=1") == (200, "OK 1")


def test_too_many_guesses_leave_no_line_each(slow: Hooked) -> None:
    """The log has a line for each request turned away within the rate, and none above it."""
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            slow.post("id=1", WRONG)
    assert [line["event"] for line in lines] == ["webhook turned away"] * 3


def test_an_address_that_is_not_allowed_counts_as_a_guess(ticks: Ticks) -> None:
    """The right secret from a wrong address is held to the same rate."""
    with running(networks=read_networks(["203.0.113.7"]), turned_away=Rate(0.5, 2), ticks=ticks) as hooked:
        assert [hooked.post("id=1")[0] for _ in range(3)] == [404, 404, 429]


def test_peers_are_told_apart_behind_a_trusted_proxy(ticks: Ticks) -> None:
    """One address that guesses costs another nothing; the addresses of one IPv6 network are one."""
    trusted = read_networks(["127.0.0.1"])
    with running(turned_away=Rate(0.5, 1), trusted_proxies=trusted, ticks=ticks) as hooked:
        addresses = ["203.0.113.7", "203.0.113.8", "203.0.113.7", "2001:db8::1", "2001:db8::2", "2001:db8:1::1"]
        answers = [hooked.post("id=1", WRONG, f"X-Forwarded-For: {address}")[0] for address in addresses]
    assert answers == [404, 404, 429, 404, 429, 404]


def test_what_is_above_an_accounts_rate_is_kept_all_the_same(slow: Hooked) -> None:
    """The fifth webhook in a row is answered 429 and is stored: a limit loses no news that comes only once."""
    answers = [slow.post(f"id={number}")[0] for number in range(8)]
    assert answers == [200] * 4 + [429] * 4
    assert slow.shelf.keys == [str(number) for number in range(8)]


def test_who_goes_on_regardless_is_turned_away_unread(slow: Hooked, ticks: Ticks) -> None:
    """A burst more above the rate is kept, and no further; after the wait all is as ever."""
    answers = [slow.post(f"id={number}")[0] for number in range(10)]
    assert answers == [200] * 4 + [429] * 6
    assert len(slow.shelf.keys) == len(slow.adapter.asked) == 8
    ticks.now += 10
    assert slow.post("id=10")[0] == 200


def test_what_cannot_be_read_counts_too(slow: Hooked) -> None:
    """Webhooks that know the secret and hold nonsense are held to the rate as well."""
    answers = [slow.post("x=1")[0] for _ in range(10)]
    assert answers == [400] * 8 + [429] * 2


def test_what_could_not_be_stored_does_not_count(ticks: Ticks) -> None:
    """While the store is down providers come again and again, and find no limit reached once it is back."""
    shelf = Shelf(broken=OSError("the disk is full"))
    with running(shelf=shelf, taken=Rate(0.5, 1), ticks=ticks) as hooked:
        assert [hooked.post("id=1")[0] for _ in range(5)] == [503] * 5
        shelf.broken = None
        assert hooked.post("id=1")[0] == 200


def test_an_account_above_its_rate_is_logged_once(slow: Hooked, ticks: Ticks) -> None:
    """One line when it comes above the rate, another when it does so again after a rest."""
    with structlog.testing.capture_logs() as lines:
        for _ in range(7):
            slow.post("id=1")
        ticks.now += 60
        for _ in range(5):
            slow.post("id=1")
    assert [(line["account"], "webhooks_a_second" in line["event"]) for line in lines] == [("main", True)] * 2


def test_the_usual_rate_lets_ten_thousand_pass_at_once() -> None:
    """What a provider pushes after a large campaign is far below the limit nobody has set."""
    bucket = Bucket(TAKEN, 0.0)
    assert [bucket.take(0.0) for _ in range(10_000)] == [0] * 10_000
    assert bucket.take(0.0) == 1


def test_only_so_many_peers_are_remembered(ticks: Ticks) -> None:
    """Guesses from everywhere do not fill the memory; those seen last stay counted."""
    peers = Peers(Rate(0.001, 1), ticks)
    first, *others = [read_networks([f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"])[0][0] for n in range(10_002)]
    peers.turned_away(first)
    assert [peers.turned_away(other) for other in others] == [0] * 10_001
    assert peers.turned_away(others[-1]) > 0
    assert peers.turned_away(first) == 0


@settings(max_examples=100, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 30), min_size=2, max_size=80),
    a_second=st.floats(0.05, 10),
    burst=st.integers(1, 20),
)
def test_a_rate_is_held_and_its_wait_is_true(gaps: list[float], a_second: float, burst: int) -> None:
    """In any stretch of time no more pass than the burst and the rate allow, and who waits as told passes."""
    bucket, now, passed = Bucket(Rate(a_second, burst), 0.0), 0.0, []
    for gap in gaps:
        now += gap
        if wait := bucket.take(now):
            now += wait
            assert bucket.take(now) == 0, "the next one was promised to be within the rate"
        passed.append(now)
    assert all(earlier <= later for earlier, later in pairwise(passed))
    for start, since in enumerate(passed):
        for end in range(start, len(passed)):
            assert end - start + 1 <= burst + (passed[end] - since) * a_second + 1e-3


@settings(max_examples=100, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0.0, 1e-9, 0.01, 0.5, 3.0]) | st.floats(0, 30), min_size=20, max_size=200),
    a_second=st.floats(0.05, 10),
    burst=st.integers(1, 20),
)
def test_what_is_kept_is_bounded_however_it_comes(gaps: list[float], a_second: float, burst: int) -> None:
    """Read are never more than two bursts and what the rate gives meanwhile, in steps however small."""
    bucket, now, read = Bucket(Rate(a_second, burst), 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        if not bucket.overdrawn(now):
            bucket.take(now)
            read += 1
        assert read <= 2 * burst + now * a_second + 1e-3


def test_405_names_the_methods_there_are(slow: Hooked) -> None:
    """An answer of 405 says what is allowed, as HTTP asks."""
    with slow.connection() as line:
        line.sendall(f"HEAD {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b"\r\nallow: GET, POST\r\n" in line.recv(4096)
