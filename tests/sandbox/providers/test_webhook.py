"""News is pushed one piece after another, once, after it has met its fault."""

import time
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.faults import STATUSES, Fault, Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.providers.webhook import Life, Transport, Webhook, disturbed
from connector.sandbox.providers.world import World
from tests.sandbox.providers.running import Receiver, until

NOW = 1_000.0


@pytest.fixture
def world() -> Iterator[World]:
    """A world with nothing in it."""
    empty = World(Faults(1), Ledger(), 1)
    yield empty
    empty.close()


def lives() -> st.SearchStrategy[Life]:
    """Lives of one to four pieces that begin at NOW or later, in order."""
    pauses = st.lists(st.floats(0, 100), min_size=1, max_size=4)
    return pauses.map(lambda given: [(NOW + sum(given[: n + 1]), {"n": str(n)}) for n in range(len(given))])


def pieces(count: int) -> Life:
    return [(time.time(), {"n": str(n)}) for n in range(count)]


def hook(world: World, url: str | None, transport: Transport = "form") -> Webhook:
    webhook = Webhook(world, "bulk360", STATUSES, transport)
    webhook.url = url
    return webhook


@given(lives(), st.sampled_from(["late", "twice", "reorder", "early"]), st.floats(0, 60))
def test_a_fault_loses_nothing(life: Life, kind: Any, seconds: float) -> None:
    """However news is disturbed it comes in the order of its times, each piece once, or twice under `twice`."""
    after = disturbed(life, Fault(kind, seconds), NOW)
    told = sorted(fields["n"] for _, fields in after)
    assert told == sorted([fields["n"] for _, fields in life] * (2 if kind == "twice" else 1))
    assert [due for due, _ in after] == sorted(due for due, _ in after)


@given(lives(), st.floats(1, 60))
def test_each_fault_does_what_it_says(life: Life, seconds: float) -> None:
    """Late shifts all, early begins now, out of order ends with what was first, twice ends with what was last."""
    late = disturbed(life, Fault("late", seconds), NOW)
    assert [due - before for (due, _), (before, _) in zip(late, life, strict=True)] == pytest.approx(
        [seconds] * len(life)
    )
    first_due, first_fields = disturbed(life, Fault("early"), NOW)[0]
    assert first_due == pytest.approx(NOW)
    assert first_fields == life[0][1]
    assert disturbed(life, Fault("reorder", seconds), NOW)[-1][1] == life[0][1]
    assert disturbed(life, Fault("twice", seconds), NOW)[-1][1] == life[-1][1]


@pytest.mark.parametrize("transport", get_args(Transport))
def test_pieces_come_one_after_another(world: World, receiver: Receiver, transport: Transport) -> None:
    """Pieces that are due at once are pushed each after the one before has been answered, in whatever transport."""
    life = pieces(30)
    assert hook(world, receiver.url, transport).expect("id", life) == (life, None)
    until(lambda: len(receiver.taken) == 30)
    assert receiver.taken == [{"n": str(n)} for n in range(30)]


@pytest.mark.parametrize("status", [500, 404, 204])
def test_what_is_not_taken_does_not_come_again(world: World, receiver: Receiver, status: int) -> None:
    """No guide of these providers promises a second try: any answer but 200 loses the piece, and the next one comes."""
    receiver.answers = [(status, b"")]
    hook(world, receiver.url).expect("id", pieces(2))
    until(lambda: world.ledger.as_json()["statuses_pushed"] == 2)
    time.sleep(0.1)
    assert [push["n"] for push in receiver.taken] == ["0", "1"]
    assert (world.ledger.as_json()["statuses_acknowledged"], world.timetable.pending()) == (0, 0)


def test_nobody_listening_is_no_reason_to_stop(world: World) -> None:
    """Where nobody listens each piece is tried once, in turn."""
    hook(world, "http://127.0.0.1:9/x").expect("id", pieces(3))
    until(lambda: world.ledger.as_json()["statuses_pushed"] == 3)
    assert world.ledger.as_json()["statuses_acknowledged"] == 0


def test_an_address_given_later_gets_what_is_still_due(world: World, receiver: Receiver) -> None:
    """While there is no address the pieces pass by untold; those due after it is given are pushed."""
    webhook = hook(world, None)
    webhook.expect("id", [(time.time() - 1, {"n": "0"}), (time.time() + 0.4, {"n": "1"})])
    time.sleep(0.15)
    webhook.url = receiver.url
    until(lambda: receiver.taken)
    assert receiver.taken == [{"n": "1"}]


def test_a_message_without_news_meets_no_fault(world: World) -> None:
    """Nothing to tell is nothing to disturb: the rule is kept for a message that has news."""
    world.faults.add({"kind": "late", "times": 1})
    assert hook(world, None).expect("id", []) == ([], None)
    assert world.faults.as_json()["rules"][0]["fired"] == 0
