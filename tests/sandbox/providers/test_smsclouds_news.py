"""The pretend Smsclouds tells: campaign messages with their statuses, responses asked for and pushed."""

import time
from collections import Counter
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers, Receiver, until
from tests.sandbox.providers.test_smsclouds_campaign import mexico, refused

ONE, TWO = "4498987281", "4498987282"
EVERYBODY_ANSWERS = {"failed": 0.0, "replies": 1.0}


def send(providers: Providers, *cellphones: str, text: str = "hi mi name is Alex") -> int:
    recipients = [{"cellphone": cellphone} for cellphone in cellphones or (ONE,)]
    body = {"text": text, "recipients": recipients, "route": 77, "campaign_name": " my first campaign"}
    answer = providers.clouds.post("/api/v3/campaign", json=body)
    assert answer.status_code == 200, answer.text
    campaign: int = answer.json()["campaign"]
    return campaign


def shown(providers: Providers, campaign: int) -> dict[str, Any]:
    answer = providers.clouds.get(f"/api/v3/campaign/{campaign}/messages")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def finished(providers: Providers, campaign: int) -> dict[str, Any]:
    until(lambda: shown(providers, campaign)["percentage"] == 100)
    return shown(providers, campaign)


def ask(providers: Providers, **question: Any) -> list[dict[str, Any]]:
    answer = providers.clouds.post("/api/v3/responses", json=question)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_campaign_messages_are_shown_as_in_the_guide(providers: Providers) -> None:
    """Guide's keys at both levels, messages in the order of the request with ids of their own."""
    providers.configure(smsclouds={"shares": {"failed": 0.0}})
    campaign = send(providers, ONE, TWO)
    body = finished(providers, campaign)
    assert list(body) == [
        *("message", "campaign", "name", "campaign_status", "scheduled_date", "recipients_count"),
        *("percentage", "balance", "data"),
    ]
    assert (body["campaign"], body["name"]) == (campaign, " my first campaign")
    assert (body["campaign_status"], body["recipients_count"]) == ("inserted", 2)
    assert [list(row) for row in body["data"]] == [["id", "cellphone", "status", "sent_date", "text"]] * 2
    assert [row["cellphone"] for row in body["data"]] == [ONE, TWO]
    assert {row["status"] for row in body["data"]} == {"sent"}
    assert len({row["id"] for row in body["data"]}) == 2
    assert body["data"][0]["text"] == "hi mi name is Alex"
    assert abs(time.mktime(time.strptime(body["data"][0]["sent_date"], "%Y-%m-%d %H:%M:%S"))) > 0


def test_a_campaign_is_inserting_at_first(providers: Providers) -> None:
    """While the campaign is inserted there is nothing to see; then messages are in progress; then they have ended."""
    providers.app.world.speed = 2.0
    campaign = send(providers, *(str(4_498_000_000 + place) for place in range(200)))
    first = shown(providers, campaign)
    assert (first["campaign_status"], first["percentage"], first["data"]) == ("inserting", 0, [])
    until(lambda: shown(providers, campaign)["campaign_status"] == "inserted")
    middle = shown(providers, campaign)
    assert 0 <= middle["percentage"] < 100
    waiting = [row for row in middle["data"] if row["status"] == "in progress"]
    assert waiting
    assert {row["sent_date"] for row in waiting} == {None}
    assert {row["status"] for row in finished(providers, campaign)["data"]} <= {"sent", "failed"}


def test_some_fail_and_some_are_retried(providers: Providers) -> None:
    """About four per cent fail, the rest is sent, alike each time; a message may be retried on its way."""
    numbers = [str(4_498_000_000 + place) for place in range(2000)]
    rows = [finished(providers, send(providers, *numbers))["data"] for _ in range(2)]
    ends = [[row["status"] for row in data] for data in rows]
    assert ends[0] == ends[1]
    assert 40 < Counter(ends[0])["failed"] < 130
    providers.configure(smsclouds={"shares": {"retried": 1.0, "failed": 0.0}})
    providers.app.world.speed = 1.0
    campaign = send(providers)
    until(lambda: any(row["status"] == "retried" for row in shown(providers, campaign)["data"]))
    assert finished(providers, campaign)["data"][0]["status"] == "sent"


def test_some_recipients_answer(providers: Providers) -> None:
    """About three per cent write back, some of them to opt out, and the ledger counts them."""
    send(providers, *(str(4_498_000_000 + place) for place in range(5000)))
    until(lambda: len(ask(providers, type=1, **{"from": mexico(hours=-1)})) > 100)
    until(lambda: providers.app.world.timetable.pending() == 0)
    results = ask(providers, type=1, **{"from": mexico(hours=-1)})
    assert 100 < len(results) < 200
    assert {"STOP", "ALTO"} & {result["response"] for result in results}
    assert providers.ledger()["replies"] == len(results)


def test_responses_are_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's question, type and ids as text, gets the guide's answer key by key."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS})
    campaign = send(providers)
    until(lambda: ask(providers, type="4", campaigns=[str(campaign)]))
    answer = providers.clouds.post("/api/v3/response", json={"type": "4", "campaigns": [str(campaign)]}).json()
    assert list(answer) == ["message", "type", "from", "to", "results"]
    assert (answer["message"], answer["type"]) == ("Completado Correctamente", "4")
    (result,) = answer["results"]
    assert list(result) == [
        *("received_id", "campaign_id", "campaign_name", "message_id", "message", "response"),
        *("sent_at", "received_at"),
    ]
    assert (result["campaign_id"], result["campaign_name"]) == (campaign, " my first campaign")
    assert result["message_id"] == shown(providers, campaign)["data"][0]["id"]
    assert result["message"] == "hi mi name is Alex"
    assert result["sent_at"] <= result["received_at"]


def test_responses_are_found_in_four_ways(providers: Providers) -> None:
    """By date, by message ids, by cellphone and by campaign ids, each as numbers or as text, one or several."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS})
    first, second = send(providers, ONE, TWO), send(providers, TWO)
    until(lambda: len(ask(providers, type=4, campaigns=[first, second])) == 3)
    ids = [row["id"] for row in finished(providers, first)["data"]]
    hour = {"from": mexico(hours=-1)}

    def found(**question: Any) -> list[int]:
        return sorted(result["message_id"] for result in ask(providers, **question))

    assert len(found(type=1, **hour)) == 3
    assert found(type=1, **hour, to=mexico(minutes=-30)) == []
    assert found(type=1, **{"from": mexico(hours=1)}) == []
    assert found(type=2, messages=ids) == ids
    assert found(type="2", messages=list(map(str, ids[:1]))) == ids[:1]
    assert found(type=2, message=ids[1]) == ids[1:]
    assert len(found(type=3, cellphone=int(TWO))) == 2
    assert found(type="3", cellphone=ONE) == ids[:1]
    assert found(type=4, campaigns=first) == ids
    assert found(type=4, campaigns=[1]) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({}, "type"),
        ({"type": 5}, "type"),
        ({"type": "one"}, "type"),
        ({"type": True}, "type"),
        ({"type": 1}, "from"),
        ({"type": 1, "from": "2020-05-01"}, "from"),
        ({"type": 1, "from": "2020-05-01 00:00:00", "to": "now"}, "to"),
        ({"type": 2}, "message"),
        ({"type": 2, "messages": []}, "messages"),
        ({"type": 2, "messages": ["x"]}, "messages"),
        ({"type": 3}, "cellphone"),
        ({"type": 3, "cellphone": 1.5}, "cellphone"),
        ({"type": 4}, "campaigns"),
        ({"type": 4, "campaigns": {"id": 1}}, "campaigns"),
        ({"type": 4, "campaigns": [1], "page": 2}, "page"),
    ],
)
def test_wrong_questions_are_422(providers: Providers, question: dict[str, Any], words: str) -> None:
    """A type out of 1 to 4, a missing or wrong parameter of that type, or an unknown one is refused by name."""
    assert words in refused(providers.clouds.post("/api/v3/responses", json=question), 422)


def test_responses_are_pushed(providers: Providers, receiver: Receiver) -> None:
    """Each reply is a GET with the guide's parameters; the text `ok` acknowledges it."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS, "responses_url": f"{receiver.url}?secret=1"})
    campaign = send(providers, ONE)
    until(lambda: receiver.taken)
    (push,) = receiver.taken
    assert set(push) == {"secret", "response", "cellphone", "message_id", "date"}
    (row,) = ask(providers, type=4, campaigns=[campaign])
    assert push["cellphone"] == ONE
    assert (push["message_id"], push["response"]) == (str(row["message_id"]), row["response"])
    assert push["date"] == row["received_at"]
    until(lambda: providers.ledger()["replies_acknowledged"] == 1)


@pytest.mark.parametrize("answer", [(200, b"thanks"), (500, b"ok"), (200, b"")])
def test_a_push_without_ok_is_not_acknowledged_and_not_repeated(
    providers: Providers, receiver: Receiver, answer: tuple[int, bytes]
) -> None:
    """The guide wants the text ok and promises no second try."""
    receiver.answers = [answer]
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS, "responses_url": receiver.url})
    send(providers)
    until(lambda: providers.ledger()["replies_pushed"] == 1)
    assert providers.ledger()["replies_acknowledged"] == 0
    assert providers.app.world.timetable.pending() == 0


@pytest.mark.parametrize(("kind", "times"), [("twice", 2), ("late", 1), ("reorder", 1)])
def test_replies_meet_faults(providers: Providers, receiver: Receiver, kind: str, times: int) -> None:
    """A reply can be pushed twice or after a while; it is written down once, in its turn."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS, "responses_url": receiver.url})
    providers.fault(target="smsclouds", operation="replies", kind=kind, seconds=0.3)
    campaign = send(providers)
    until(lambda: ask(providers, type=4, campaigns=campaign))
    written = time.monotonic()
    until(lambda: len(receiver.taken) == times)
    assert receiver.times[-1] - written > 0.2
    assert len({(push["message_id"], push["response"]) for push in receiver.taken}) == 1
    assert len(ask(providers, type=4, campaigns=campaign)) == 1


def test_a_reply_can_come_before_the_answer_to_the_send(providers: Providers, receiver: Receiver) -> None:
    """With the fault `early` the reply has been pushed when the campaign is answered."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS, "responses_url": receiver.url})
    providers.fault(target="smsclouds", operation="replies", kind="early")
    campaign = send(providers)
    assert len(receiver.taken) == 1
    assert str(ask(providers, type=4, campaigns=campaign)[0]["message_id"]) == receiver.taken[0]["message_id"]


def test_statuses_can_be_late_and_early(providers: Providers) -> None:
    """A late status stays in progress for the seconds of the rule; an early one is there with the campaign."""
    providers.fault(target="smsclouds", operation="statuses", kind="late", seconds=30, times=1)
    campaign = send(providers, ONE, TWO)
    until(lambda: shown(providers, campaign)["percentage"] == 50)
    assert shown(providers, campaign)["data"][0]["status"] == "in progress"
    providers.control.delete("/sandbox/faults")
    providers.fault(target="smsclouds", operation="statuses", kind="early")
    providers.app.world.speed = 0.5
    early = send(providers)
    until(lambda: shown(providers, early)["campaign_status"] == "inserted")
    assert shown(providers, early)["percentage"] == 100


def stop(providers: Providers, campaign: int, word: str) -> int:
    return providers.control.post(f"/sandbox/smsclouds/campaigns/{campaign}", params={"status": word}).status_code


STOPS = [
    ("paused", {"paused"}),
    ("canceled", {"cancelled"}),
    ("updating", {"in progress", "retried", "sent", "failed"}),
    ("unknown", set()),
]


@pytest.mark.parametrize(("word", "statuses"), STOPS)
def test_a_stopped_campaign_has_the_guides_words(providers: Providers, word: str, statuses: set[str]) -> None:
    """A person can pause, cancel or update a campaign or make it unknown; its messages say what the guide says."""
    providers.app.world.speed = 1.0
    campaign = send(providers, *(str(4_498_000_000 + place) for place in range(20)))
    assert stop(providers, campaign, word) == 200
    until(lambda: word == "unknown" or shown(providers, campaign)["data"])
    body = shown(providers, campaign)
    assert body["campaign_status"] == word
    assert {row["status"] for row in body["data"]} <= statuses
    assert bool(body["data"]) is bool(statuses)


def test_a_paused_campaign_can_go_on_and_a_cancelled_one_cannot(providers: Providers) -> None:
    """What was paused is sent after all; what was cancelled is never sent and never answered."""
    providers.configure(smsclouds={"shares": EVERYBODY_ANSWERS})
    providers.app.world.speed = 2.0
    paused, canceled = send(providers, ONE), send(providers, TWO)
    assert stop(providers, paused, "paused") == stop(providers, canceled, "canceled") == 200
    until(lambda: [row["status"] for row in shown(providers, paused)["data"]] == ["paused"])
    assert stop(providers, paused, "inserted") == stop(providers, canceled, "inserted") == 200
    assert finished(providers, paused)["data"][0]["status"] == "sent"
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert [row["status"] for row in shown(providers, canceled)["data"]] == ["cancelled"]
    assert ask(providers, type=4, campaigns=canceled) == []


def test_a_stop_that_is_not_understood_is_refused(providers: Providers) -> None:
    """The control API takes the guide's words, and campaigns that there are."""
    assert stop(providers, send(providers), "stopped") == 400
    assert stop(providers, 1, "paused") == 400
