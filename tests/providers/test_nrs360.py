"""360NRS: what its guide says, declared for the contract, and its own tables."""

import base64
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.codes import ERRORS, EVENTS
from tests.providers.contract import REFERENCE, SINCE, DocumentedError, ProviderContract, answer, returned, told

HEADER = "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,browser,os,url,createdAt"
EVENT_FORM = {
    "id": "XXXXXXXXXXXXX",
    "channel": "sms",
    "contactId": "12",
    "campaignId": "100000",
    "campaignName": f"Spring ~{REFERENCE}",
    "event": "delivered",
    "extra": "",
    "eventDate": "2021-07-19T15:00:33+00:00",
}
DELIVERY_QUERY = {"message": "m1", "sender": "TEST", "phone": "34666555001", "status": "DELIVERED"}

# the guide's table of errors: HTTP 500 leaves doubt, 401 and 402 are the account's; the rest is told one by one below
GUIDE_HTTP_500 = (101, 122, 123)
GUIDE_HTTP_OTHERS = {103: 401, 112: 401, 118: 401, 111: 402, 404: 404, 422: 422}
GUIDE_CODES = [
    0,
    *range(101, 124),
    125,
    126,
    *range(130, 135),
    *range(140, 143),
    *range(150, 158),
    *range(160, 197),
    404,  # shown under "SMS information by message id", not in the table
    422,
]


def http_of(code: int) -> int:
    """The HTTP status the guide gives a code."""
    return 500 if code in GUIDE_HTTP_500 else GUIDE_HTTP_OTHERS.get(code, 400)


def error(code: int, description: str = "No valid recipients") -> Response:
    """The guide's error answer."""
    return answer(http_of(code), {"error": {"code": code, "description": description}})


def row(event: str, phone: str, at: str = "2021-07-19T15:00:33+00:00") -> str:
    """One line of the events report."""
    return f"Spring ~{REFERENCE},100000,100001,12,{event},{phone},,,ES,,,,{at}"


def report(*lines: str) -> Response:
    """A streamed report."""
    return Response(200, {"content-type": "text/csv"}, lines=iter([HEADER, *lines]))


def hook(name: str, fields: dict[str, str]) -> HookRequest:
    """A webhook as 360NRS sends it: `delivery` by GET, `events` as a POST form."""
    if name == "delivery":
        return HookRequest(name, "GET", fields, {}, b"", "")
    return HookRequest(name, "POST", {}, fields, b"", "application/x-www-form-urlencoded")


VALIDATION_STARTED = HookRequest(
    "validation", "POST", {}, {}, b'{"data": {"id": 2, "status": "started", "error": ""}}', "application/json"
)


class TestNRS360(ProviderContract):
    """The contract, for 360NRS."""

    adapter = NRS360
    account: ClassVar = {
        "provider": "nrs360",
        "username": "username",
        "api_password": "apiPassword",
        "sender": "TEST",
        "email_sender": "us@example.com",
    }
    secrets = ("apiPassword",)
    contents: ClassVar = {
        Channel.WHATSAPP: {"template": 123},
        Channel.VOICE: {"language": "es_ES"},
        Channel.LANDING: {"template": 1},
        Channel.EMAIL: {"subject": "TEST"},
    }
    number = "+34666555444"
    country = "ES"
    longest: ClassVar = {"a": 153 * 15, "€": 76 * 15, "ж": 67 * 15, "😀": 33 * 15}
    errors: ClassVar = [
        DocumentedError(error(102), "102", Fault.RECIPIENT, Retry.NO),
        DocumentedError(error(103), "103", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(104), "104", Fault.MESSAGE, Retry.NO),
        DocumentedError(error(105), "105", Fault.MESSAGE, Retry.NO),
        DocumentedError(error(106), "106", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(error(107), "107", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(error(110), "110", Fault.MESSAGE, Retry.NO),
        DocumentedError(error(111), "111", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(112), "112", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(115), "115", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(119), "119", Fault.MESSAGE, Retry.NO),
        DocumentedError(error(422), "422", Fault.MESSAGE, Retry.NO),
    ]
    hooks: ClassVar = [hook("events", EVENT_FORM), hook("delivery", DELIVERY_QUERY), VALIDATION_STARTED]

    def accepting(self, batch: Batch) -> Response:
        """202 with its rows in another order than asked: the guide promises none."""
        rows = [
            {
                "accepted": True,
                "to": message.to.lstrip("+"),
                "id": f"id-{message.id}",
                "parts": 1,
                "scheduledAt": None,
                "expiresAt": None,
            }
            for message in reversed(batch.messages)
        ]
        return answer(202, {"campaignId": 100000, "sendingId": 100001, "result": rows})

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """`{name}` becomes the recipient's value, an unknown one nothing; values are not scanned again."""
        body = request.json
        subs: list[dict[str, str]] = body.get("sub") or [{}] * len(body["to"])
        assert len(subs) == len(body["to"])
        return [
            (
                f"+{to}",
                re.sub(r"\{([^{}]*)\}|\[[^\[\]]*\]", lambda mark, sub=sub: sub.get(mark[1] or "", ""), body["message"]),
            )
            for to, sub in zip(body["to"], subs, strict=True)
        ]

    def campaign_name(self, request: Request) -> str:
        """`campaignName`."""
        return str(request.json["campaignName"])


def adapter(**options: Any) -> NRS360:
    """The adapter with the contract's account."""
    made = TestNRS360().made(**options)
    assert isinstance(made, NRS360)
    return made


def opened(*messages: tuple[str, str | None], batch: str | None = "100001") -> OpenBatch:
    """An open batch of (number, provider's id)."""
    return OpenBatch(
        REFERENCE,
        SINCE,
        batch,
        tuple(OpenMessage(f"m{place}", to, State.ACCEPTED, known) for place, (to, known) in enumerate(messages)),
    )


# the table of errors


def test_every_code_of_the_guide_is_in_the_table() -> None:
    """The table holds the guide's codes, all of them and no others."""
    assert sorted(ERRORS) == GUIDE_CODES


@pytest.mark.parametrize("code", GUIDE_CODES[1:])
def test_every_code_is_sorted_by_its_http_status(code: int) -> None:
    """Whole-request errors are refusals with the raw code, but for HTTP 500, which leaves doubt."""
    with pytest.raises(MayHaveLeft if code in GUIDE_HTTP_500 else Refused) as caught:
        adapter().read_send(TestNRS360().batch(), error(code))
    assert str(code) in str(caught.value)
    assert (ERRORS[code][1][0] is Fault.ACCOUNT) >= (http_of(code) in (401, 402))


def test_an_unlisted_code_keeps_what_360nrs_says() -> None:
    """A code the guide does not list is kept raw, with the provider's own words."""
    with pytest.raises(Refused) as refusal:
        adapter().read_send(TestNRS360().batch(), answer(400, {"error": {"code": 777, "description": "Moon phase"}}))
    assert refusal.value.failure.code == "777"
    assert "Moon phase" in refusal.value.failure.reason


# requests


def test_the_request_is_the_guide_s() -> None:
    """One send has the fields, the form and the authorisation that the guide prints."""
    request = adapter().send(TestNRS360().batch(2))
    assert (request.method, request.path) == ("POST", "sms")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"username:apiPassword").decode()
    assert request.json == {
        "to": ["34666555000", "34666555001"],
        "from": "TEST",
        "message": "Hola {v0}, nos vemos.",
        "sub": [{"v0": "Ana 0"}, {"v0": "Ana 1"}],
        "encoding": "gsm",
        "parts": 15,
        "campaignName": f"connector ~{REFERENCE}",
    }


@pytest.mark.parametrize(("value", "encoding"), [("é", "gsm"), ("ã", "gsm-pt"), ("ж", "utf-16"), ("😀", "utf-16")])
def test_the_text_decides_the_encoding(value: str, encoding: str) -> None:
    """The first alphabet of the guide that holds the merged text is asked for."""
    message = TestNRS360().message(values=(value,))
    assert adapter().send(Batch(REFERENCE, (message,))).json["encoding"] == encoding


def test_an_account_can_do_without_gsm_pt() -> None:
    """The alphabets an account may use are a setting."""
    message = TestNRS360().message(values=("ã",))
    without = adapter(encodings=["GSM-7", "UCS-2"])
    assert without.send(Batch(REFERENCE, (message,))).json["encoding"] == "utf-16"


def test_notification_addresses_are_one_a_recipient() -> None:
    """With a public address each message's own is asked for, with the guide's three escapes and our id."""
    told_where = adapter(public_url="https://sms.example.com/", hook_secret="s3/cret")
    assert told_where.send(TestNRS360().batch(2)).json["notificationUrl"] == [
        f"https://sms.example.com/hooks/main/s3%2Fcret/delivery?message=m{place}&sender=%p&phone=%P&status=%d"
        for place in range(2)
    ]


def test_notifications_can_be_left_out_and_need_a_secret() -> None:
    """No notifications are asked for when the account does not want them; without a secret the settings are wrong."""
    silent = adapter(public_url="https://sms.example.com", delivery_notifications=False)
    assert "notificationUrl" not in silent.send(TestNRS360().batch()).json
    with pytest.raises(ValueError, match="hook_secret"):
        adapter(public_url="https://sms.example.com")


def test_validity_is_utc_and_rounded_up() -> None:
    """expirationDate is in UTC, to the next minute, so that messages of one minute share a request and none is past."""
    zone = datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC).astimezone(tz=None).tzinfo
    message = TestNRS360().message(expires_at=datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC).astimezone(zone))
    later = replace(message, expires_at=datetime(2026, 11, 21, 10, 0, 59, tzinfo=UTC))
    assert adapter().send(Batch(REFERENCE, (message,))).json["expirationDate"] == "20261121100100"
    assert adapter().group(message) == adapter().group(later)
    assert adapter().group(message) != adapter().group(replace(message, expires_at=None))


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("A" * 11, None),
        ("A" * 12, "sender_too_long"),
        ("1" * 15, None),
        ("1" * 16, "sender_too_long"),
        ("+" + "1" * 15, None),
        ("", "no_sender"),
    ],
)
def test_senders_are_held_to_the_guide(sender: str, code: str | None) -> None:
    """15 digits or 11 letters; a message without any sender is refused."""
    refusal = adapter(sender=None).refuse(TestNRS360().message(sender=sender))
    assert (refusal.code if refusal else None) == code


# answers


def test_each_recipient_has_its_own_word() -> None:
    """207: accepted, refused with its code, and a number the answer leaves out, whose fate nobody knows."""
    batch = TestNRS360().batch(3)
    rows = [
        {"accepted": False, "to": "34666555001", "error": {"code": 102, "description": "No valid recipients"}},
        {"accepted": True, "to": "34666555000", "id": "XXXXXXXXXXXXX", "parts": 2},
    ]
    answered = answer(207, {"campaignId": 100000, "sendingId": 100001, "result": rows})
    first, second, third = adapter().read_send(batch, answered)
    assert (first.state, first.provider_id, first.parts) == (State.ACCEPTED, "XXXXXXXXXXXXX", 2)
    assert second.state is State.REJECTED
    assert second.failure is not None
    assert (second.failure.code, second.failure.fault) == ("102", Fault.RECIPIENT)
    assert third.state is State.UNKNOWN
    assert {outcome.provider_batch for outcome in (first, second, third)} == {"100001"}


# conversations


def test_few_messages_are_asked_for_by_id() -> None:
    """Up to fifty open messages with ids are one request, and each of their events is news."""
    data = {
        "id": "XXXXXXXXXXXXX",
        "to": "34666555444",
        "sendingId": 234567,
        "events": [
            {"type": "sent", "date": "2021-07-19T15:00:33+00:00"},
            {"type": "delivered", "date": "2021-07-19T15:00:34+00:00"},
        ],
    }
    conversation = adapter().statuses([opened(("+34666555444", "XXXXXXXXXXXXX"))])
    asked = next(conversation)
    assert isinstance(asked, Request)
    assert (asked.method, asked.path) == ("GET", "sms/XXXXXXXXXXXXX")
    news = conversation.send(answer(200, {"data": [data]}))
    assert isinstance(news, list)
    assert [(item.state, item.provider_id, item.phone) for item in news] == [
        (State.SENT, "XXXXXXXXXXXXX", "+34666555444"),
        (State.DELIVERED, "XXXXXXXXXXXXX", "+34666555444"),
    ]
    assert news[1].at == datetime(2021, 7, 19, 15, 0, 34, tzinfo=UTC)


def test_ids_that_360nrs_does_not_know_are_looked_for_in_the_report() -> None:
    """404 on ids is no error of the account: the sending's report may still show the number."""
    conversation = adapter().statuses([opened(("+34666555444", "gone"))])
    absent = answer(404, {"error": {"code": 404, "description": "Resource not found"}})
    news = told(conversation, absent, report(row("delivered", "34666555444")))
    assert [item.state for item in news] == [State.DELIVERED]


def test_many_messages_are_read_from_the_report() -> None:
    """Over fifty open messages are one streamed report, whose rows are matched by number."""
    batch = opened(*[(f"+34666555{place:03d}", f"id{place}") for place in range(60)])
    conversation = adapter().statuses([batch])
    asked = next(conversation)
    assert isinstance(asked, Request)
    assert (asked.path, asked.stream) == ("sendings/100001/reports/events", True)
    news = conversation.send(
        report(row("sent", "34666555003"), row("sent", "34999999999"), row("expired", "34666555004"))
    )
    assert isinstance(news, list)
    assert [(item.phone, item.state, item.provider_batch) for item in news] == [
        ("+34666555003", State.SENT, "100001"),
        ("+34666555004", State.EXPIRED, "100001"),
    ]
    assert {item.reference for item in news} == {REFERENCE}


def test_a_number_twice_in_one_sending_is_asked_for_by_id() -> None:
    """Where the report could confuse two messages, their ids decide."""
    one = opened(*[(f"+34666555{place:03d}", f"id{place}") for place in range(60)])
    other = opened(("+34666555007", "other"))
    first = next(adapter().statuses([one, other]))
    assert isinstance(first, Request)
    assert first.path == "sms/id7"


def test_opt_outs_in_a_report_are_told_for_every_number() -> None:
    """An opt-out counts even when its message has long been settled."""
    news = told(adapter().statuses([opened(("+34666555444", None))]), report(row("unsubscribed", "34999888777")))
    assert [(item.phone, item.opted_out, item.state) for item in news] == [("+34999888777", True, None)]


def test_broken_rows_are_skipped_and_counted() -> None:
    """A row that cannot be read costs itself only, and a warning says how many there were."""
    lines = ["", '"unbalanced,1,2', "too,few", row("delivered", ""), row("delivered", "not a number"), row("", "346")]
    lines.append(row("delivered", "34666555444", '"2021-07-19'))
    with capture_logs() as logs:
        news = told(
            adapter().statuses([opened(("+34666555444", None))]), report(*lines, row("delivered", "34666555444"))
        )
    assert [item.state for item in news] == [State.DELIVERED]
    assert [(log["event"], log["rows"], log["sending"]) for log in logs] == [("report_rows_skipped", 6, "100001")]


def test_a_report_is_read_as_a_stream() -> None:
    """News of the first rows come before the last rows are read, so a report's size costs no memory."""
    read = itertools.count()
    lines = (row("opened", "34666555444", f"2021-07-19T15:00:33+00:00 {next(read)}") for _ in range(100_000))
    conversation = adapter().statuses([opened(("+34666555444", None))])
    next(conversation)
    news = conversation.send(Response(200, {}, lines=itertools.chain([HEADER], lines)))
    assert isinstance(news, list)
    assert len(news) == 500
    assert next(read) < 1000


def test_a_report_without_its_header_is_read_by_the_guide_s_columns() -> None:
    """The guide gives the columns and does not say that a line names them."""
    headless = Response(200, {}, lines=iter([row("delivered", "34666555444")]))
    assert [item.state for item in told(adapter().statuses([opened(("+34666555444", None))]), headless)] == [
        State.DELIVERED
    ]


def test_one_batch_s_trouble_does_not_keep_the_others_waiting() -> None:
    """A report that cannot be read is told at the end, after the other batches' news."""
    batches = [opened(("+34666555444", None), batch="1"), opened(("+34666555445", None), batch="2")]
    conversation = adapter().statuses(batches)
    next(conversation)
    after_trouble = conversation.send(Response(200, {}, lines=iter(["<html>", "oops"])))
    assert isinstance(after_trouble, Request)
    news = conversation.send(report(row("delivered", "34666555445")))
    assert isinstance(news, list)
    assert news[0].phone == "+34666555445"
    with pytest.raises(Unreadable):
        conversation.send(None)


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "no id"},
        {"id": 2, "name": "x", "type": {}, "sendings": []},
        {"id": 2, "name": "x", "sendings": {"data": [{"id": 9, "events": {"delivered": None}, "tags": "x"}]}},
    ],
)
def test_one_odd_campaign_hides_no_other(odd: dict[str, Any]) -> None:
    """Nor what else is told of its own: a lost batch is found all the same."""
    ours = {"id": 1, "name": f"x ~{REFERENCE}", "sendings": {"data": [{"id": 7, "events": {"delivered": {}}}]}}
    page = answer(200, {"data": [odd, ours], "meta": {"pagination": {"current_page": 1, "total_pages": 1}}})
    lost = opened(("+34666555444", None), batch=None)
    (news,) = told(adapter().resolve(lost), page, report(row("delivered", "34666555444")))
    assert (news.provider_batch, news.phone) == ("7", "+34666555444")
    (listed,) = told(adapter().sendings(SINCE, SINCE + timedelta(hours=1)), page)
    assert (listed.reference, listed.provider_batch) == (REFERENCE, "7")


@pytest.mark.parametrize("code", [422, 110])
def test_a_refused_sending_does_not_keep_the_others_waiting(code: int) -> None:
    """Its refusal is raised once the others are asked."""
    batches = [opened(("+34666555444", None), batch="1"), opened(("+34666555445", None), batch="2")]
    conversation = adapter().statuses(batches)
    next(conversation)
    assert isinstance(conversation.send(error(code)), Request)
    news = conversation.send(report(row("delivered", "34666555445")))
    assert isinstance(news, list)
    assert news[0].phone == "+34666555445"
    with pytest.raises(Refused, match=str(code)):
        conversation.send(None)


@pytest.mark.parametrize(("answered", "kind"), [(error(103), Refused), (answer(429, {}), Throttled)])
def test_what_every_sending_would_meet_ends_the_poll(answered: Response, kind: type[Refused]) -> None:
    """An account turned away, or asked to wait, asks for no other sending."""
    conversation = adapter().statuses([opened(("+34666555444", None), batch=name) for name in ("1", "2")])
    next(conversation)
    with pytest.raises(kind):
        conversation.send(answered)


def test_a_lost_batch_is_found_by_our_reference() -> None:
    """The campaign is searched by name, over all pages, and only what the report shows is told."""
    conversation = adapter().resolve(opened(("+34666555444", None), ("+34666555445", None), batch=None))
    asked = next(conversation)
    assert isinstance(asked, Request)
    assert (asked.path, asked.query) == ("campaigns", {"name": f"*~{REFERENCE}", "channel": "sms"})

    def campaign(name: str, sending: int) -> dict[str, Any]:
        return {"id": 1, "name": name, "sendings": {"data": [{"id": sending, "channel": "sms"}]}}

    pages = {"meta": {"pagination": {"current_page": 1, "total_pages": 2, "links": {"next": "broken&page=2"}}}}
    second = conversation.send(answer(200, {"data": [campaign(f"Another ~X{REFERENCE}", 9)], **pages}))
    assert isinstance(second, Request)
    assert second.query["page"] == "2"
    asked_report = conversation.send(answer(200, {"data": [campaign(f"Spring ~{REFERENCE}", 7)], **pages}))
    assert isinstance(asked_report, Request)
    assert asked_report.path == "sendings/7/reports/events"
    news = conversation.send(report(row("sent", "34666555444")))
    assert isinstance(news, list)
    assert [(item.phone, item.provider_batch, item.reference, item.state) for item in news] == [
        ("+34666555444", "7", REFERENCE, State.SENT)
    ]


# webhooks


@pytest.mark.parametrize(
    ("word", "state", "opted_out"),
    [
        ("sent", State.SENT, False),
        ("delivered", State.DELIVERED, False),
        ("undelivered", State.UNDELIVERED, False),
        ("rejected", State.REJECTED, False),
        ("expired", State.EXPIRED, False),
        ("hard_bounced", State.UNDELIVERED, False),
        ("unsubscribed", None, True),
        ("unsubscribed_landing", None, True),
        ("complaint", None, True),
        ("soft_bounced", None, False),
        ("opened", None, False),
        ("clicked", None, False),
        ("form_opened", None, False),
        ("form_submitted", None, False),
        ("form_rejected", None, False),
        ("moon_phase", None, False),
    ],
)
def test_every_event_means_what_the_guide_says(word: str, state: State | None, *, opted_out: bool) -> None:
    """Each event moves a message, opts a person out, or is kept as it is."""
    (news,) = adapter().hook(hook("events", {**EVENT_FORM, "event": word})).news
    assert (news.kind, news.word, news.state, news.opted_out) == (NewsKind.STATUS, word, state, opted_out)
    assert (news.provider_id, news.reference) == ("XXXXXXXXXXXXX", REFERENCE)
    assert news.at == datetime(2021, 7, 19, 15, 0, 33, tzinfo=UTC)
    assert (word in EVENTS) or word == "moon_phase"


def test_what_a_person_fills_into_a_form_is_a_reply() -> None:
    """A line a field, of the message whose form it is; a form without answers stays an event."""
    filled = {**EVENT_FORM, "event": "form_submitted", "extra": '{"formValues": {"name": "Ana", "score": 10}}'}
    (news,) = adapter().hook(hook("events", filled)).news
    assert (news.kind, news.text, news.provider_id) == (NewsKind.REPLY, "name: Ana\nscore: 10", "XXXXXXXXXXXXX")
    for extra in ("", "[]", "{}", '{"formValues": null}', "oops"):
        (event,) = adapter().hook(hook("events", {**filled, "extra": extra})).news
        assert (event.kind, event.text) == (NewsKind.STATUS, None)


def test_events_that_differ_have_different_keys() -> None:
    """A second event of the same message is other news; the same one again is not."""
    keys = {
        adapter().hook(hook("events", {**EVENT_FORM, **change})).news[0].key
        for change in ({}, {"event": "sent"}, {"id": "Y"}, {"eventDate": "2021-07-19T15:00:34+00:00"}, {})
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("word", "state"), [("delivered", State.DELIVERED), ("Expired", State.EXPIRED), ("DELIVRD", None)]
)
def test_delivery_words_are_read_in_any_case(word: str, state: State | None) -> None:
    """The words of %d are not in the guide: known ones count in any case, others are kept and move nothing."""
    (news,) = adapter().hook(hook("delivery", {**DELIVERY_QUERY, "status": word})).news
    assert (news.word, news.state, news.message_id, news.phone) == (word, state, "m1", "+34666555001")


def test_delivery_words_can_be_taught() -> None:
    """A word that 360NRS turns out to use is a setting."""
    taught = adapter(delivery_words={"DELIVRD": "delivered"})
    assert taught.hook(hook("delivery", {**DELIVERY_QUERY, "status": "delivrd"})).news[0].state is State.DELIVERED


# doctor


@pytest.mark.parametrize(
    ("body", "ok", "text"),
    [
        ({"username": "u", "balance": 12.5, "currency": "EUR"}, True, "12.5 EUR"),
        ({"data": {"balance": "3", "currency": "EUR"}}, True, "3 EUR"),
        ({"balance": 0, "currency": "EUR"}, False, "0 EUR"),
        ({"username": "u"}, False, "shows no balance"),
    ],
)
def test_doctor_reads_the_balance(body: object, ok: bool, text: str) -> None:
    """The balance is read whether or not it stands under `data`, and an empty account is a finding."""
    credentials, balance = returned(adapter().check(), iter([answer(200, body)]))
    assert credentials.ok
    assert balance.ok is ok
    assert text in balance.text
    assert ok or balance.advice


def test_a_day_is_a_day_in_any_zone() -> None:
    """A bare date of the provider's is read as UTC."""
    (news,) = adapter().hook(hook("events", {**EVENT_FORM, "eventDate": "2021-07-19 15:00:33"})).news
    assert news.at is not None
    assert news.at.utcoffset() == timedelta(0)
