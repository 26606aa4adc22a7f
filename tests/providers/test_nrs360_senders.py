"""Whose fault an unverified sender or reply address is: the account's, or that of the message which names it."""

from dataclasses import replace
from typing import Any

import pytest

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.model.states import State
from connector.providers.base import Batch
from tests.providers.contract import REFERENCE, answer
from tests.providers.test_nrs360 import TestNRS360 as Contract
from tests.providers.test_nrs360 import adapter, error

ACCOUNT = {
    "sender": "+34600000009",
    "whatsapp_sender": "+34600000009",
    "email_sender": "us@example.com",
    "email_reply_to": "desk@example.com",
    "landing_template": 1,
}
CONTENTS: dict[Channel, dict[str, Any]] = {
    Channel.WHATSAPP: {"template": 123},
    Channel.EMAIL: {"subject": "TEST"},
}


def message(channel: Channel, sender: str | None, **content: Any) -> Message:
    """An ordinary message of a channel, from a sender of its own or the account's."""
    contract, content = Contract(), {**CONTENTS.get(channel, {}), **content}
    to = "ana@example.com" if channel is Channel.EMAIL else contract.number
    return contract.message(channel=channel, to=to, sender=sender, content=content)


def refusal(code: int, sent: Message) -> Failure:
    """The failure of a request that is refused with a code."""
    with pytest.raises(Refused) as refused:
        adapter(**ACCOUNT).read_send(Batch(REFERENCE, (sent,)), error(code))
    return refused.value.failure


@pytest.mark.parametrize(
    ("channel", "own"),
    [
        (Channel.SMS, "BAD"),
        (Channel.LANDING, "BAD"),
        (Channel.WHATSAPP, "34600000008"),
        (Channel.EMAIL, "them@example.com"),
    ],
)
def test_a_sender_that_the_message_names_is_the_mapping_s_fault(channel: Channel, own: str) -> None:
    """The account waits for nobody: other senders go on. The record is told what to do."""
    failure = refusal(115, message(channel, own))
    assert (failure.code, failure.fault, failure.retry) == ("115", Fault.MAPPING, Retry.WHEN_MENDED)
    assert "name another" in failure.reason


@pytest.mark.parametrize(
    ("channel", "sender"),
    [
        (Channel.SMS, None),
        (Channel.SMS, "34600000009"),
        (Channel.LANDING, None),
        (Channel.WHATSAPP, None),
        (Channel.WHATSAPP, "34600000009"),
        (Channel.EMAIL, None),
        (Channel.EMAIL, "no address"),
        (Channel.EMAIL, "us@example.com"),
    ],
)
def test_the_account_s_own_sender_is_the_account_s_fault(channel: Channel, sender: str | None) -> None:
    """However it came into the message: every other message of the account meets the same."""
    assert refusal(115, message(channel, sender)).fault is Fault.ACCOUNT


@pytest.mark.parametrize(
    ("sender", "content", "settings", "fault"),
    [
        (None, {}, {}, Fault.ACCOUNT),
        (None, {"reply_to": "desk@example.com"}, {}, Fault.ACCOUNT),
        (None, {"reply_to": "them@example.com"}, {}, Fault.MAPPING),
        ("them@example.com", {}, {}, Fault.ACCOUNT),
        ("them@example.com", {}, {"email_reply_to": None}, Fault.MAPPING),
    ],
)
def test_a_reply_address_is_judged_by_who_names_it(
    sender: str | None, content: dict[str, Any], settings: dict[str, Any], fault: Fault
) -> None:
    """The content, the account, or the message's sender, which stands for one where neither does."""
    batch = Batch(REFERENCE, (message(Channel.EMAIL, sender, **content),))
    with pytest.raises(Refused) as refused:
        adapter(**{**ACCOUNT, **settings}).read_send(batch, error(117))
    assert (refused.value.failure.code, refused.value.failure.fault) == ("117", fault)


def test_one_row_s_sender_is_sorted_as_the_whole_request_s() -> None:
    """207: each message has its own word, and the same rule."""
    sent = message(Channel.SMS, "BAD")
    row = {"accepted": False, "to": sent.to.lstrip("+"), "error": {"code": 115, "description": "x"}}
    body = answer(207, {"sendingId": 1, "result": [row]})
    for each, fault in ((sent, Fault.MAPPING), (replace(sent, sender=None), Fault.ACCOUNT)):
        (outcome,) = adapter(**ACCOUNT).read_send(Batch(REFERENCE, (each,)), body)
        assert outcome.state is State.REJECTED
        assert outcome.failure is not None
        assert outcome.failure.fault is fault


def test_what_no_message_names_stays_the_account_s_fault() -> None:
    """Credit, credentials and blocked mail are nothing of a sender's."""
    for code in (103, 111, 112, 118):
        assert refusal(code, message(Channel.SMS, "BAD")).fault is Fault.ACCOUNT
