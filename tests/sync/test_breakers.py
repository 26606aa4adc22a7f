"""Breakers by themselves: when they open, for how long, what closes them, and how the share grows back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connector.providers.account import AccountOptions
from connector.sync.alarms import Alarms
from connector.sync.breakers import FIRST_SHARE, LONGEST_PAUSE, Breakers, Standing
from tests.conftest import Clock

ONE, OTHER = "one", "other"


class Bench:
    """Breakers of two accounts on a clock that stands."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.alarms = Alarms(self.clock)
        chosen = AccountOptions(provider="any", **options)
        self.breakers = Breakers({ONE: chosen, OTHER: chosen}, self.clock, self.alarms)

    def standing(self) -> Standing:
        """How the one account's breaker stands."""
        return self.breakers.standing(ONE)

    def fail(self, times: int = 5) -> None:
        """So many failures in a row."""
        for _ in range(times):
            self.breakers.failed(ONE, "no connection was made.")

    def probe(self, *, works: bool) -> None:
        """The one batch of a half-open breaker, and its end."""
        assert self.standing() is Standing.HALF_OPEN
        self.breakers.probe(ONE)
        assert self.standing() is Standing.OPEN, "nothing follows a probe before its end"
        if works:
            self.breakers.worked(ONE)
        else:
            self.fail(1)


@pytest.fixture
def bench() -> Bench:
    """Breakers with the usual settings."""
    return Bench()


def test_only_failures_in_a_row_open_it(bench: Bench) -> None:
    """Four failures, a success and four more leave it closed; the fifth in a row opens it, and no other account's."""
    bench.fail(4)
    bench.breakers.worked(ONE)
    bench.fail(4)
    assert bench.standing() is Standing.CLOSED
    bench.fail(1)
    assert bench.standing() is Standing.OPEN
    assert bench.breakers.those(Standing.CLOSED) == {OTHER}


def test_the_alarm_says_why_and_ends_with_it(bench: Bench) -> None:
    """An open breaker has an alarm with the count, the last reason and the pause; it ends when the account is back."""
    bench.fail()
    (_, sentence) = bench.alarms.standing()["breaker of one"]
    assert "after 5 failures in a row, the last: no connection was made. It is tried again in 60 s" in sentence
    bench.clock.go_on(seconds=60)
    bench.probe(works=True)
    assert bench.standing() is Standing.CLOSED
    assert bench.alarms.standing() == {}


def test_only_one_finds_out_whether_it_is_back(bench: Bench) -> None:
    """Sends and lookups go side by side: who asks second, or of a breaker that is not half-open, may not probe."""
    assert not bench.breakers.probe(ONE)
    bench.fail()
    assert not bench.breakers.probe(ONE)
    bench.clock.go_on(seconds=60)
    assert bench.breakers.probe(ONE)
    assert not bench.breakers.probe(ONE)


def test_the_pause_doubles_up_to_a_quarter_of_an_hour(bench: Bench) -> None:
    """Each probe that fails doubles the pause, and it never grows longer than 15 minutes."""
    bench.fail()
    for minutes in (1, 2, 4, 8, 15, 15):
        bench.clock.go_on(seconds=minutes * 60 - 1)
        assert bench.standing() is Standing.OPEN
        bench.clock.go_on(seconds=1)
        bench.probe(works=False)
    assert LONGEST_PAUSE.total_seconds() == 15 * 60


def test_a_probe_whose_end_is_never_told_is_let_through_again(bench: Bench) -> None:
    """A probe that was only put off blocks the account for one pause, not for ever."""
    bench.fail()
    bench.clock.go_on(seconds=60)
    bench.breakers.probe(ONE)
    bench.clock.go_on(seconds=60)
    assert bench.standing() is Standing.HALF_OPEN


def test_what_was_under_way_when_it_opened_decides_nothing(bench: Bench) -> None:
    """Late ends of requests sent before neither close an open breaker nor lengthen its pause."""
    bench.fail()
    bench.breakers.worked(ONE)
    assert bench.standing() is Standing.OPEN
    bench.fail(20)
    bench.clock.go_on(seconds=60)
    assert bench.standing() is Standing.HALF_OPEN


def test_the_share_grows_back_and_a_failure_starts_it_over(bench: Bench) -> None:
    """A tenth at first, doubling each minute up to all of it; a failure meanwhile sets it back to a tenth."""
    assert bench.breakers.share(ONE) == 1.0
    bench.fail()
    bench.clock.go_on(seconds=60)
    bench.probe(works=True)
    grown = []
    for _ in range(5):
        grown.append(bench.breakers.share(ONE))
        bench.clock.go_on(seconds=60)
        bench.breakers.worked(ONE)
    assert grown == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0])
    bench.fail()
    bench.clock.go_on(seconds=60)
    bench.probe(works=True)
    bench.clock.go_on(seconds=120)
    assert bench.breakers.share(ONE) == pytest.approx(0.4)
    bench.fail(1)
    assert bench.breakers.share(ONE) == FIRST_SHARE


def test_an_account_that_falls_again_while_it_recovers_waits_longer(bench: Bench) -> None:
    """The pause is doubled for one that never got its whole share back, and is the first one for one that did."""
    bench.fail()
    bench.clock.go_on(seconds=60)
    bench.probe(works=True)
    bench.fail()
    bench.clock.go_on(seconds=119)
    assert bench.standing() is Standing.OPEN
    bench.clock.go_on(seconds=1)
    bench.probe(works=True)
    bench.clock.go_on(minutes=5)
    bench.breakers.worked(ONE)
    bench.fail()
    bench.clock.go_on(seconds=60)
    assert bench.standing() is Standing.HALF_OPEN


def test_shut_is_open_whatever_else_is_said(bench: Bench) -> None:
    """A shut account is open until it is unshut: no success closes it and no pause ends it."""
    assert bench.breakers.shut(ONE) is True
    assert bench.breakers.shut(ONE) is False
    bench.breakers.worked(ONE)
    bench.clock.go_on(days=1)
    assert bench.standing() is Standing.OPEN
    assert bench.breakers.unshut(ONE) is True
    assert bench.standing() is Standing.CLOSED


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_it_opens_exactly_at_the_limit(ends: list[bool], limit: int) -> None:
    """Whatever the ends of requests are, it is open once so many in a row have failed, and never before."""
    bench = Bench(breaker_failures=limit)
    row, opened = 0, False
    for works in ends:
        if works:
            bench.breakers.worked(ONE)
        else:
            bench.fail(1)
        row = 0 if works else row + 1
        opened = opened or row >= limit
        assert (bench.standing() is Standing.OPEN) is opened


class Life(RuleBasedStateMachine):
    """Anything that can happen to a breaker, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(breaker_failures=2)

    @rule()
    def fails(self) -> None:
        """A request fails."""
        self.bench.fail(1)

    @rule()
    def works(self) -> None:
        """A request works."""
        self.bench.breakers.worked(ONE)

    @rule()
    def probes(self) -> None:
        """A half-open breaker lets one batch go."""
        if self.bench.standing() is Standing.HALF_OPEN:
            self.bench.breakers.probe(ONE)

    @rule(seconds=st.integers(1, 1000))
    def waits(self, seconds: int) -> None:
        """Time goes by."""
        self.bench.clock.go_on(seconds=seconds)

    @rule()
    def comes_back_in_the_end(self) -> None:
        """However it stands, an account that works again is closed after the longest pause and one probe."""
        self.bench.clock.go_on(seconds=LONGEST_PAUSE.total_seconds())
        if self.bench.standing() is not Standing.CLOSED:
            self.bench.probe(works=True)
        assert self.bench.standing() is Standing.CLOSED

    @invariant()
    def share_is_a_share(self) -> None:
        """The share is never nothing and never more than all."""
        assert FIRST_SHARE <= self.bench.breakers.share(ONE) <= 1.0

    @invariant()
    def an_alarm_stands_while_it_is_not_closed(self) -> None:
        """There is an alarm just when the breaker is not closed."""
        assert bool(self.bench.alarms.standing()) is (self.bench.standing() is not Standing.CLOSED)


TestLife = Life.TestCase
