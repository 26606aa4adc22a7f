"""Caps: never passed, in any window, by any number of senders; what would pass one is held until there is room."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from connector.model.caps import WINDOWS, Cap, Period, Unit
from connector.model.scopes import Scope
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import attempts
from connector.store import caps as spending
from connector.store.attempts import ATTEMPT, AttemptEnd, AttemptStart
from connector.store.caps import SPENDING, Spender
from connector.store.db import Database, new_id
from connector.sync.gates.caps import caps
from connector.sync.housekeeping import housekeep
from connector.sync.parts import Parts
from connector.sync.release import release
from tests.conftest import START
from tests.store.making import rows, statements
from tests.sync.site import NRS, SMSCLOUDS, Site, plant, received, record, site_on

PRICES = {"a": 0.07, "b": 0.015}
ALL_CAPS = (
    Cap(Scope.EVERYTHING, "", Unit.MESSAGES, Period.HOUR, 7),
    Cap(Scope.EVERYTHING, "", Unit.PARTS, Period.DAY, 40),
    Cap(Scope.ACCOUNT, "a", Unit.MONEY, Period.HOUR, 490_000),
    Cap(Scope.ACCOUNT, "b", Unit.MESSAGES, Period.HOUR, 4),
    Cap(Scope.MAPPING, "m", Unit.PARTS, Period.HOUR, 6),
    Cap(Scope.MAPPING, "n", Unit.MESSAGES, Period.CAMPAIGN, 5),
)
messages = st.builds(
    lambda mapping, parts, campaign: SimpleNamespace(mapping=mapping, parts=parts, campaign=campaign),
    st.sampled_from("mn"),
    st.integers(0, 3),
    st.sampled_from([None, "spring", "summer"]),
)
batches = st.tuples(
    st.sampled_from("ab"),
    st.integers(0, 5000),
    st.lists(messages, min_size=1, max_size=6),
    st.sampled_from(["answered", "may_have_left", "never_left", "refused", "throttled", None]),
)


def parts_with(*wanted: Cap) -> Parts:
    """What the gate asks of the parts."""
    providers = {name: SimpleNamespace(settings=SimpleNamespace(price_a_part=price)) for name, price in PRICES.items()}
    return cast("Parts", SimpleNamespace(caps=wanted, providers=providers))


def amount(cap: Cap, account: str, row: Any) -> int:
    """What a message costs of a cap, reckoned by itself."""
    parts = max(row.parts, 1)
    return {Unit.MESSAGES: 1, Unit.PARTS: parts, Unit.MONEY: parts * round(PRICES[account] * 1_000_000)}[cap.unit]


def counted(cap: Cap, account: str, row: Any) -> bool:
    """Whether a message counts under a cap, reckoned by itself."""
    named = {Scope.EVERYTHING: True, Scope.ACCOUNT: cap.name == account, Scope.MAPPING: cap.name == row.mapping}
    return named[cap.scope] and (cap.period is not Period.CAMPAIGN or row.campaign is not None)


def over_in_a_window(cap: Cap, sent: list[tuple[Any, str, Any]]) -> bool:
    """Whether any window of the cap, ending at any send, holds more than the cap."""
    mine = [(at, row.campaign, amount(cap, account, row)) for at, account, row in sent if counted(cap, account, row)]
    if cap.period is Period.CAMPAIGN:
        return any(sum(a for _, c, a in mine if c == name) > cap.most for name in ("spring", "summer"))
    window = WINDOWS[cap.period]
    return any(sum(a for at, _, a in mine if end - window < at <= end) > cap.most for end, _, _ in mine)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(batches, min_size=1, max_size=9))
def test_no_window_ever_holds_more_than_its_cap_and_none_is_left_unused(database: Database, steps: list[Any]) -> None:
    """Whatever is sent when by whom: each window keeps each cap, and nothing is held that would have kept them all."""
    now, sent = START, []
    with database.begin() as connection:
        for table in (SPENDING, ATTEMPT):
            connection.execute(delete(table))
    for account, seconds, batch, outcome in steps:
        now += timedelta(seconds=seconds)
        for row in batch:
            row.id = new_id()
        with database.begin() as connection:
            moves = caps(parts_with(*ALL_CAPS), connection, account, batch, now)
            attempt_id = new_id()
            attempts.begin(connection, [AttemptStart(attempt_id, "r", account, "p", len(batch), "")], now)
            passed = [row for row in batch if row.id not in moves]
            price = PRICES[account]
            spent = [(attempt_id, Spender(account, r.mapping, r.campaign), spending.cost(r, price)) for r in passed]
            spending.spend(connection, spent, now)
            if outcome:
                attempts.end(connection, [AttemptEnd(attempt_id, outcome, now)])
        going = [(now, account, row) for row in passed]
        assert not any(over_in_a_window(cap, sent + going) for cap in ALL_CAPS)
        for row in batch:
            if row.id in moves:
                assert any(over_in_a_window(cap, [*sent, *going, (now, account, row)]) for cap in ALL_CAPS)
                move = moves[row.id]
                assert move.to is State.HELD
                assert move.not_before is None or move.not_before > now
        if outcome in ("answered", "may_have_left", None):
            sent += going


def test_the_gate_asks_as_much_for_many_as_for_few(database: Database) -> None:
    """The statements of a batch of two are as many as those of a batch of two hundred."""
    asked = []
    for count in (2, 200):
        batch = [SimpleNamespace(id=new_id(), mapping="n", parts=1, campaign=f"c{each % 9}") for each in range(count)]
        with database.begin() as connection, statements(database) as seen:
            held = caps(
                parts_with(Cap(Scope.EVERYTHING, "", Unit.PARTS, Period.HOUR, 1), ALL_CAPS[-1]),
                connection,
                "a",
                batch,
                START,
            )
        assert len(held) == count - 1
        asked.append(len(seen))
    assert asked[0] == asked[1] <= 5


def test_what_is_held_is_spread_over_the_windows_to_come(database: Database) -> None:
    """A backlog of three caps is told three hours, so that it is not read, claimed and held again each minute."""
    batch = [SimpleNamespace(id=new_id(), mapping="m", parts=1, campaign=None) for _ in range(30)]
    with database.begin() as connection:
        held = caps(parts_with(Cap(Scope.ACCOUNT, "a", Unit.MESSAGES, Period.HOUR, 10)), connection, "a", batch, START)
    hours = [(held[row.id].not_before - START) / timedelta(hours=1) for row in batch[10:]]  # type: ignore[operator]
    assert hours == [1.0] * 10 + [2.0] * 10


def test_a_message_larger_than_its_cap_is_held_for_a_person(database: Database) -> None:
    """No waiting helps it, and the sentence says so."""
    row = SimpleNamespace(id="x", mapping="m", parts=9, campaign=None)
    with database.begin() as connection:
        held = caps(parts_with(Cap(Scope.MAPPING, "m", Unit.PARTS, Period.DAY, 5)), connection, "a", [row], START)
    assert held["x"].not_before is None
    assert held["x"].failure is not None
    assert "the message alone is more than the cap of 5 parts a day for the mapping m" in held["x"].failure.reason


@pytest.fixture
def capped(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site that may send three messages an hour."""
    with site_on(sandbox, url, caps={"everything": {"messages_an_hour": 3}}) as site:
        yield site


def test_what_is_over_the_cap_goes_out_when_there_is_room(capped: Site, sandbox: Sandbox) -> None:
    """Three of five go at once, two an hour later; each once, and the records say so meanwhile."""
    ids = plant(sandbox, 5)
    capped.pull()
    capped.dispatch()
    capped.push()
    assert capped.states() == {"accepted": 3, "held": 2}
    assert "the cap of 3 messages an hour for everything is reached" in record(sandbox, ids[-1])["Error__c"]
    assert release(capped.parts) == 0
    capped.later(3601)
    assert release(capped.parts) == 2
    capped.work_until(lambda: capped.states() == {"delivered": 5})
    assert received(sandbox) == {"received": 5, "distinct": 5, "duplicates": 0}


def test_what_certainly_never_left_is_not_counted(capped: Site, sandbox: Sandbox) -> None:
    """A request that was turned away unread leaves its room to the next."""
    plant(sandbox, 3)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "times": 1, "kind": "status", "status": 429})
    capped.pull()
    capped.dispatch()
    assert capped.states() == {"claimed": 3}
    capped.later(600)
    capped.pull()
    capped.dispatch()
    assert capped.states() == {"accepted": 3}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_two_senders_cannot_both_take_the_last_of_a_cap(sandbox: Sandbox, url: str) -> None:
    """Two accounts dispatched at the same moment send no more than the cap between them."""
    with site_on(sandbox, url, caps={"everything": {"messages_an_hour": 4}}) as site:
        plant(sandbox, 4)
        plant(sandbox, 4, country="MX", first=100)
        site.pull()
        begin = threading.Barrier(2)

        def send(account: str) -> None:
            begin.wait()
            site.dispatch(account)

        threads = [threading.Thread(target=send, args=(account,)) for account in (NRS, SMSCLOUDS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert site.states() == {"accepted": 4, "held": 4}
    assert received(sandbox)["received"] == 4


def test_what_was_spent_long_ago_is_forgotten(capped: Site, sandbox: Sandbox) -> None:
    """Housekeeping drops it with the days that the settings keep, and not before."""
    plant(sandbox)
    capped.pull()
    capped.dispatch()
    housekeep(capped.parts, 1)
    assert len(rows(capped.parts.database, SPENDING)) == 1
    capped.later(25 * 3600)
    housekeep(capped.parts, 1)
    assert rows(capped.parts.database, SPENDING) == []
