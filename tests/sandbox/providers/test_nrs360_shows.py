"""What the pretend 360NRS shows: messages by id, campaigns, the report of events, the account."""

import csv
import io
import itertools
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.sandbox.faults import Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.channels import MAILING, SMS, VOICE, Channel
from connector.sandbox.providers.nrs360.reports import events_report
from connector.sandbox.providers.world import World
from tests.sandbox.providers.running import Providers, until

ONE, TWO = "34666555444", "34666555333"
FINAL = {"delivered", "undelivered", "expired", "rejected"}


def send(providers: Providers, *numbers: str, **changes: Any) -> dict[str, Any]:
    body = {"to": list(numbers or (ONE,)), "from": "360NRS", "message": "SMS text message", **changes}
    answer = providers.nrs.post("/sms", json=body)
    assert answer.status_code == 202, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def shown(providers: Providers, *ids: str) -> list[dict[str, Any]]:
    answer = providers.nrs.get(f"/sms/{','.join(ids)}")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def events(message: dict[str, Any]) -> list[str]:
    return [event["type"] for event in message["events"]]


def ended(providers: Providers, *ids: str) -> bool:
    return all(FINAL & set(events(message)) for message in shown(providers, *ids))


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_message_is_shown_as_in_the_guide(providers: Providers) -> None:
    """GET /sms/<ID> has the guide's keys, and the events come one after the other."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}})
    sent = send(providers)
    message_id = sent["result"][0]["id"]
    until(lambda: ended(providers, message_id))
    (message,) = shown(providers, message_id)
    assert list(message) == [
        *("id", "from", "to", "message", "campaignId", "sendingId"),
        *("isDelivered", "isClicked", "events", "customFields", "links"),
    ]
    assert message["id"] == message_id
    assert (message["from"], message["to"], message["message"]) == ("360NRS", ONE, "SMS text message")
    assert (message["campaignId"], message["sendingId"]) == (sent["campaignId"], sent["sendingId"])
    assert (message["isDelivered"], message["isClicked"]) == (True, False)
    assert events(message) == ["sent", "delivered"]
    assert list(message["events"][0]) == ["type", "date", "isMobile", "browser", "os"]
    assert datetime.fromisoformat(message["events"][0]["date"]).utcoffset() == timedelta(0)
    assert list(message["customFields"]) == ["email", "phone", "name"]
    assert message["links"] == {"self": f"https://dashboard.360nrs.com/api/rest/sms/{message_id}"}


def test_several_messages_are_shown_at_once(providers: Providers) -> None:
    """Ids stand with commas between; one that is not known is left out, and 404 when none is."""
    ids = [result["id"] for result in send(providers, ONE, TWO)["result"]]
    assert [message["to"] for message in shown(providers, *ids, "AAAAAAAAAAAAA")] == [ONE, TWO]
    for unknown in ("AAAAAAAAAAAAA", "x", ids[0].lower() + "0", ids[0][:6] + "-------", ids[0][:6] + "0ZZZZZZ"):
        answer = providers.nrs.get(f"/sms/{unknown}")
        assert answer.status_code == 404
        assert answer.json() == {"error": {"code": 404, "description": "Resource not found"}}


def test_fates_are_shared_out_as_said_and_replay(providers: Providers) -> None:
    """About 92 % are delivered, each other end is seen, and the same number and text always end alike."""
    numbers = [f"34600{place:06d}" for place in range(2000)]
    first, second = (send(providers, *numbers) for _ in range(2))
    last = [sent["result"][-1]["id"] for sent in (first, second)]

    def ends(sent: dict[str, Any]) -> list[str]:
        ids = [result["id"] for result in sent["result"]]
        batches = [ids[place : place + 500] for place in range(0, len(ids), 500)]
        return [events(message)[-1] for batch in batches for message in shown(providers, *batch)]

    until(lambda: ended(providers, *last) and set(ends(first)) <= FINAL and set(ends(second)) <= FINAL)
    assert ends(first) == ends(second)
    counts = Counter(ends(first))
    assert 0.9 < counts["delivered"] / 2000 < 0.94
    assert set(counts) == FINAL


def test_what_expires_first_is_expired(providers: Providers) -> None:
    """A message whose expiration comes before its delivery ends as expired, at that moment."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}})
    book = providers.app.nrs360.book
    sending = book.open_sending(None, [], book.world.now())
    (message,) = book.add(sending, "T", [ONE], ["x"], 1000.0)
    sent, delivered = (at for _, at in book.events(message))
    book.extras.deadlines[message] = (sent + delivered) / 2
    assert book.events(message) == [("sent", sent), ("expired", (sent + delivered) / 2)]
    book.extras.deadlines[message] = sent - 0.001
    assert book.events(message) == [("expired", sent - 0.001)]


CAMPAIGN_KEYS = ["id", "name", "type", "createdAt", "updatedAt", "links", "sendings"]
SENDING_KEYS = [
    *("id", "campaignName", "status", "channel", "total", "processed", "totalSmsParts", "cost", "currency", "tags"),
    *("scheduledAt", "expiresAt", "startedAt", "finishedAt", "createdAt", "updatedAt", "events", "links"),
]
EVENT_KEYS = [
    *("delivered", "opened", "opened_unique", "clicked", "clicked_unique", "unsubscribed", "hard_bounced"),
    *("complaint", "sent", "soft_bounced", "undelivered", "rejected", "expired", "unsubscribed_landing"),
]


def test_campaigns_are_listed_as_in_the_guide(providers: Providers) -> None:
    """The list has the guide's keys at every level, and counts what has happened so far."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}})
    sent = send(providers, ONE, TWO, campaignName="My campaign", tags=["a"], message="a" * 200, parts=2)
    until(lambda: ended(providers, *(result["id"] for result in sent["result"])))
    (campaign,) = providers.nrs.get("/campaigns").json()["data"]
    assert list(campaign) == CAMPAIGN_KEYS
    assert (campaign["id"], campaign["name"], campaign["type"]) == (sent["campaignId"], "My campaign", "basic")
    (sending,) = campaign["sendings"]["data"]
    assert list(sending) == SENDING_KEYS
    assert list(sending["events"]) == EVENT_KEYS
    assert (sending["id"], sending["status"], sending["channel"]) == (sent["sendingId"], "OPENED", "sms")
    assert (sending["total"], sending["processed"], sending["totalSmsParts"]) == (2, 2, 4)
    assert (sending["cost"], sending["currency"], sending["tags"]) == (0.16, "EUR", ["a"])
    assert (sending["events"]["sent"], sending["events"]["delivered"]) == (2, 2)
    assert list(campaign["links"]) == ["self", "sendings"]
    assert list(sending["links"]) == ["self", "eventsReport"]


def test_campaigns_are_filtered(providers: Providers) -> None:
    """By name with any number of wildcards, by channel, and by date; unnamed sendings make no campaign."""
    for name in ("Autumn ~a1", "Autumn ~b2", "Winter.x ~a1"):
        send(providers, campaignName=name)
    send(providers)

    def names(**asked: str) -> list[str]:
        return [campaign["name"] for campaign in providers.nrs.get("/campaigns", params=asked).json()["data"]]

    assert len(names()) == 3
    assert names(name="*~a1") == ["Autumn ~a1", "Winter.x ~a1"]
    assert names(name="Autumn*") == ["Autumn ~a1", "Autumn ~b2"]
    assert names(name="Winter?x*") == []
    assert names(name="*n*~b*") == ["Autumn ~b2"]
    assert names(name="Autumn") == []
    assert len(names(channel="sms")) == 3
    assert names(channel="mailing") == []
    assert names(beforeDate=ahead(-60)) == []
    assert len(names(afterDate=ahead(-60), beforeDate=ahead(60))) == 3
    assert names(afterDate=ahead(60)) == []


@pytest.mark.parametrize(
    "asked",
    ["channel=whatsapp", "beforeDate=yesterday", "afterDate=2019-01-01T00:00:00+00:00", "afterDate=20190101000000x"],
)
def test_wrong_filters_are_422(providers: Providers, asked: str) -> None:
    """A channel the guide does not list, a date that is not ISO 8601 or whose plus is not encoded is refused."""
    sending = send(providers)["sendingId"]
    answers = [providers.nrs.get(f"/campaigns?{asked}")]
    if not asked.startswith("channel"):
        answers.append(providers.nrs.get(f"/sendings/{sending}/reports/events?{asked}"))
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == 422


COLUMNS = "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,browser,os,url,createdAt"


def test_the_report_of_events_has_the_guides_columns(providers: Providers) -> None:
    """One CSV line an event, with the head of the guide and values in their places."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}})
    sent = send(providers, ONE, "524498987282", campaignName='With "quotes", comma')
    until(lambda: ended(providers, *(result["id"] for result in sent["result"])))
    answer = providers.nrs.get(f"/sendings/{sent['sendingId']}/reports/events")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["phone"], row["event"], row["countryIso"]) for row in rows] == [
        *((ONE, "sent", "ES"), (ONE, "delivered", "ES")),
        *(("524498987282", "sent", "MX"), ("524498987282", "delivered", "MX")),
    ]
    assert {row["campaignName"] for row in rows} == {'With "quotes", comma'}
    assert rows[0]["contactId"] == rows[1]["contactId"] != rows[2]["contactId"]
    assert (rows[0]["campaignId"], rows[0]["sendingId"]) == (str(sent["campaignId"]), str(sent["sendingId"]))


def test_the_report_of_events_is_filtered_by_date(providers: Providers) -> None:
    """afterDate and beforeDate bound the rows; a sending that is not known is 404."""
    sent = send(providers)
    until(lambda: ended(providers, sent["result"][0]["id"]))

    def rows(**asked: str) -> int:
        report = providers.nrs.get(f"/sendings/{sent['sendingId']}/reports/events", params=asked)
        return len(report.text.splitlines()) - 1

    assert rows() >= 1
    assert rows(afterDate=ahead(-60), beforeDate=ahead(60)) == rows()
    assert rows(afterDate=ahead(60)) == 0
    assert rows(beforeDate=ahead(-60)) == 0
    for unknown in ("1", "x"):
        assert providers.nrs.get(f"/sendings/{unknown}/reports/events").status_code == 404


@pytest.mark.parametrize(("channel", "messages"), [(SMS, 500_000), (VOICE, 50_000), (MAILING, 50_000)])
def test_a_report_of_a_million_rows_is_made_as_it_is_read(channel: Channel, messages: int) -> None:
    """Half a million messages make a million rows, chunk by chunk, in memory that does not grow with them."""
    book = Book(World(Faults(1), Ledger(), 1))
    sending = book.open_sending("Big", [], 0.0, channel)
    book.habits = dict.fromkeys(book.habits, 0.0)
    book.shares = {"delivered": 1.0}
    book.add(sending, "T", list(map(str, range(34600000000, 34600000000 + messages))), ["x"] * messages, 0.0)
    report = events_report(book, sending, None, None)
    tracemalloc.start()
    rows = sum(chunk.count(b"\n") for chunk in itertools.islice(report, 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows += sum(chunk.count(b"\n") for chunk in report)
    assert rows == 2 * messages + 1
    assert peak < 4_000_000


def test_the_account_is_shown(providers: Providers) -> None:
    """Username, email, time zone, language, balance, creation date, country and currency."""
    answer = providers.nrs.get("/account")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert list(data) == ["username", "email", "timezone", "language", "balance", "createdAt", "country", "currency"]
    assert (data["username"], data["currency"]) == ("sandbox", "EUR")
