"""Landing pages, mails and calls through the pretend 360NRS: shapes, every row of their tables, their lives."""

import json
from typing import Any

import httpx
import pytest

from connector.sandbox.providers.nrs360.errors import Refusal
from tests.sandbox.providers.running import Providers, Receiver, until

ONE, TWO = "34666555444", "34666555333"
A, B = "test@example.com", "test2@example.com"
PAGE = '<html><body><a href="https://example.com/x">HELLO</a></body></html>'
GOOD: dict[str, dict[str, Any]] = {
    "/landingsms": {"to": [ONE], "message": "TEST {LAND_URL}", "from": "LANDINGAPI", "templateBody": PAGE},
    "/mailing": {
        "to": [A],
        "fromName": "Info",
        "fromEmail": "info@360nrs.com",
        "body": PAGE,
        "replyTo": "replyto@example.com",
        "subject": "TEST",
    },
    "/voice": {"to": [ONE], "message": "Esto es un test", "gender": "F", "language": "es_ES"},
    "/voiceAudio": {"to": [ONE], "audioUrl": "https://example.com/audio.mp3"},
}
RESULT = {
    "/landingsms": ["accepted", "to", "id", "parts", "scheduledAt", "expiresAt"],
    "/mailing": ["accepted", "to", "id", "scheduledAt"],
    "/voice": ["accepted", "to", "id", "scheduledAt", "expiresAt"],
    "/voiceAudio": ["accepted", "to", "id", "scheduledAt", "expiresAt"],
}
ALL = sorted(GOOD)


def send(providers: Providers, path: str, **changes: Any) -> httpx.Response:
    body = {key: value for key, value in {**GOOD[path], **changes}.items() if value is not ...}
    return providers.nrs.post(path, json=body)


def sent(providers: Providers, path: str, **changes: Any) -> dict[str, Any]:
    answer = send(providers, path, **changes)
    assert answer.status_code == 202, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


@pytest.mark.parametrize("path", ALL)
def test_a_sending_answers_as_in_the_guide(providers: Providers, path: str) -> None:
    """202 with the section's keys; with a bad recipient 207 and 102 for that one; with no good one 400."""
    answer = sent(providers, path)
    assert list(answer) == ["campaignId", "sendingId", "result"]
    assert list(answer["result"][0]) == RESULT[path]
    assert len(answer["result"][0]["id"]) == 13
    wrong = "invalidEmail" if path == "/mailing" else "34"
    mixed = send(providers, path, to=[*GOOD[path]["to"], wrong])
    assert mixed.status_code == 207
    assert mixed.json()["result"][1] == {
        "accepted": False,
        "to": wrong,
        "error": {"code": 102, "description": "No valid recipients"},
    }
    assert send(providers, path, to=[wrong]).json() == {"error": {"code": 102, "description": "No valid recipients"}}
    assert providers.ledger()["received"] == 2


EACH: list[tuple[dict[str, Any], int]] = [
    ({"to": ...}, 102),
    ({"to": []}, 102),
    ({"to": ONE}, 102),
    ({"scheduleDate": "2030-01-01"}, 108),
    ({"scheduleDate": 20300101000000}, 108),
    ({"tags": ["a"]}, 126),
    ({"campaignName": ""}, 126),
    ({"campaignName": 5}, 422),
    ({"campaignName": "x", "tags": [5]}, 422),
    ({"colour": "red"}, 422),
]
CALL: list[tuple[dict[str, Any], int]] = [
    ({"callers": "x"}, 132),
    ({"callers": {"Spain": "6123456789"}}, 132),
    ({"callers": {"ES": 6123456789}}, 132),
    ({"callers": {"ES": "+612"}}, 132),
    ({"retries": "5"}, 176),
    ({"retries": 1.5}, 176),
    ({"retries": True}, 176),
    ({"retries": 6}, 177),
    ({"retries": -1}, 177),
    ({"retries": None}, 190),
    ({"retries": ""}, 190),
    ({"expirationDate": "x"}, 119),
    ({"expirationDate": "20130215142000"}, 119),
    ({"amd": "yes"}, 422),
]
SUB: list[tuple[dict[str, Any], int]] = [
    ({"sub": []}, 422),
    ({"sub": {"name": "x"}}, 422),
    ({"sub": [{"name": None}]}, 422),
]
ATTACHMENT = {"name": "a.txt", "content": "Ci4v", "contentType": "text/plain"}
# In place of a body, and of a body that is none.
TEMPLATE: list[tuple[Any, Any, int]] = [(5, None, 422), (None, 99, 140), (None, "1", 140)]
BROKEN: list[tuple[str, dict[str, Any], int]] = [
    *(
        (path, {body: wrong, "templateId": template}, code)
        for path, body in (("/landingsms", "templateBody"), ("/mailing", "body"))
        for wrong, template, code in TEMPLATE
    ),
    *((path, changes, code) for path in ALL for changes, code in EACH),
    *((path, changes, code) for path in ("/voice", "/voiceAudio") for changes, code in CALL),
    *((path, changes, code) for path in ("/voice", "/mailing", "/landingsms") for changes, code in SUB),
    ("/voice", {"message": ...}, 104),
    ("/voice", {"message": ""}, 104),
    ("/voice", {"message": 5}, 422),
    ("/voice", {"message": "a" * 501}, 105),
    ("/voice", {"message": "{a}", "sub": [{"a": "a" * 501}]}, 105),
    ("/voice", {"language": ...}, 130),
    ("/voice", {"language": "es"}, 130),
    ("/voice", {"language": 5}, 130),
    ("/voice", {"gender": ...}, 131),
    ("/voice", {"gender": "X"}, 131),
    *(("/voice", {"gender": "M", "language": language}, 131) for language in ("cmn_CN", "arb", "hi_IN")),
    ("/voice", {"from": "TEST"}, 422),
    ("/voiceAudio", {"audioUrl": ...}, 133),
    ("/voiceAudio", {"audioUrl": "audio.mp3"}, 133),
    ("/voiceAudio", {"audioUrl": "ftp://example.com/audio.mp3"}, 133),
    ("/voiceAudio", {"audioUrl": 5}, 133),
    ("/voiceAudio", {"audioUrl": "https://example.com/audio.avi"}, 134),
    ("/voiceAudio", {"sub": [{"a": "b"}]}, 422),
    ("/landingsms", {"message": ...}, 104),
    ("/landingsms", {"message": "no placeholder"}, 141),
    ("/landingsms", {"message": "a" * 150 + "{LAND_URL}"}, 105),
    ("/landingsms", {"message": "привет {LAND_URL}"}, 113),
    ("/landingsms", {"encoding": "ucs2"}, 113),
    ("/landingsms", {"from": ...}, 106),
    ("/landingsms", {"from": "ABCDEFGHIJKL"}, 107),
    ("/landingsms", {"parts": 9}, 110),
    ("/landingsms", {"parts": 0}, 110),
    ("/landingsms", {"notificationUrl": "nowhere"}, 109),
    ("/landingsms", {"notificationUrl": ["https://example.com"]}, 109),
    ("/landingsms", {"expirationDate": "20130215142000"}, 119),
    ("/landingsms", {"templateBody": ...}, 140),
    ("/landingsms", {"templateBody": ""}, 140),
    ("/landingsms", {"splitParts": True}, 142),
    ("/landingsms", {"trans": "1"}, 422),
    ("/landingsms", {"flash": 1}, 422),
    ("/landingsms", {"certified": 1}, 422),
    ("/landingsms", {"availableTimes": []}, 422),
    ("/mailing", {"body": ...}, 104),
    ("/mailing", {"body": ""}, 104),
    ("/mailing", {"fromEmail": ...}, 106),
    ("/mailing", {"fromEmail": "info"}, 115),
    ("/mailing", {"fromEmail": "unverified@example.com"}, 115),
    ("/mailing", {"fromEmail": "blocked@example.com"}, 118),
    *(("/mailing", {"subject": wrong}, 114) for wrong in (..., "", 5)),
    *(("/mailing", {"replyTo": wrong}, 116) for wrong in (..., "nobody")),
    ("/mailing", {"replyTo": "unverified@example.com"}, 117),
    ("/mailing", {"fromName": 5}, 422),
    ("/mailing", {"cc": ["nobody"]}, 102),
    ("/mailing", {"bcc": A}, 102),
    ("/mailing", {"certified": "true"}, 422),
    ("/mailing", {"trackOpens": 1}, 422),
    ("/mailing", {"trackClicks": "no"}, 422),
    ("/mailing", {"attachments": ATTACHMENT}, 422),
    *(("/mailing", {"attachments": [{**ATTACHMENT, key: None}]}, 422) for key in ATTACHMENT),
    ("/mailing", {"attachments": [{**ATTACHMENT, "content": "?"}]}, 422),
    ("/mailing", {"attachments": [{**ATTACHMENT, "size": 5}]}, 422),
    ("/mailing", {"otpConfig": {"length": 2}}, 422),
    ("/mailing", {"expirationDate": "20400101000000"}, 422),
]


@pytest.mark.parametrize(("path", "changes", "code"), BROKEN)
def test_a_broken_sending_gets_the_guides_error(
    providers: Providers, path: str, changes: dict[str, Any], code: int
) -> None:
    """One thing is wrong: the code and words of the guide come back and nothing is accepted."""
    answer = send(providers, path, **changes)
    error = answer.json()["error"]
    assert (error["code"], answer.status_code) == (code, Refusal(code).status)
    assert code == 422 or error["description"] == Refusal(code).description
    assert providers.ledger()["received"] == 0


def test_every_documented_parameter_is_taken(providers: Providers) -> None:
    """What the tables name passes when it is right."""
    named = {"campaignName": "A", "tags": ["a"], "scheduleDate": "20400101000000"}
    call = {**named, "callers": {"ES": "6123456789"}, "retries": 5, "expirationDate": "20410101000000", "amd": True}
    short = {"encoding": "gsm-pt", "parts": 8, "trans": 1, "flash": True, "certified": True, "splitParts": False}
    sent(providers, "/voiceAudio", **call)
    sent(providers, "/voice", **call, sub=[{"name": "x"}])
    sent(providers, "/landingsms", **named, **short, expirationDate="20410101000000", sub=[{"a": "b"}])
    config = {"length": 10, "alpha": True, "maxAttempts": 1, "maxSecondsValidity": 600, "appId": "x"}
    tracked = {"trackOpens": False, "trackClicks": True, "attachments": [ATTACHMENT], "certified": True}
    mailed = sent(providers, "/mailing", **named, **tracked, cc=[B], bcc=[B], sub=[{"a": "b"}], otpConfig=config)
    assert mailed["result"][0]["scheduledAt"] == "2040-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "field"),
    [("/voice", "message"), ("/landingsms", "message"), ("/mailing", "body"), ("/mailing", "subject")],
)
def test_the_ledger_knows_each_text(providers: Providers, path: str, field: str) -> None:
    """The serial in the text of a call, a landing message, a mail's body or its subject is in the ledger once."""
    sent(providers, path, **{field: f"{GOOD[path][field]} #000042"})
    assert providers.control.get("/sandbox/ledger/serials").text == "nrs360 000042 1\n"
    sent(providers, "/voiceAudio", audioUrl="https://example.com/a.mp3?m=#000043")
    assert "nrs360 000043 1" in providers.control.get("/sandbox/ledger/serials").text


def test_a_template_stands_for_a_body(providers: Providers) -> None:
    """templateId sends what the template holds, by mail and as a landing page."""
    made = providers.nrs.post("/templates", json={"name": "T", "html": "<p>Hi {name} #000044</p>"}).json()["data"]
    sent(providers, "/mailing", body=..., templateId=made["id"], sub=[{"name": "Ana"}])
    sent(providers, "/landingsms", templateBody=..., templateId=made["id"])
    assert providers.app.nrs360.book.texts[0] == "TEST\n<p>Hi Ana #000044</p>"


def test_a_contacts_variables_fill_a_text(providers: Providers) -> None:
    """Fields of the contact with this phone or address are variables; what `sub` says goes before them."""
    fields = [{"key": "colour", "value": "red"}]
    contact = {"email": A, "phone": ONE, "countryIso": "ES", "groupsNames": ["G"], "name": "Ana"}
    assert providers.nrs.post("/contacts", json={**contact, "customFields": fields}).status_code == 201
    sent(providers, "/voice", to=[ONE, TWO], message="{name}, {colour}!", sub=[{"name": "Eva"}, {}])
    sent(providers, "/mailing", body="{name} {surname}{colour}")
    assert providers.app.nrs360.book.texts == ["Eva, red!", ", !", "TEST\nAna red"]


def hear(providers: Providers, receiver: Receiver, **habits: float) -> None:
    providers.configure(nrs360={"events_url": receiver.url, "shares": {"delivered": 1.0}, "habits": habits})


def push_of(receiver: Receiver, event: str) -> dict[str, str]:
    return next(push for push in list(receiver.taken) if push.get("event") == event)


def test_a_mail_is_told_of_to_the_complaint(providers: Providers, receiver: Receiver) -> None:
    """Sent, delivered with the server's words, opened, clicked with its address, unsubscribed; then on the list."""
    hear(providers, receiver, opened=1.0, clicked=1.0, unsubscribed=1.0)
    message = sent(providers, "/mailing", campaignName="A")["result"][0]["id"]
    until(lambda: receiver.of(message) == ["sent", "delivered", "opened", "clicked", "unsubscribed"])
    push = push_of(receiver, "delivered")
    assert (push["channel"], push["smtpResponse"]) == ("mailing", "250 2.0.0 OK")
    assert "smtpResponse" not in push_of(receiver, "sent")
    assert json.loads(push_of(receiver, "clicked")["extra"]) == {"url": "https%3A%2F%2Fexample.com%2Fx"}
    (entry,) = providers.nrs.get("/v2/blacklist/mailing").json()["data"]
    assert (entry["recipient"], entry["campaignName"]) == (A, "A")
    (campaign,) = providers.nrs.get("/campaigns?channel=mailing").json()["data"]
    counts = campaign["sendings"]["data"][0]["events"]
    assert {name: count for name, count in counts.items() if count} == dict.fromkeys(
        ["sent", "delivered", "opened", "opened_unique", "clicked", "clicked_unique", "unsubscribed"], 1
    )
    assert providers.nrs.get("/campaigns?channel=sms").json()["data"] == []


@pytest.mark.parametrize(
    ("share", "events", "words"),
    [
        ("undelivered", ["sent", "hard_bounced"], "550"),
        ("expired", ["sent", "soft_bounced"], "452"),
        ("rejected", ["rejected"], ""),
    ],
)
def test_a_mail_bounces(providers: Providers, receiver: Receiver, share: str, events: list[str], words: str) -> None:
    """What is not delivered bounces, hard or soft, with the server's words."""
    providers.configure(nrs360={"events_url": receiver.url, "shares": {share: 1.0}})
    message = sent(providers, "/mailing")["result"][0]["id"]
    until(lambda: receiver.of(message) == events)
    assert receiver.taken[-1].get("smtpResponse", "").startswith(words)


def test_a_complaint_and_what_is_not_tracked(providers: Providers, receiver: Receiver) -> None:
    """A complaint is told of; with trackOpens and trackClicks false nobody knows of openings and clicks."""
    hear(providers, receiver, opened=1.0, clicked=1.0, complaint=1.0)
    message = sent(providers, "/mailing", trackOpens=False, trackClicks=False)["result"][0]["id"]
    until(lambda: receiver.of(message) == ["sent", "delivered", "complaint"])
    assert not {"opened", "clicked"} & set(receiver.of(message))


def test_a_landing_page_and_its_form_are_told_of(providers: Providers, receiver: Receiver) -> None:
    """A page with a form: opened, clicked, the form opened and submitted with its values; the phone is listed."""
    hear(providers, receiver, opened=1.0, clicked=1.0, unsubscribed=1.0, form_submitted=1.0)
    address = f"{receiver.url}?of=%P&status=%d"
    answer = sent(providers, "/landingsms", templateBody='<a href="[form_12]">x</a>', notificationUrl=address)
    message = answer["result"][0]["id"]
    life = ["sent", "delivered", "opened", "clicked", "form_opened", "form_submitted", "unsubscribed_landing"]
    until(lambda: receiver.of(message) == life)
    push = push_of(receiver, "form_submitted")
    assert (push["channel"], push["formId"]) == ("landing", "12")
    assert set(json.loads(push["extra"])) == {"formValues"}
    assert all(isinstance(value, str) for value in json.loads(push["extra"])["formValues"].values())
    assert [push for push in receiver.taken if "status" in push] == [{"of": ONE, "status": "delivered"}]
    (entry,) = providers.nrs.get("/v2/blacklist/sms").json()["data"]
    assert (entry["recipient"], entry["sendingId"]) == (ONE, answer["sendingId"])


def test_a_form_can_be_rejected_and_stand_in_a_text(providers: Providers, receiver: Receiver) -> None:
    """{FORM_7} in an SMS is a short address, and its rejection is told of."""
    hear(providers, receiver, form_rejected=1.0)
    answer = providers.nrs.post("/sms", json={"to": [ONE], "from": "T", "message": "Answer: {FORM_7}"}).json()
    message = answer["result"][0]["id"]
    until(lambda: receiver.of(message) == ["sent", "delivered", "form_opened", "form_rejected"])
    assert providers.app.nrs360.book.texts == ["Answer: https://nrs.so/f7"]
    assert push_of(receiver, "form_rejected")["formId"] == "7"


def test_a_call_is_told_of_and_reported(providers: Providers, receiver: Receiver) -> None:
    """Calls have their channel's name, a report with seconds, and a report of the keys that were pressed."""
    hear(providers, receiver, keys=1.0)
    answer = sent(providers, "/voice", to=[ONE, TWO], campaignName="A")
    until(lambda: receiver.of(answer["result"][1]["id"]) == ["sent", "delivered"])
    assert {push["channel"] for push in receiver.taken} == {"text2speech"}
    until(lambda: len(receiver.taken) == 4)
    path = f"/sendings/{answer['sendingId']}/reports"
    head, *rows = providers.nrs.get(f"{path}/events").text.splitlines()
    columns = "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,callDurationSeconds"
    assert head == f"{columns},createdAt"
    assert [int(row.split(",")[9]) > 0 for row in rows] == [False, True] * 2
    head, *rows = providers.nrs.get(f"{path}/keys").text.splitlines()
    assert head == "phonenumber,key,message"
    assert [row.split(",")[0] for row in rows] == [ONE, TWO]
    assert all(row.split(",")[1] in "0123456789" and row.endswith(",Esto es un test") for row in rows)
    assert providers.nrs.get(f"{path}/keys?afterDate=2040-01-01T00%3A00%3A00%2B00%3A00").text == f"{head}\n"
    mailed = sent(providers, "/mailing")["sendingId"]
    assert providers.nrs.get(f"/sendings/{mailed}/reports/keys").status_code == 404


def test_a_report_of_mails_names_addresses(providers: Providers, receiver: Receiver) -> None:
    """The events of a mailing stand under email, with browser, system and the address that was clicked."""
    hear(providers, receiver, opened=1.0, clicked=1.0)
    answer = sent(providers, "/mailing")
    until(lambda: len(receiver.taken) == 4)
    rows = providers.nrs.get(f"/sendings/{answer['sendingId']}/reports/events").text.splitlines()[1:]
    cells = [row.split(",") for row in rows]
    assert [(row[4], row[5], row[6], row[11]) for row in cells] == [
        ("sent", "", A, ""),
        ("delivered", "", A, ""),
        ("opened", "", A, ""),
        ("clicked", "", A, "https://example.com/x"),
    ]


def test_channels_keep_to_themselves(providers: Providers) -> None:
    """One campaign name makes a sending for each channel, and only an SMS is shown by its id under /sms."""
    answers = {path: sent(providers, path, campaignName="A") for path in ALL}
    assert len({answer["sendingId"] for answer in answers.values()}) == 3  # both kinds of call are text2speech
    for answer in answers.values():
        assert providers.nrs.get(f"/sms/{answer['result'][0]['id']}").status_code == 404
    found = providers.nrs.get("/campaigns?name=A").json()["data"]
    assert {entry["sendings"]["data"][0]["channel"] for entry in found} == {"landing", "mailing", "text2speech"}


def test_certificates_are_given_for_certified_messages(providers: Providers) -> None:
    """A PDF for an SMS or a mail that was sent as certified; 404 for any other and for the other channel's id."""
    sms = {"to": [ONE], "from": "T", "message": "x"}
    plain = providers.nrs.post("/sms", json=sms).json()["result"][0]["id"]
    certified = providers.nrs.post("/sms", json={**sms, "certified": True}).json()["result"][0]["id"]
    mailed = sent(providers, "/mailing", certified=True)["result"][0]["id"]
    for path in (f"/sms/certificates/{certified}", f"/mailing/certificates/{mailed}"):
        answer = providers.nrs.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
    for path in (f"/sms/certificates/{plain}", f"/sms/certificates/{mailed}", "/mailing/certificates/x"):
        assert providers.nrs.get(path).json() == {"error": {"code": 404, "description": "Resource not found"}}


def test_settings_that_are_wrong_change_nothing(providers: Providers) -> None:
    """Unknown settings, habits and templates are refused with a sentence that names them."""
    wrong: tuple[dict[str, Any], ...] = (
        {"color": 1},
        {"habits": {"sleeps": 1}},
        {"shares": []},
        {"templates": {"a": {"colour": 1}}},
    )
    for settings in wrong:
        answer = providers.control.post("/sandbox/providers", json={"nrs360": {"balance": 5, **settings}})
        assert answer.status_code == 400
        assert "nrs360" in answer.json()["error"] or "invalid literal" in answer.json()["error"]
    assert providers.nrs.get("/account").json()["data"]["balance"] == 100_000.0
