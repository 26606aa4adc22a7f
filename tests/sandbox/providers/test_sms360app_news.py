"""The pretend 360 SMS App pushes delivery callbacks and incoming messages with the guide's field names."""

import re
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.providers.conftest import NO_CERTIFICATES
from tests.sandbox.providers.running import Providers, Receiver, until

DELIVERED = {"undelivered": 0.0, "failed": 0.0, "replies": 0.0}
EVERYBODY_ANSWERS = {**DELIVERED, "replies": 1.0}


@pytest.fixture
def app360(providers: Providers) -> Iterator[httpx.Client]:
    """A client at the account's base address."""
    with httpx.Client(base_url=f"{providers.url}/sms360app", verify=NO_CERTIFICATES) as client:
        yield client


def send(app360: httpx.Client, messages: int = 1) -> list[str]:
    """Send so many different texts; returns their ids."""
    ids = []
    for place in range(messages):
        body = {
            "clientId": "sandbox",
            "senderNumber": "+19292968422",
            "receiverNumber": "447897027482",
            "messagebody": f"Hello #{place:06d}",
        }
        ids.append(app360.post("/send", json=body).json()["message"]["360_message_id"])
    return ids


def told(receiver: Receiver, message_id: str) -> list[str]:
    return [push["delivery_status"] for push in list(receiver.taken) if push["sms_id"] == message_id]


def test_a_delivery_callback_has_the_guides_keys(
    providers: Providers, receiver: Receiver, app360: httpx.Client
) -> None:
    """JSON with the guide's four keys, under the id that the send answered; `delivered` has empty errors."""
    providers.configure(sms360app={"delivery_url": receiver.url, "shares": DELIVERED})
    (message_id,) = send(app360)
    until(lambda: len(receiver.taken) == 2)
    assert receiver.taken == [
        {"sms_id": message_id, "delivery_status": "sent", "error_code": "", "error_message": ""},
        {"sms_id": message_id, "delivery_status": "delivered", "error_code": "", "error_message": ""},
    ]
    until(lambda: providers.ledger()["statuses_acknowledged"] == 2)


@pytest.mark.parametrize("word", ["undelivered", "failed"])
def test_what_failed_says_why(providers: Providers, receiver: Receiver, app360: httpx.Client, word: str) -> None:
    """A message that did not arrive has an error code and message."""
    providers.configure(sms360app={"delivery_url": receiver.url, "shares": {**DELIVERED, word: 1.0}})
    ids = send(app360, 10)
    until(lambda: len(receiver.taken) == 20)
    assert all(told(receiver, message_id) == ["sent", word] for message_id in ids)
    errors = [push for push in receiver.taken if push["delivery_status"] == word]
    assert all(re.fullmatch(r"\d{5}", push["error_code"]) and push["error_message"] for push in errors)
    assert len({push["error_code"] for push in errors}) > 1


def test_an_incoming_message_has_the_guides_keys(
    providers: Providers, receiver: Receiver, app360: httpx.Client
) -> None:
    """JSON with the guide's five keys: an SM id of its own, `received`, from the recipient to the sender in E.164."""
    providers.configure(sms360app={"incoming_url": receiver.url, "shares": EVERYBODY_ANSWERS})
    send(app360)
    until(lambda: receiver.taken)
    (push,) = receiver.taken
    assert list(push) == ["sms_id", "delivery_status", "body", "to", "from"]
    assert len(push["sms_id"]) == len("SMc9f85ebf1dad31975abae63cd56a194c")
    assert push["sms_id"].startswith("SM")
    assert (push["delivery_status"], push["to"], push["from"]) == ("received", "+19292968422", "+447897027482")
    assert push["body"]
    until(lambda: providers.ledger()["replies_acknowledged"] == 1)
    assert (providers.ledger()["replies"], providers.ledger()["statuses_pushed"]) == (1, 0)


def test_some_recipients_answer_and_some_opt_out(
    providers: Providers, receiver: Receiver, app360: httpx.Client
) -> None:
    """About three per cent write back; of many replies about a fifth say STOP, and none follows a failure."""
    chosen = Counter(
        bool(providers.app.sms360app.book.reply(providers.app.sms360app.book.accept("1", "2", f"x {place}")))
        for place in range(5000)
    )
    assert 100 < chosen[True] < 200
    providers.configure(sms360app={"incoming_url": receiver.url, "shares": EVERYBODY_ANSWERS})
    send(app360, 100)
    until(lambda: len(receiver.taken) == 100)
    stops = sum(bool(re.search("stop|unsubscribe|berhenti", push["body"], re.IGNORECASE)) for push in receiver.taken)
    assert 8 <= stops <= 35
    assert len({push["sms_id"] for push in receiver.taken}) == 100
    providers.configure(sms360app={"shares": {**EVERYBODY_ANSWERS, "failed": 1.0}})
    send(app360, 5)
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert providers.ledger()["replies"] == 100


def test_fates_are_the_last_word(providers: Providers, app360: httpx.Client) -> None:
    """The control API tells each message's status by its serial, `accepted` before the first word."""
    providers.app.world.speed = 0.5
    send(app360)
    address = "/sandbox/ledger/fates"
    assert providers.control.get(address).text == "sms360app 000000 accepted\n"
    words: set[str] = set()

    def ended() -> bool:
        words.add(providers.control.get(address).text.split()[-1])
        return "delivered" in words

    until(ended)
    assert words <= {"accepted", "sent", "delivered"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("late", ["sent", "delivered"]),
        ("twice", ["sent", "delivered", "sent", "delivered"]),
        ("reorder", ["delivered", "sent"]),
    ],
)
def test_callbacks_meet_faults(
    providers: Providers, receiver: Receiver, app360: httpx.Client, kind: str, words: list[str]
) -> None:
    """Callbacks come late, twice or out of order, by the seconds of the rule."""
    providers.configure(sms360app={"delivery_url": receiver.url, "shares": DELIVERED})
    providers.fault(target="sms360app", operation="statuses", kind=kind, seconds=0.3)
    start = time.monotonic()
    (message_id,) = send(app360)
    until(lambda: len(receiver.taken) == len(words))
    assert told(receiver, message_id) == words
    assert receiver.times[-1] - start > 0.28


@pytest.mark.parametrize("kind", ["late", "twice", "reorder", "early"])
def test_replies_meet_faults(providers: Providers, receiver: Receiver, app360: httpx.Client, kind: str) -> None:
    """A reply comes late, twice, or before the send is answered; it is one reply all the same."""
    providers.configure(sms360app={"incoming_url": receiver.url, "shares": EVERYBODY_ANSWERS})
    providers.fault(target="sms360app", operation="replies", kind=kind, seconds=0.3)
    start = time.monotonic()
    send(app360)
    if kind == "early":
        assert len(receiver.taken) == 1
    else:
        until(lambda: len(receiver.taken) == (2 if kind == "twice" else 1))
        assert receiver.times[-1] - start > 0.28
    assert len({push["sms_id"] for push in receiver.taken}) == 1
    until(lambda: providers.ledger()["replies"] == 1)


def test_a_callback_can_come_before_the_answer(providers: Providers, receiver: Receiver, app360: httpx.Client) -> None:
    """With the fault `early` the first callback has been taken when the send is answered; the second follows."""
    providers.configure(sms360app={"delivery_url": receiver.url, "shares": DELIVERED})
    providers.fault(target="sms360app", operation="statuses", kind="early")
    providers.app.world.speed = 1.0
    (message_id,) = send(app360)
    assert told(receiver, message_id) == ["sent"]
    until(lambda: told(receiver, message_id) == ["sent", "delivered"])
