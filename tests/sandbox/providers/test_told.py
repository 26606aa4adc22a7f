"""The ledger of what providers that try once have told, for whoever proves afterwards that it was heard."""

import pytest

from tests.sandbox.providers.bulk360_account import SEND, signed_in
from tests.sandbox.providers.running import Providers, Receiver, until

ONE_EACH = {"silent": 0.0, "undelivered": 0.0, "several": 0.0}


def told(providers: Providers) -> list[list[str]]:
    """The lines of the ledger, each in its words."""
    return [line.split() for line in providers.control.get("/sandbox/ledger/told").text.splitlines()]


def test_what_was_acknowledged_is_told_apart_from_what_was_not(providers: Providers, receiver: Receiver) -> None:
    """Each push leaves its word under the message's serial and id; a question mark means that nobody took it."""
    providers.configure(bulk360={"dn_url": receiver.url, "shares": ONE_EACH})
    providers.fault(target="bulk360", operation="statuses", kind="twice", seconds=0.1)
    receiver.answers[:] = [(500, b""), (200, b"")]
    with signed_in(providers) as bulk:
        reference = bulk.post(SEND, data={"to": "60122222222", "text": "x #000031"}).json()["ref"]
    until(lambda: len(receiver.taken) == 2)
    until(lambda: told(providers) == [["bulk360", "statuses", "000031", reference, "DELIVERED?", "DELIVERED"]])
    assert providers.ledger()["statuses_acknowledged"] == 1
    providers.app.reset()
    assert told(providers) == []


def test_replies_that_come_once_are_told_too(providers: Providers, receiver: Receiver) -> None:
    """A reply to a message through 360 SMS App stands in the ledger under the message it answers."""
    shares = {"undelivered": 0.0, "failed": 0.0, "replies": 1.0}
    providers.configure(sms360app={"incoming_url": receiver.url, "shares": shares})
    body = {
        "clientId": "sandbox",
        "senderNumber": "+12025550123",
        "receiverNumber": "+12125550100",
        "messagebody": "#000007",
    }
    answer = providers.control.post("/sms360app/send", json=body).json()["message"]
    until(lambda: bool(told(providers)))
    assert told(providers) == [["sms360app", "replies", "000007", answer["360_message_id"], "received"]]


@pytest.mark.parametrize("text", ["x #000002", "100 % más & más + #000002"])
def test_a_fault_names_the_serials_in_a_form(providers: Providers, text: str) -> None:
    """What a fault destroys is named though a form writes the number sign in another way."""
    with signed_in(providers) as bulk:
        providers.fault(target="bulk360", operation="POST /api/*", kind="status", status=500, times=1)
        assert bulk.post(SEND, data={"to": "60122222222", "text": text}).status_code == 500
    (entry,) = providers.control.get("/sandbox/faults").json()["log"]
    assert entry["destroyed"] == ["000002"]
