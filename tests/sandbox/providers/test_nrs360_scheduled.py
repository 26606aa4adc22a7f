"""Scheduled messages of the pretend 360NRS: listed, moved, deleted, and sent at their time and no other."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers, Receiver, until

ONE, TWO = "34666555444", "34666555333"
ENTRY = ["guid", "type", "sending_id", "created_at", "updated_at", "scheduled_at"]


def stamp(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y%m%d%H%M%S")


def send(providers: Providers, *numbers: str, **changes: Any) -> dict[str, Any]:
    body = {"to": list(numbers or (ONE,)), "from": "360NRS", "message": "This is a test", **changes}
    answer = providers.nrs.post("/sms", json={"scheduleDate": stamp(hours=1), **body})
    assert answer.status_code == 202, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def mail(providers: Providers) -> dict[str, Any]:
    body = {"to": ["a@example.com"], "fromEmail": "i@example.com", "replyTo": "r@example.com", "subject": "S"}
    answer = providers.nrs.post("/mailing", json={**body, "body": "<p>Hi</p>", "scheduleDate": stamp(hours=1)})
    assert answer.status_code == 202, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def listed(providers: Providers, query: str = "", body: Any = None) -> Any:
    answer = providers.nrs.request("GET", f"/scheduled{query}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def guids(providers: Providers, query: str = "") -> list[str]:
    return [entry["guid"] for entry in listed(providers, query)["result"]]


def events(providers: Providers, sent: dict[str, Any]) -> list[str]:
    (message,) = providers.nrs.get(f"/sms/{sent['result'][0]['id']}").json()["data"]
    return [event["type"] for event in message["events"]]


def test_what_waits_is_listed_as_in_the_guide(providers: Providers) -> None:
    """All that is scheduled, without content; what was sent at once and voice are not in it."""
    first = send(providers, ONE, TWO, scheduleDate="20401111101010")
    mailed = mail(providers)
    providers.nrs.post("/sms", json={"to": [ONE], "from": "T", "message": "now"})
    voice = {"to": [ONE], "message": "x", "gender": "F", "language": "es_ES", "scheduleDate": stamp(hours=1)}
    assert providers.nrs.post("/voice", json=voice).status_code == 202
    answer = listed(providers)
    assert list(answer) == ["result", "total"]
    assert answer["total"] == len(answer["result"]) == 3
    entry = answer["result"][0]
    assert list(entry) == ENTRY
    assert (entry["type"], entry["sending_id"]) == ("SMS", first["sendingId"])
    assert entry["scheduled_at"] == "2040-11-11 10:10:10"
    assert datetime.fromisoformat(entry["created_at"]).year >= 2026
    assert guids(providers, "?type=MAILING") == guids(providers, f"?sendingId={mailed['sendingId']}")
    assert len(guids(providers, "?type=SMS")) == 2


def test_a_single_guid_shows_the_content(providers: Providers) -> None:
    """One guid gives an object with the recipient; several, however they are written, give a list."""
    sent = send(providers, ONE, TWO, campaignName="A")
    one, two = guids(providers)
    answer = listed(providers, f"?guid={one}")
    assert (list(answer), answer["total"]) == (["result", "total"], 1)
    assert list(answer["result"]) == ["guid", "type", "content", "created_at", "updated_at", "scheduled_at"]
    assert answer["result"]["content"] == {
        "to": ONE,
        "from": "360NRS",
        "encoding": "gsm",
        "message": "This is a test",
        "campaignId": sent["campaignId"],
        "sendingId": sent["sendingId"],
    }
    assert listed(providers, body={"guid": int(one)}) == answer
    for query in (f"?guid={one},{two}", f"?guid[]={one}&guid[]={two}", f"?guid={one}&guid={two}"):
        assert guids(providers, query) == [one, two]
    content = listed(providers, f"?guid={mailed_guid(providers)}")["result"]["content"]
    assert (content["to"], content["from"]) == ("a@example.com", "i@example.com")


def mailed_guid(providers: Providers) -> str:
    mail(providers)
    return guids(providers, "?type=MAILING")[0]


def test_a_message_is_moved_and_sent_at_its_new_time(providers: Providers, receiver: Receiver) -> None:
    """PUT gives a message another date: it goes out then, and is scheduled no more."""
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"delivered": 1.0}})
    moved, other = send(providers), send(providers, TWO)
    guid = guids(providers)[0]
    answer = providers.nrs.put("/scheduled", json={"guid": int(guid), "scheduleDate": stamp(hours=2)})
    assert (answer.status_code, answer.json()) == (200, {"result": True, "updated": 1})
    assert len(guids(providers)) == 2
    answer = providers.nrs.put("/scheduled", json={"guid": [int(guid)], "scheduleDate": stamp(seconds=-5)})
    assert answer.json() == {"result": True, "updated": 1}
    until(lambda: events(providers, moved) == ["sent", "delivered"])
    assert guids(providers) == [str(int(guid) + 1)]
    assert events(providers, other) == []
    until(lambda: receiver.of(moved["result"][0]["id"]) == ["sent", "delivered"])
    answer = providers.nrs.put("/scheduled", json={"guid": guid, "scheduleDate": stamp(hours=2)})
    assert answer.json()["error"]["code"] == 120


def test_a_moved_message_is_told_of_once(providers: Providers, receiver: Receiver) -> None:
    """What was planned for the old date is not told when that date comes."""
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"rejected": 1.0}})
    sent = send(providers, scheduleDate=stamp(seconds=2))
    assert providers.nrs.put("/scheduled", json={"scheduleDate": stamp(seconds=-5)}).json()["updated"] == 1
    message = sent["result"][0]["id"]
    until(lambda: receiver.of(message) == ["rejected"])
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert receiver.of(message) == ["rejected"]


def test_a_deleted_message_is_never_sent(providers: Providers, receiver: Receiver) -> None:
    """DELETE takes a message off the list; its time comes and nothing happens."""
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"delivered": 1.0}})
    sent = send(providers, ONE, TWO, scheduleDate=stamp(seconds=1.5), message="Hi #000077")
    first = guids(providers)[0]
    answer = providers.nrs.request("DELETE", "/scheduled", json={"guid": [int(first)]})
    assert (answer.status_code, answer.json()) == (200, {"result": True, "deleted": 1})
    assert len(guids(providers)) == 1
    until(lambda: receiver.of(sent["result"][1]["id"]) == ["sent", "delivered"])
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert receiver.of(sent["result"][0]["id"]) == events(providers, sent) == []
    fates = providers.control.get("/sandbox/ledger/fates").text.splitlines()
    assert fates == ["nrs360 000077 cancelled", "nrs360 000077 delivered"]
    assert providers.nrs.request("DELETE", "/scheduled", json={"guid": int(first)}).json()["error"]["code"] == 120


@pytest.mark.parametrize("body", [None, {}, {"guid": []}, {"guid": None}])
def test_without_a_guid_everything_is_deleted(providers: Providers, body: Any) -> None:
    """As the guide says: no identifiers stand for all scheduled messages of the account."""
    send(providers, ONE, TWO)
    mail(providers)
    answer = providers.nrs.request("DELETE", "/scheduled", json=body)
    assert answer.json() == {"result": True, "deleted": 3}
    assert listed(providers) == {"result": [], "total": 0}


def test_without_a_guid_everything_of_a_type_is_moved(providers: Providers) -> None:
    """A type narrows what an update without guid acts on."""
    send(providers, ONE, TWO)
    mail(providers)
    answer = providers.nrs.put("/scheduled", json={"type": "SMS", "scheduleDate": "20401111101010"})
    assert answer.json() == {"result": True, "updated": 2}
    dates = [(entry["type"], entry["scheduled_at"]) for entry in listed(providers)["result"]]
    assert dates[:2] == [("SMS", "2040-11-11 10:10:10")] * 2
    assert dates[2] != ("MAILING", "2040-11-11 10:10:10")
    assert providers.nrs.request("DELETE", "/scheduled", json={"type": "MAILING"}).json()["deleted"] == 1


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("PUT", {}, 121),
        ("PUT", {"scheduleDate": ""}, 121),
        ("PUT", {"scheduleDate": "2030-01-01"}, 121),
        ("PUT", {"scheduleDate": 20300101000000}, 121),
        ("PUT", {"scheduleDate": "20300101000000", "guid": 999}, 120),
        ("PUT", {"scheduleDate": "20300101000000", "sendingId": 5}, 422),
        ("GET", {"guid": "x"}, 120),
        ("GET", {"guid": [True]}, 120),
        ("GET", {"guid": {"a": 1}}, 120),
        ("GET", {"type": "VOICE"}, 422),
        ("GET", {"sendingId": "x"}, 422),
        ("DELETE", {"guid": [100, 999]}, 120),
        ("DELETE", {"type": "sms"}, 422),
        ("DELETE", {"guids": [100]}, 422),
    ],
)
def test_a_broken_request_acts_on_nothing(providers: Providers, method: str, body: Any, code: int) -> None:
    """A wrong date is 121, a guid that does not wait 120, anything else 422; everything waits on as it did."""
    send(providers)
    before = listed(providers)
    answer = providers.nrs.request(method, "/scheduled", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422 if code == 422 else 400, code)
    assert listed(providers) == before
    assert providers.nrs.request("DELETE", "/scheduled", content=b"{").json()["error"]["code"] == 125


def test_what_waits_goes_out_at_its_date(providers: Providers) -> None:
    """Nothing happens before the date; after it the message is sent and off the list."""
    sent = send(providers, scheduleDate=stamp(seconds=2))
    due = datetime.strptime(listed(providers)["result"][0]["scheduled_at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert events(providers, sent) == []
    until(lambda: events(providers, sent))
    assert time.time() >= due.timestamp()
    assert listed(providers) == {"result": [], "total": 0}
