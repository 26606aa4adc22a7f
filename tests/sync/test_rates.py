"""An account is sent to no faster than its settings and its provider allow, and what waits is not in doubt."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from connector.providers.account import AccountOptions
from connector.providers.talk import Line
from connector.sandbox.server import Sandbox
from connector.store.attempts import ATTEMPT
from connector.sync.rates import Rates
from tests.conftest import START, Clock
from tests.store.making import rows
from tests.sync.site import NRS, Site, plant, received, requests, site_on

SEND = "POST /sms"


def rates(clock: Clock, **options: float) -> Rates:
    """The rates of one account."""
    return Rates({"a": AccountOptions(provider="p", **options)}, clock)


def test_without_a_rate_nothing_is_held_back() -> None:
    """An account whose settings say nothing of rates may send all that is planned."""
    assert rates(Clock()).left("a", 5000, 100) == (5000, 100)


@given(
    a_second=st.floats(0.2, 50),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 100)), min_size=1, max_size=40),
)
def test_no_stretch_of_time_carries_more_than_its_rate(a_second: float, steps: list[tuple[float, int]]) -> None:
    """Whenever it is asked and however much is wanted: over any stretch, rate times seconds and one second's worth."""
    clock = Clock()
    bucket = rates(clock, messages_a_second=a_second)
    sent: list[tuple[float, int]] = []
    passed = 0.0
    for seconds, wanted in steps:
        clock.go_on(seconds=seconds)
        passed += seconds
        may, _ = bucket.left("a", wanted, 1)
        assert 0 <= may <= wanted
        bucket.take("a", may, 1)
        sent.append((passed, may))
    for place, (since, _) in enumerate(sent):
        for later in range(place, len(sent)):
            stretch = sent[later][0] - since
            number = sum(count for _, count in sent[place : later + 1])
            assert number <= a_second * stretch + max(1.0, a_second) + 1e-6


def test_a_clock_set_back_neither_fills_nor_stops_the_account() -> None:
    """An hour back, what the provider asked for is over, and the rate counts on from there."""
    clock = Clock()
    bucket = rates(clock, messages_a_second=2)
    bucket.take("a", 2, 1)
    bucket.wait("a", 30)
    assert bucket.left("a", 10, 1) == (0, 0)
    clock.now = START - timedelta(hours=1)
    assert bucket.left("a", 10, 1) == (0, 1)
    clock.go_on(seconds=1)
    assert bucket.left("a", 10, 1) == (2, 1)


def standing_rates(site: Site) -> Clock:
    """Gives the site rates on a clock that stands, for what a slow machine takes would fill the bucket; gives that."""
    clock = Clock()
    options = {name: provider.settings for name, provider in site.parts.providers.items()}
    site.with_parts(rates=Rates(options, clock))
    return clock


def test_what_is_over_the_rate_waits_without_an_attempt(sandbox: Sandbox, url: str) -> None:
    """Ten a second: ten leave, the others stay claimed, for an attempt that is committed is in doubt after a crash."""
    plant(sandbox, 25)
    with site_on(sandbox, url, accounts={NRS: {"messages_a_second": 10}}) as site:
        clock = standing_rates(site)
        site.pull()
        assert site.dispatch().accepted == 10
        assert site.states() == {"accepted": 10, "claimed": 15}
        assert sum(row.size for row in rows(site.parts.database, ATTEMPT)) == 10
        clock.go_on(seconds=1)
        assert site.dispatch().accepted == 10
        clock.go_on(seconds=1)
        assert site.dispatch().accepted == 5
    assert received(sandbox) == {"received": 25, "distinct": 25, "duplicates": 0}


def test_requests_have_a_rate_of_their_own(sandbox: Sandbox, url: str) -> None:
    """Two requests a second, of five messages each, whatever the number of senders."""
    plant(sandbox, 25)
    options = {"requests_a_second": 2, "batch_size": 5, "senders": 8}
    with site_on(sandbox, url, accounts={NRS: options}) as site:
        clock = standing_rates(site)
        site.pull()
        assert site.dispatch().requests == 2
        clock.go_on(seconds=1)
        assert site.dispatch().requests == 2
    assert requests(sandbox, SEND) == 4


def test_a_provider_that_asks_to_wait_is_left_alone_by_the_whole_account(sandbox: Sandbox, url: str) -> None:
    """429 with Retry-After: the other messages of the account wait too, and nothing more is asked before it is over."""
    plant(sandbox, 3)
    sandbox.faults.add(
        {"target": "nrs360", "operation": SEND, "kind": "status", "status": 429, "seconds": 7, "times": 1}
    )
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 1}}) as site:
        site.pull()
        assert site.dispatch().requests == 1
        site.later(6)
        assert site.dispatch().requests == 0
        assert requests(sandbox, SEND) == 1
        site.later(2)
        assert site.dispatch().accepted == 3
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


@pytest.mark.parametrize("senders", [1, 4])
def test_after_an_answer_that_says_stop_the_rest_of_what_was_planned_stays(
    sandbox: Sandbox, url: str, senders: int
) -> None:
    """Wrong credentials: the requests under way end so, those behind them are not made and go back unhurt."""
    plant(sandbox, 40)
    sandbox.faults.add({"target": "nrs360", "operation": SEND, "kind": "status", "status": 401})
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": senders}}) as site:
        site.pull()
        asked = site.dispatch().requests
        assert 1 <= asked <= 2 * senders
        assert requests(sandbox, SEND) == asked
        assert site.states() == {"claimed": 40}
        sandbox.faults.clear()
        site.later(61)
        assert site.dispatch().accepted == 40
    assert received(sandbox) == {"received": 40, "distinct": 40, "duplicates": 0}


def test_answers_that_come_together_are_noted_together(sandbox: Sandbox, url: str) -> None:
    """A provider that takes one message a request costs no commit a message: fewer transactions end them than there
    were requests."""
    plant(sandbox, 60)
    commits: list[int] = []
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 8}}) as site:
        site.pull()
        event.listen(site.parts.database.engine, "commit", lambda _: commits.append(1))
        assert site.dispatch().accepted == 60
    assert len(commits) < 60


def test_a_request_whose_turn_comes_too_late_for_its_claim_does_not_leave(sandbox: Sandbox, url: str) -> None:
    """A claim holds for the longest answer and half a minute; what has not left by then would be anybody's again."""
    plant(sandbox, 6)
    slow = {"kind": "slow", "seconds": 0.05}
    sandbox.faults.add({"target": "nrs360", "operation": SEND, **slow})
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 1}}) as site:
        site.pull()
        told = site.parts.line

        def while_time_passes(account: str) -> Line:
            site.later(11)
            return told(account)

        site.with_parts(line=while_time_passes)
        assert site.dispatch().accepted == 6
        outcomes = Counter(row.outcome for row in rows(site.parts.database, ATTEMPT))
    assert outcomes == {"answered": 6, "never_left": 3}
    assert received(sandbox) == {"received": 6, "distinct": 6, "duplicates": 0}


def test_a_stop_keeps_back_what_has_not_left(sandbox: Sandbox, url: str) -> None:
    """Of many small requests planned together, those not under way at SIGTERM stay, unhurt, for the next start."""
    plant(sandbox, 20)
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 1}}) as site:
        site.pull()
        told = site.parts.line

        def and_stop(account: str) -> Line:
            site.parts.stopping.set()
            return told(account)

        site.with_parts(line=and_stop)
        assert site.dispatch().requests == 1
        assert site.states() == {"accepted": 1, "claimed": 19}
