"""WhatsApp through the pretend 360NRS: templates, conversations, replies by chance, answers within the session."""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, Receiver, until

BASE = "https://dashboard.360nrs.com/api/rest"
ONE, TWO, FROM = "34666555444", "34666555333", "34666777555"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONVERSATION = [
    *("from", "to", "totalMessages", "status", "isSessionActive", "sessionExpiresAt"),
    *("createdAt", "updatedAt", "links", "contact"),
]
LINE = ["id", "type", "msisdn", "content", "reactions", "sentAt", "deliveredAt", "readAt", "failedAt"]
LOCATION = {"lat": "39.92", "long": "-0.10", "name": "NRS", "address": "Vila-real"}


def send(providers: Providers, *items: Any, **changes: Any) -> httpx.Response:
    body = {"templateId": 123, "from": FROM, "messages": list(items or ({"to": ONE},)), **changes}
    return providers.nrs.post("/whatsapp", json={key: value for key, value in body.items() if value is not ...})


def life(providers: Providers, replies: float = 0.0, outcome: str = "delivered") -> None:
    providers.configure(nrs360={"shares": {outcome: 1.0}, "habits": {"read": 1.0, "replies": replies}})


def lines(providers: Providers, recipient: str = ONE) -> list[dict[str, Any]]:
    answer = providers.nrs.get(f"/whatsapp/conversations/{FROM}/{recipient}/messages")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_a_template_answers_as_in_the_guide(providers: Providers) -> None:
    """202 with a UUID for each; a bad number is refused alone with 207 and words that name its place."""
    answer = send(providers, {"to": ONE}, {"to": TWO})
    assert answer.status_code == 202
    assert list(answer.json()) == ["campaignId", "sendingId", "result"]
    results = answer.json()["result"]
    assert [list(result) for result in results] == [["accepted", "to", "id"]] * 2
    assert all(UUID.fullmatch(result["id"]) for result in results)
    assert results[0]["id"] != results[1]["id"]
    mixed = send(providers, {"to": ONE}, {"to": "34"})
    assert mixed.status_code == 207
    error = {"code": 102, "description": "The messages.1.to field does not contain a valid phone number"}
    assert mixed.json()["result"][1] == {"accepted": False, "to": "34", "error": error}
    assert send(providers, {"to": "34"}).status_code == 400


FULL = {"to": ONE, "headerFields": ["h"], "bodyFields": ["a", "b"], "callToActionFields": ["c"]}
BROKEN: list[tuple[list[Any], dict[str, Any], int, str]] = [
    ([], {"templateId": ...}, 140, "Template missing"),
    ([], {"templateId": "123"}, 140, "Template missing"),
    ([], {"templateId": 999}, 140, "Invalid template"),
    ([], {"templateId": 126}, 140, "Invalid template"),
    ([], {"from": ...}, 106, "Sender missing"),
    ([], {"from": "TEST"}, 115, "Sender is not verified"),
    ([], {"messages": ...}, 102, "No valid recipients"),
    ([], {"messages": []}, 102, "No valid recipients"),
    ([], {"messages": {"to": ONE}}, 102, "No valid recipients"),
    ([], {"tags": ["a"]}, 126, "Empty campaign name"),
    ([], {"campaignName": 5}, 422, "The campaignName field must be a string."),
    ([], {"scheduleDate": "20400101000000"}, 422, "The scheduleDate field is not allowed."),
    (["x"], {}, 422, "The messages.0 field must be an object."),
    ([{}], {}, 102, "The messages.0.to field does not contain a valid phone number"),
    ([{"to": ONE, "text": "x"}], {}, 422, "The messages.0.text field is not allowed."),
    ([{"to": ONE, "bodyFields": "x"}], {}, 422, "The messages.0.bodyFields field must be an array of strings."),
    ([{"to": ONE, "headerFields": [1]}], {}, 422, "The messages.0.headerFields field must be an array of strings."),
    ([{"to": ONE, "callToActionFields": 1}], {}, 422, "The messages.0.callToActionFields field must be an array of st"),
    ([{"to": ONE, "defaultAnswer": 5}], {}, 422, "The messages.0.defaultAnswer field must be a string or an array"),
    ([{"to": ONE, "buttonAnswers": "x"}], {}, 422, "The messages.0.buttonAnswers field must be an array of strings."),
    ([{"to": ONE, "location": {"lat": "1"}}], {}, 422, "The messages.0.location.long field is required."),
    ([{"to": ONE, "location": {**LOCATION, "lat": 1}}], {}, 422, "The messages.0.location.lat field must be a string."),
    ([{**FULL, "headerFields": None}], {"templateId": 124}, 422, "The messages.0.headerFields field is required."),
    ([{**FULL, "bodyFields": []}], {"templateId": 124}, 422, "The messages.0.bodyFields field is required."),
    (
        [{**FULL, "bodyFields": ["a"]}],
        {"templateId": 124},
        422,
        "The messages.0.bodyFields field must contain 2 items.",
    ),
    ([{**FULL, "callToActionFields": []}], {"templateId": 124}, 422, "The messages.0.callToActionFields field is req"),
    ([{"to": ONE}], {"templateId": 125}, 422, "The messages.0.location field is required."),
]


@pytest.mark.parametrize(("items", "changes", "code", "words"), BROKEN)
def test_a_broken_template_gets_the_guides_error(
    providers: Providers, items: list[Any], changes: dict[str, Any], code: int, words: str
) -> None:
    """Each row of the table, and what a template asks for, is held; nothing is accepted."""
    answer = send(providers, *items, **changes)
    assert answer.status_code == (422 if code == 422 else 400)
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["description"].startswith(words)
    assert providers.ledger()["received"] == 0


def test_the_guides_samples_pass(providers: Providers) -> None:
    """With variables and answers, with a location, with a code: each is accepted and read as it was meant."""
    answers = {"defaultAnswer": "Example answer", "buttonAnswers": ["first", "second"]}
    assert send(providers, {**FULL, **answers}, campaignName="A", tags=["a"]).status_code == 202
    assert send(providers, {"to": TWO, "location": LOCATION}, templateId=125).status_code == 202
    assert send(providers, {**FULL, "bodyFields": ["Ana #000051", "x"]}, templateId=124).status_code == 202
    contents = [line["content"] for line in lines(providers)]
    assert "h\nHello Ana #000051, your order x has left.\nc" in contents
    assert providers.control.get("/sandbox/ledger/serials").text == "nrs360 000051 1\n"


def test_templates_and_senders_are_the_accounts(providers: Providers) -> None:
    """Settings say which templates are approved and which senders are registered."""
    templates = {"7": {"content": "Code {{1}}", "body": 1}, "8": {"content": "x", "approved": False}}
    providers.configure(nrs360={"templates": templates, "senders": ["34900000000"]})
    item = {"to": ONE, "bodyFields": ["auth_code"]}
    assert send(providers, item, templateId=7, **{"from": "34900000000"}).status_code == 202
    assert send(providers, item, templateId=7).json()["error"]["code"] == 115
    for number in (8, 123):
        assert send(providers, item, templateId=number, **{"from": "34900000000"}).json()["error"]["code"] == 140


def test_a_conversation_is_shown_as_in_the_guide(providers: Providers) -> None:
    """List, one conversation and its messages have the guide's keys; a template is sent, delivered and read."""
    life(providers)
    sent = send(providers).json()["result"][0]
    until(lambda: lines(providers)[0]["readAt"])
    (line,) = lines(providers)
    assert list(line) == LINE
    assert (line["id"], line["type"], line["msisdn"]) == (sent["id"], "template", FROM)
    assert (line["content"], line["failedAt"], line["reactions"]) == ("Template content", None, [])
    assert line["sentAt"] <= line["deliveredAt"] <= line["readAt"]
    listed = providers.nrs.get("/whatsapp/conversations").json()
    (conversation,) = listed["data"]
    assert list(conversation) == CONVERSATION
    assert (conversation["from"], conversation["to"], conversation["totalMessages"]) == (FROM, ONE, 1)
    assert (conversation["status"], conversation["isSessionActive"]) == ("OPEN", False)
    assert conversation["sessionExpiresAt"] is None
    assert conversation["links"] == {"messages": f"{BASE}/whatsapp/conversations/{FROM}/{ONE}/messages"}
    assert list(conversation["contact"]["data"]) == [
        *("msisdn", "firstName", "lastName", "email", "interest", "comment", "country"),
    ]
    assert providers.nrs.get(f"/whatsapp/conversations/{FROM}/{ONE}").json() == {"data": conversation}
    meta = providers.nrs.get(f"/whatsapp/conversations/{FROM}/{ONE}/messages").json()["meta"]
    assert list(meta) == ["status", "isSessionActive", "sessionExpiresAt", "pagination"]


@pytest.mark.parametrize("outcome", ["undelivered", "expired", "rejected"])
def test_what_is_not_delivered_failed(providers: Providers, outcome: str) -> None:
    """A message that fails says when, and was neither delivered nor read."""
    life(providers, outcome=outcome)
    send(providers, {"to": ONE, "bodyFields": ["#000052"]})
    until(lambda: lines(providers)[0]["failedAt"])
    assert (lines(providers)[0]["deliveredAt"], lines(providers)[0]["readAt"]) == (None, None)
    assert providers.control.get("/sandbox/ledger/fates").text == "nrs360 000052 failed\n"


def test_a_reply_opens_the_session(providers: Providers) -> None:
    """A reply is the recipient's own message, counted in the ledger, answered by default, and opens a day's session."""
    life(providers, replies=1.0)
    send(providers, {"to": ONE, "defaultAnswer": "Thank you"})
    until(lambda: len(lines(providers)) == 3)
    answer, reply, template = lines(providers)
    assert (reply["type"], reply["msisdn"], template["type"]) == ("text", ONE, "template")
    assert reply["content"]
    assert (answer["msisdn"], answer["content"]) == (FROM, "Thank you")
    assert template["reactions"] == ["👍"]
    conversation = providers.nrs.get(f"/whatsapp/conversations/{FROM}/{ONE}").json()["data"]
    assert (conversation["isSessionActive"], conversation["totalMessages"]) == (True, 3)
    expires = datetime.fromisoformat(conversation["sessionExpiresAt"])
    assert expires - datetime.fromisoformat(reply["sentAt"]) == timedelta(days=1)
    until(lambda: providers.ledger()["replies"] == 1)


def test_a_text_is_sent_within_the_session(providers: Providers) -> None:
    """POST to a conversation is refused before the recipient has written, and afterwards sends the content once."""
    path = f"/whatsapp/conversations/{FROM}/{ONE}/messages"
    life(providers, replies=0.0)
    send(providers)
    refused = providers.nrs.post(path, json={"content": "Hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, 422)
    life(providers, replies=1.0)
    until(lambda: len(lines(providers)) == 2)
    answer = providers.nrs.post(path, json={"content": "Hello #000053"})
    assert answer.status_code == 201
    assert list(answer.json()["data"]) == LINE
    assert (answer.json()["data"]["type"], answer.json()["data"]["content"]) == ("text", "Hello #000053")
    assert answer.json()["data"]["id"] in {line["id"] for line in lines(providers)}
    assert providers.control.get("/sandbox/ledger/serials").text == "nrs360 000053 1\n"
    for body in ({}, {"content": ""}, {"content": 5}, {"content": "x", "to": ONE}):
        assert providers.nrs.post(path, json=body).json()["error"]["code"] == 422
    assert providers.nrs.post(path, content=b"Hello").json()["error"]["code"] == 125


def test_a_session_ends_after_a_day(providers: Providers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after the recipient's last message the session is shown as over, and nothing can be sent to it."""
    life(providers, replies=1.0)
    send(providers)
    until(lambda: len(lines(providers)) == 2)
    tomorrow = providers.app.world.now() + 24 * 3600
    monkeypatch.setattr(providers.app.world, "now", lambda: tomorrow)
    conversation = providers.nrs.get(f"/whatsapp/conversations/{FROM}/{ONE}").json()["data"]
    assert conversation["isSessionActive"] is False
    path = f"/whatsapp/conversations/{FROM}/{ONE}/messages"
    assert providers.nrs.post(path, json={"content": "x"}).status_code == 422


def test_about_three_in_a_hundred_reply(providers: Providers) -> None:
    """Replies come by the seed: the same numbers and texts are answered alike, and about 3 % are."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}})
    items = [{"to": f"34600{place:06d}", "bodyFields": ["x"]} for place in range(2000)]
    assert send(providers, *items).status_code == 202
    until(lambda: providers.app.world.timetable.pending() == 0)
    replies = providers.ledger()["replies"]
    assert isinstance(replies, int)
    assert 30 <= replies <= 95


def test_conversations_come_in_pages_and_are_filtered(providers: Providers) -> None:
    """The link to the next page lacks its question mark, as in the guide; from and to narrow the list."""
    send(providers, {"to": ONE}, {"to": TWO}, {"to": "34666555222"})
    send(providers, {"to": ONE}, **{"from": "34666777000"})
    listed = providers.nrs.get("/whatsapp/conversations?limit=2").json()
    assert listed["meta"]["pagination"] == {
        "total": 4,
        "count": 2,
        "per_page": 2,
        "current_page": 1,
        "total_pages": 2,
        "links": {"next": f"{BASE}/whatsapp/conversations&page=2"},
    }
    assert len(providers.nrs.get("/whatsapp/conversations?limit=2&page=2").json()["data"]) == 2
    assert len(providers.nrs.get(f"/whatsapp/conversations?to={ONE}").json()["data"]) == 2
    assert len(providers.nrs.get(f"/whatsapp/conversations?from={FROM}&to={ONE}").json()["data"]) == 1
    path = f"/whatsapp/conversations/{FROM}/{ONE}/messages"
    send(providers)
    paged = providers.nrs.get(f"{path}?limit=1").json()["meta"]["pagination"]
    assert paged["links"] == {"next": f"{BASE}{path}&page=2"}
    for wrong in ("/whatsapp/conversations?status=OPEN", f"{path}?from={FROM}", f"{path}?limit=1001"):
        assert providers.nrs.get(wrong).status_code == 422


def test_an_unknown_conversation_is_404(providers: Providers) -> None:
    """Nothing is shown of, and nothing sent to, a recipient who was never sent a template."""
    path = f"/whatsapp/conversations/{FROM}/{ONE}"
    answers = [providers.nrs.get(path), providers.nrs.get(f"{path}/messages")]
    answers.append(providers.nrs.post(f"{path}/messages", json={"content": "x"}))
    assert [answer.status_code for answer in answers] == [404] * 3


def test_events_and_campaigns_know_no_whatsapp(providers: Providers, receiver: Receiver) -> None:
    """Nothing is pushed for WhatsApp and no campaign is listed, as the guide's channels say."""
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"delivered": 1.0}})
    send(providers, campaignName="A")
    until(lambda: lines(providers)[0]["deliveredAt"])
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert receiver.taken == []
    assert providers.nrs.get("/campaigns").json()["data"] == []


def test_late_statuses_are_late_in_conversations_too(providers: Providers) -> None:
    """The fault `late` holds back what a poll of the conversation shows."""
    life(providers)
    providers.fault(target="nrs360", operation="statuses", kind="late", seconds=0.4)
    send(providers)
    assert lines(providers)[0]["deliveredAt"] is None
    until(lambda: lines(providers)[0]["deliveredAt"])
