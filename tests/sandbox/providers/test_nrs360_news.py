"""What the pretend 360NRS tells: event notifications, their retries, delivery notifications, and faults of news."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers, Receiver, until

ONE, TWO = "34666555444", "34666555333"
ALL_DELIVERED = {"delivered": 1.0}


def send(providers: Providers, *numbers: str, **changes: Any) -> list[str]:
    body = {"to": list(numbers or (ONE,)), "from": "TEST", "message": "SMS text message", **changes}
    answer = providers.nrs.post("/sms", json=body)
    assert answer.status_code == 202, answer.text
    return [result["id"] for result in answer.json()["result"]]


def listen(providers: Providers, receiver: Receiver) -> None:
    providers.configure(nrs360={"events_url": receiver.url, "shares": ALL_DELIVERED})


def test_events_are_posted_with_the_guides_fields(providers: Providers, receiver: Receiver) -> None:
    """Each event comes as a form with the guide's fields; without campaignName the campaign is 0 and blank."""
    listen(providers, receiver)
    (named,) = send(providers, campaignName="My campaign")
    (unnamed,) = send(providers, TWO)
    until(lambda: len(receiver.taken) == 4)
    assert sorted(receiver.of(named)) == sorted(receiver.of(unnamed)) == ["delivered", "sent"]
    push = next(push for push in receiver.taken if push["id"] == named)
    assert set(push) == {
        *("id", "channel", "contactId", "campaignId", "campaignName", "event", "extra", "eventDate"),
    }
    assert push["channel"] == "sms"
    assert push["campaignName"] == "My campaign"
    assert int(push["campaignId"]) >= 100000
    assert int(push["contactId"]) > 0
    assert json.loads(push["extra"]) == {}
    assert datetime.fromisoformat(push["eventDate"]).utcoffset() is not None
    blank = next(push for push in receiver.taken if push["id"] == unnamed)
    assert (blank["campaignId"], blank["campaignName"]) == ("0", "")
    until(lambda: providers.ledger()["statuses_acknowledged"] == 4)
    assert providers.ledger()["statuses_pushed"] == 4


def test_a_few_connections_carry_many_pushes(providers: Providers, receiver: Receiver) -> None:
    """Pushing keeps its connections open: hundreds of pushes need sixteen at the most."""
    listen(providers, receiver)
    send(providers, *(f"34600{place:06d}" for place in range(200)))
    until(lambda: len(receiver.taken) == 400)
    assert receiver.connections <= 16


def test_pushes_are_tried_six_times_with_longer_waits(providers: Providers, receiver: Receiver) -> None:
    """Any answer but 200 brings the event again, up to 5 more times, each wait longer than the one before."""
    receiver.answers = [(500, b"")]
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"rejected": 1.0}})
    (message,) = send(providers)
    until(lambda: providers.ledger()["statuses_pushed"] == 6)
    waits = [later - earlier for earlier, later in zip(receiver.times, receiver.times[1:], strict=False)]
    assert receiver.of(message) == ["rejected"] * 6
    # A minute of the guide lasts a second, here a twentieth of it.
    assert all(wait >= 0.05 * (place + 1) - 0.01 for place, wait in enumerate(waits))
    assert providers.app.world.timetable.pending() == 0
    assert providers.ledger()["statuses_acknowledged"] == 0


@pytest.mark.parametrize("status", [201, 204, 302, 404, 503])
def test_a_push_is_over_with_200_alone(providers: Providers, receiver: Receiver, status: int) -> None:
    """201 or a redirect is not 200 OK: the event comes again, and no more once it is acknowledged."""
    receiver.answers = [(status, b""), (200, b"")]
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"rejected": 1.0}})
    (message,) = send(providers)
    until(lambda: providers.ledger()["statuses_acknowledged"] == 1)
    assert receiver.of(message) == ["rejected", "rejected"]
    assert providers.app.world.timetable.pending() == 0


def test_nobody_listening_is_tried_again(providers: Providers) -> None:
    """A refused connection counts as a failed push, and the same six tries are made."""
    providers.configure(nrs360={"events_url": "http://127.0.0.1:1/", "shares": {"rejected": 1.0}})
    send(providers)
    until(lambda: providers.ledger()["statuses_pushed"] == 6)
    assert providers.ledger()["statuses_acknowledged"] == 0


def test_delivery_notifications_fill_the_escapes(providers: Providers, receiver: Receiver) -> None:
    """notificationUrl is called once with sender, phone and final status in the places of %p, %P and %d."""
    providers.configure(nrs360={"shares": ALL_DELIVERED})
    send(providers, notificationUrl=f"{receiver.url}?sender=%p&phone=%P&status=%d&customId=123456", **{"from": "A & B"})
    until(lambda: receiver.taken)
    assert receiver.taken == [{"sender": "A & B", "phone": ONE, "status": "delivered", "customId": "123456"}]


def test_delivery_notifications_are_not_repeated(providers: Providers, receiver: Receiver) -> None:
    """The guide promises further tries for event notifications alone."""
    receiver.answers = [(500, b"")]
    providers.configure(nrs360={"shares": ALL_DELIVERED})
    send(providers, notificationUrl=receiver.url)
    until(lambda: providers.ledger()["statuses_pushed"] == 1)
    assert providers.app.world.timetable.pending() == 0
    assert providers.ledger()["statuses_acknowledged"] == 0


def test_each_recipient_can_have_an_address_of_its_own(providers: Providers, receiver: Receiver) -> None:
    """A list of addresses goes with the recipients one by one, also when one of them is refused."""
    providers.configure(nrs360={"shares": ALL_DELIVERED})
    urls = [f"{receiver.url}?key={key}&phone=%P" for key in "abc"]
    body = {"to": [ONE, "34", TWO], "from": "T", "message": "x", "notificationUrl": urls}
    assert providers.nrs.post("/sms", json=body).status_code == 207
    until(lambda: len(receiver.taken) == 2)
    assert {(push["key"], push["phone"]) for push in receiver.taken} == {("a", ONE), ("c", TWO)}


def test_one_address_serves_all_recipients(providers: Providers, receiver: Receiver) -> None:
    """A single notificationUrl is called for every recipient."""
    providers.configure(nrs360={"shares": ALL_DELIVERED})
    send(providers, ONE, TWO, notificationUrl=f"{receiver.url}?phone=%P")
    until(lambda: len(receiver.taken) == 2)
    assert {push["phone"] for push in receiver.taken} == {ONE, TWO}


def test_statuses_can_come_twice(providers: Providers, receiver: Receiver) -> None:
    """With the fault `twice` every event is told a second time."""
    listen(providers, receiver)
    providers.fault(target="nrs360", operation="statuses", kind="twice")
    (message,) = send(providers)
    until(lambda: len(receiver.taken) == 4)
    assert sorted(receiver.of(message)) == ["delivered", "delivered", "sent", "sent"]


def test_statuses_can_come_out_of_order(providers: Providers, receiver: Receiver) -> None:
    """With the fault `reorder` the last word comes before the first, each with its true date."""
    listen(providers, receiver)
    providers.fault(target="nrs360", operation="statuses", kind="reorder")
    (message,) = send(providers)
    until(lambda: len(receiver.taken) == 2)
    assert receiver.of(message) == ["delivered", "sent"]
    dates = [datetime.fromisoformat(push["eventDate"]) for push in receiver.taken]
    assert dates[1] <= dates[0]


def test_statuses_can_come_late(providers: Providers, receiver: Receiver) -> None:
    """With the fault `late` both the pushes and what is shown wait for the seconds of the rule."""
    listen(providers, receiver)
    providers.fault(target="nrs360", operation="statuses", kind="late", seconds=0.5, times=1)
    late, prompt = send(providers, ONE, TWO)
    until(lambda: receiver.of(prompt) == ["sent", "delivered"])
    assert receiver.of(late) == []
    assert providers.nrs.get(f"/sms/{late}").json()["data"][0]["events"] == []
    until(lambda: receiver.of(late) == ["sent", "delivered"])
    assert receiver.times[-1] - receiver.times[0] > 0.3


def test_a_status_can_come_before_the_answer_to_the_send(providers: Providers, receiver: Receiver) -> None:
    """With the fault `early` the first event has been told and acknowledged when the send is answered."""
    listen(providers, receiver)
    providers.fault(target="nrs360", operation="statuses", kind="early")
    (message,) = send(providers)
    assert receiver.of(message)[:1] == ["sent"]
    until(lambda: receiver.of(message) == ["sent", "delivered"])
    shown = providers.nrs.get(f"/sms/{message}").json()["data"][0]["events"]
    assert [event["type"] for event in shown] == ["sent", "delivered"]
    log = providers.control.get("/sandbox/faults").json()["log"]
    assert [(entry["kind"], entry["destroyed"]) for entry in log] == [("early", [message])]
