"""The pretend Bulk360 tells the last status by delivery notifications, of which the last one counts."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest

from connector.sandbox.providers.bulk360.codes import FAILURES
from tests.sandbox.providers.bulk360_account import SEND, signed_in
from tests.sandbox.providers.running import Providers, Receiver, until

NUMBER = "60123240066"
ONE_EACH = {"silent": 0.0, "undelivered": 0.0, "several": 0.0}
SEVERAL = {"silent": 0.0, "undelivered": 0.5, "several": 1.0}


@pytest.fixture
def bulk(providers: Providers) -> Iterator[httpx.Client]:
    """A client of the account, with a token."""
    with signed_in(providers) as client:
        yield client


def send(bulk: httpx.Client, messages: int = 1, to: str = NUMBER) -> list[str]:
    """Send so many different texts to one number; returns their references."""
    return [bulk.post(SEND, data={"to": to, "text": f"Hi #{place:06d}"}).json()["ref"] for place in range(messages)]


def told(receiver: Receiver, reference: str) -> list[str]:
    return [push["status"] for push in list(receiver.taken) if push["msgid"] == reference]


def fates(providers: Providers) -> dict[str, str]:
    lines = providers.control.get("/sandbox/ledger/fates").text.splitlines()
    return {serial: word for _, serial, word in (line.split() for line in lines)}


def quiet(providers: Providers) -> bool:
    """Whether every push that was made has been answered and none is planned."""
    return providers.app.world.timetable.pending() == 0


@pytest.mark.parametrize("transport", ["query", "form", "json"])
def test_a_notification_has_the_guides_parameters(
    providers: Providers, receiver: Receiver, bulk: httpx.Client, transport: str
) -> None:
    """Status, number and reference, and an error code or none, by GET, as a form or as JSON as the account says."""
    settings = {"dn_url": f"{receiver.url}?secret=1", "dn_transport": transport, "shares": ONE_EACH}
    providers.configure(bulk360=settings)
    references = send(bulk, 12)
    (alone,) = send(bulk, 1, f"whatsapp:{NUMBER}")
    until(lambda: len(receiver.taken) == 13)
    for push in receiver.taken:
        assert set(push) - {"error-code", "secret"} == {"status", "msisdn", "msgid"}
        assert ("secret" in push) == (transport == "query")
        assert (push["status"], push["msisdn"]) == ("DELIVERED", NUMBER)
        assert push.get("error-code", "000") == "000"
    assert {push["msgid"] for push in receiver.taken} == {*references, alone}
    assert {"error-code" in push for push in receiver.taken} == {True, False}


def test_a_form_is_the_default(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """An account that names its address alone is told by POST of a form."""
    providers.configure(bulk360={"dn_url": f"{receiver.url}?secret=1", "shares": ONE_EACH})
    send(bulk)
    until(lambda: receiver.taken)
    assert "secret" not in receiver.taken[0]


def test_what_failed_says_why(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """UNDELIVERED comes with error codes out of the guide's table, most of the time, by the seed."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": {**ONE_EACH, "undelivered": 1.0}})
    send(bulk, 60)
    until(lambda: len(receiver.taken) == 60)
    assert {push["status"] for push in receiver.taken} == {"UNDELIVERED"}
    codes = Counter(push.get("error-code") for push in receiver.taken)
    assert set(codes) <= {None, *FAILURES}
    assert len(codes) > 15
    assert 0 < codes[None] < 30


def test_shares_of_outcomes(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """By default most messages are delivered, few are not, some are never told of and some are told of twice."""
    providers.configure(bulk360={"dn_url": receiver.url})
    references = send(bulk, 400)
    until(lambda: quiet(providers))
    until(lambda: providers.ledger()["statuses_acknowledged"] == len(receiver.taken))
    lives = [tuple(told(receiver, reference)) for reference in references]
    assert 1 <= lives.count(()) <= 20
    assert 5 <= sum(life[-1:] == ("UNDELIVERED",) for life in lives) <= 45
    assert 4 <= sum(len(life) > 1 for life in lives) <= 35
    assert lives.count(("DELIVERED",)) > 330


def test_the_last_of_several_is_the_message_fate(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """Several notifications of one message contradict one another in turn, and what came last is its fate."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": SEVERAL})
    references = send(bulk, 40)
    expected = {reference: len(providers.app.bulk360.book.life(place)) for place, reference in enumerate(references)}
    assert set(expected.values()) == {2, 3}
    until(lambda: len(receiver.taken) == sum(expected.values()))
    lives = {reference: told(receiver, reference) for reference in references}
    for reference, life in lives.items():
        assert len(life) == expected[reference]
        assert all(one != next_one for one, next_one in pairwise(life))
    final = {f"{place:06d}": lives[reference][-1] for place, reference in enumerate(references)}
    assert fates(providers) == final
    assert set(final.values()) == {"DELIVERED", "UNDELIVERED"}


def test_each_of_several_recipients_is_told_of(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """A request for several numbers gets a notification for each, by the reference and number of its row."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": ONE_EACH})
    answer = bulk.post(SEND, data={"to": "60123240066,60126660125,12", "text": "Hi"}).json()["messages"]
    until(lambda: len(receiver.taken) == 2)
    pairs = {(push["msisdn"], push["msgid"]) for push in receiver.taken}
    assert pairs == {(row["to"], row["ref"]) for row in answer if row["code"] == 200}


def test_without_an_address_nothing_is_told(providers: Providers, bulk: httpx.Client) -> None:
    """A message lives its life while nobody listens, `accepted` at first."""
    providers.configure(bulk360={"shares": ONE_EACH})
    providers.app.world.speed = 2.0
    send(bulk)
    assert fates(providers) == {"000000": "accepted"}
    until(lambda: fates(providers) == {"000000": "DELIVERED"})
    until(lambda: quiet(providers))
    assert providers.ledger()["statuses_pushed"] == 0


@pytest.mark.parametrize(("kind", "times"), [("twice", 2), ("late", 1), ("reorder", 1)])
def test_notifications_meet_faults(
    providers: Providers, receiver: Receiver, bulk: httpx.Client, kind: str, times: int
) -> None:
    """A notification can come twice or after a while, and the log names its message."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": ONE_EACH})
    providers.fault(target="bulk360", operation="statuses", kind=kind, seconds=0.3)
    start = time.monotonic()
    (reference,) = send(bulk)
    until(lambda: len(receiver.taken) == times)
    assert receiver.times[-1] - start > 0.28
    assert told(receiver, reference) == ["DELIVERED"] * times
    assert providers.control.get("/sandbox/faults").json()["log"][0]["destroyed"] == [reference]


def test_out_of_order_the_first_is_last(providers: Providers, receiver: Receiver, bulk: httpx.Client) -> None:
    """With the fault `reorder` the first of several comes last, and counts: it is the message's fate."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": SEVERAL})
    providers.fault(target="bulk360", operation="statuses", kind="reorder")
    (reference,) = send(bulk)
    planned = [fields["status"] for _, fields in providers.app.bulk360.book.life(0)]
    until(lambda: len(receiver.taken) == len(planned))
    assert told(receiver, reference) == [*planned[1:], planned[0]]
    assert fates(providers) == {"000000": planned[0]}


def test_a_notification_can_come_before_the_answer(
    providers: Providers, receiver: Receiver, bulk: httpx.Client
) -> None:
    """With the fault `early` the first notification has been taken when the send is answered; others come after."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": SEVERAL})
    providers.fault(target="bulk360", operation="statuses", kind="early")
    providers.app.world.speed = 1.0
    (reference,) = send(bulk)
    assert len(told(receiver, reference)) == 1
    until(lambda: len(told(receiver, reference)) == len(providers.app.bulk360.book.life(0)))
