"""Smsclouds: what its guide says, declared for the contract, and its own tables."""

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
from connector.providers.smsclouds.adapter import Smsclouds
from tests.providers.contract import REFERENCE, SINCE, DocumentedError, ProviderContract, answer, returned, told

PUSHED = {
    "response": "Hi this is a mo",
    "rellphone": "4499157710",
    "message_id": "46608336",
    "date": "2020-05-25 13:23:11",
}
PUSHED_TO_SMPP = {
    "Response": "Hi this is another mo",
    "Cellphone": "4499157710",
    "Message_id": "158562",
    "Date": "2020-05-25 13:23:12",
}
KEYWORD = {
    "response": "mykeyword this is a response text",
    "cellphone": "4499157710",
    "keyword": "mykeyword",
    "date": "2020-05-25 11:13:49",
}
RESPONSES = {
    "message": "Completado Correctamente",
    "type": "4",
    "from": "2020-05-01 00:00:00",
    "to": "2020-05-25 13:25:22",
    "results": [
        {
            "received_id": 977929,
            "campaign_id": 8528381,
            "campaign_name": f" my first campaign ~{REFERENCE}",
            "message_id": 46608336,
            "message": "hi mi name is Alex",
            "response": "Hi this is a mo",
            "sent_at": "2020-05-25 13:22:49",
            "received_at": "2020-05-25 13:23:11",
        }
    ],
}
USER = {
    "data": {
        "information": "User Found",
        "credit": 468062.11,
        "API_settings": [{"name": "barrar", "creation": "2021-07-09 10:00:26", "expires": "2022-07-09 10:00:26"}],
    }
}
ROUTES = [{"route": 77, "name": "Mixta 1 Masiva"}, {"route": 79, "name": "Mixta 2 Masiva"}]
COUNTRIES = [{"country": 1, "name": "Mexico"}, {"country": 2, "name": "USA"}]
MERGE_FIELDS = {"B": "name", "C": "field1", "D": "field2", "E": "field3", "F": "field4"}


def error(status: int) -> Response:
    """The guide's error answer."""
    return answer(status, {"error": {"information": "Information about the error", "status_code": status}})


def pushed(**changes: str) -> HookRequest:
    """A response as Smsclouds pushes it: GET."""
    fields = {name: value for name, value in {**PUSHED, **changes}.items() if value != "-"}
    return HookRequest("responses", "GET", fields, {}, b"", "")


def heard(name: str, fields: dict[str, str]) -> HookRequest:
    """Another webhook: GET."""
    return HookRequest(name, "GET", fields, {}, b"", "")


def campaign(*rows: tuple[str, str], status: str = "inserted") -> Response:
    """A campaign's messages as (cellphone, status)."""
    data = [
        {"id": 46608336 + n, "cellphone": cellphone, "status": word, "sent_date": "2020-05-25 13:22:49", "text": "hi"}
        for n, (cellphone, word) in enumerate(rows)
    ]
    named = {"campaign": 8528381, "name": f" my first campaign ~{REFERENCE}", "campaign_status": status}
    return answer(200, {"message": "Completado Correctamente", **named, "percentage": 100, "data": data})


def opened(*cellphones: str, batch: str | None = "8528381") -> OpenBatch:
    """An open batch of these numbers."""
    messages = [OpenMessage(f"m{n}", f"+52{number}", State.ACCEPTED) for n, number in enumerate(cellphones)]
    return OpenBatch(REFERENCE, SINCE, batch, tuple(messages))


def filled(template: str, recipient: dict[str, str]) -> str:
    """The template as one recipient reads it, by the guide's table of placeholders."""
    return re.sub(r"<\+([B-F])\+>", lambda mark: recipient.get(MERGE_FIELDS[mark[1]], ""), template)


class TestSmsclouds(ProviderContract):
    """The contract, for Smsclouds."""

    adapter = Smsclouds
    account: ClassVar = {"provider": "smsclouds", "token": "tok-secret", "route": 77, "remittent": "5570055780"}
    secrets = ("tok-secret",)
    number = "+524498987282"
    country = "MX"
    longest: ClassVar = {"a": 306, "€": 153, "ж": 192, "😀": 96}
    errors: ClassVar = [
        DocumentedError(error(400), "400", Fault.US, Retry.NO),
        DocumentedError(error(401), "401", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(404), "404", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(error(422), "422", Fault.MESSAGE, Retry.NO),
    ]
    hooks: ClassVar = [pushed(), heard("smpp_responses", PUSHED_TO_SMPP), heard("keyword", KEYWORD)]

    contents: ClassVar = {Channel.EMAIL: {"subject": "importante"}}

    def accepting(self, batch: Batch) -> Response:
        """The guide's example response."""
        return answer(
            200,
            {
                "message": "Completado Correctamente",
                "campaign": 8528238,
                "campaign_name": " my first campaign",
                "route": "Premium 2 Masiva",
                "country": "Mexico",
                "scheduled_date": None,
                "recipients_count": len(batch.messages),
                "encode": False,
                "long_message": False,
                "balance": 470539.043,
            },
        )

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """<+B+> … <+F+> become name, field1 … field4; values are not scanned again."""
        return [
            (f"+52{recipient['cellphone']}", filled(request.json["text"], recipient))
            for recipient in request.json["recipients"]
        ]

    def campaign_name(self, request: Request) -> str:
        """`campaign_name`."""
        return str(request.json["campaign_name"])


def adapter(**options: Any) -> Smsclouds:
    """The adapter with the contract's account."""
    made = TestSmsclouds().made(**options)
    assert isinstance(made, Smsclouds)
    return made


def sent(*values: str, pieces: tuple[str, ...] = ("", ""), **options: Any) -> Any:
    """The JSON of a send of one message."""
    message = TestSmsclouds().message(pieces=pieces, values=values)
    return adapter(**options).send(Batch(REFERENCE, (message,))).json


# requests


def test_the_request_is_the_guide_s() -> None:
    """One send has the fields, the form and the authorisation that the guide prints, and ten minutes to be answered."""
    request = adapter().send(TestSmsclouds().batch(2))
    assert (request.method, request.path, request.timeout) == ("POST", "api/v3/campaign", 600)
    assert request.headers["authorization"] == "Bearer tok-secret"
    assert request.json == {
        "text": "Hola <+B+>, nos vemos.",
        "recipients": [
            {"cellphone": "4498987000", "name": "Ana 0"},
            {"cellphone": "4498987001", "name": "Ana 1"},
        ],
        "campaign_name": f"connector ~{REFERENCE}",
        "route": 77,
        "country": 1,
    }


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a" * 160, None),
        ("a" * 161, "long_message"),
        ("€" * 81, "long_message"),
        ("ж" * 70, "encode"),
        ("ж" * 71, "encode_2"),
        ("ж" * 128, "encode_2"),
        ("ж" * 129, "encode_3"),
        ("😀" * 36, "encode_2"),
        ("á", "encode"),
        ("é", None),
    ],
)
def test_the_merged_text_decides_the_form(text: str, form: str | None) -> None:
    """The guide's field for the text's alphabet and length is asked for, and no other."""
    asked = {name for name in ("encode", "encode_2", "encode_3", "long_message") if name in sent(text)}
    assert asked == ({form} if form else set())
    assert all(sent(text)[name] is True for name in asked)


@pytest.mark.parametrize(
    ("options", "text", "refused"),
    [
        ({"encodes": ["encode"]}, "ж" * 70, False),
        ({"encodes": ["encode"]}, "ж" * 71, True),
        ({"encodes": []}, "ж", True),
        ({"long_message": False}, "a" * 160, False),
        ({"long_message": False}, "a" * 161, True),
        ({"plain_alphabet": "ascii", "encodes": []}, "é", True),
    ],
)
def test_an_account_s_forms_are_settings(options: dict[str, Any], text: str, *, refused: bool) -> None:
    """What the account may not use is refused before it is sent."""
    refusal = adapter(**options).refuse(TestSmsclouds().message(pieces=(text,), values=()))
    assert (refusal is not None) is refused


def test_accents_can_be_made_to_need_an_encode() -> None:
    """The guide does not say whether é is plain; a setting decides."""
    assert sent("é", plain_alphabet="ascii")["encode"] is True


@pytest.mark.parametrize(
    ("pieces", "values"),
    [
        (("a",) * 7, ("1", "2", "3", "4", "5", "6")),
        (("<+B+> ", ""), ("Ana",)),
        (("<", "+B+>"), ("+C",)),
        (("x" * 158, ""), ("A",)),
    ],
)
def test_what_cannot_be_a_template_travels_whole(pieces: tuple[str, ...], values: tuple[str, ...]) -> None:
    """More values than fields, a literal like a placeholder, or a template too long: the text is the one value."""
    body = sent(*values, pieces=pieces)
    text = "".join(a + b for a, b in zip(pieces, (*values, ""), strict=True))
    if "<+" in pieces[0] or len(values) > 5 or len(pieces[0]) > 155:
        assert (body["text"], body["recipients"][0]["name"]) == ("<+B+>", text)
    else:
        assert body["text"] == "<<+B+>+B+>"


@pytest.mark.parametrize(
    ("to", "country"), [("+34666555444", "ES"), ("+5244989872", "MX"), ("+12025550123", "US"), ("+80012345678", "")]
)
def test_only_mexican_numbers_are_sent_to(to: str, country: str) -> None:
    """Any other number is refused, and the mapping's route is to blame."""
    refusal = adapter().refuse(TestSmsclouds().message(to=to, country=country))
    assert refusal is not None
    assert (refusal.code, refusal.fault) == ("country", Fault.MAPPING)


def test_a_route_or_a_country_is_needed() -> None:
    """Settings that name neither cannot send."""
    with pytest.raises(ValueError, match="route or a country"):
        adapter(route=None, country=None)
    assert "route" not in sent("a", route=None)


def test_the_zone_must_exist() -> None:
    """A misspelt zone is found when the settings are read, not when a reply is."""
    with pytest.raises(ValueError, match="no time zone"):
        adapter(zone="America/Mexico")


# conversations


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("in progress", State.ACCEPTED),
        ("retried", State.ACCEPTED),
        ("paused", State.ACCEPTED),
        ("sent", State.SENT),
        ("failed", State.FAILED),
        ("cancelled", State.CANCELLED),
        ("Moon phase", None),
    ],
)
def test_every_message_status_means_what_the_guide_says(word: str, state: State | None) -> None:
    """Each word moves the message or keeps it, names it by Smsclouds' id, and travels along with the raw row."""
    (news,) = told(adapter().statuses([opened("4498987281")]), campaign(("4498987281", word)))
    assert (news.kind, news.state, news.word) == (NewsKind.STATUS, state, word.lower())
    assert (news.provider_id, news.provider_batch, news.phone) == ("46608336", "8528381", "+524498987281")
    assert (news.reference, news.at) == (REFERENCE, datetime(2020, 5, 25, 18, 22, 49, tzinfo=UTC))
    assert (news.raw["id"], news.raw["text"]) == (46608336, "hi")
    assert (news.failure is not None) == (state in (State.FAILED, State.CANCELLED))


def test_rows_are_matched_by_cellphone_and_only_news_is_told() -> None:
    """A row of no open message says nothing, nor does one that tells what is known."""
    known = replace(
        opened("4498987281", "4498987282"),
        messages=(
            OpenMessage("m0", "+524498987281", State.ACCEPTED, "46608336"),
            OpenMessage("m1", "+524498987282", State.ACCEPTED, "46608337"),
        ),
    )
    answered = campaign(("4498987281", "in progress"), ("4498987282", "sent"), ("4498987283", "sent"))
    assert [item.phone for item in told(adapter().statuses([known]), answered)] == ["+524498987282"]


@pytest.mark.parametrize("status", ["inserting", "unknown", "Inserting"])
def test_a_campaign_without_rows_is_asked_again_later(status: str) -> None:
    """While a campaign is being inserted there is nothing to read, and nothing is wrong."""
    response = answer(200, {"campaign": 8528381, "campaign_status": status})
    assert told(adapter().statuses([opened("4498987281")]), response) == []


@pytest.mark.parametrize("status", ["inserted", "canceled", "paused", "updating"])
def test_a_campaign_s_rows_are_read_in_every_other_status(status: str) -> None:
    """The guide promises ids and statuses for these."""
    answered = campaign(("4498987281", "sent"), status=status)
    assert len(told(adapter().statuses([opened("4498987281")]), answered)) == 1


def test_one_campaign_s_trouble_does_not_keep_the_others_waiting() -> None:
    """Trouble is told at the end; a campaign Smsclouds does not know is a warning."""
    batches = [opened("4498987281", batch=name) for name in ("1", "2", "3", "4", "5")]
    conversation = adapter().statuses(batches)
    next(conversation)
    with capture_logs() as logs:
        assert isinstance(conversation.send(Response(500, {}, b"")), Request)
        assert isinstance(conversation.send(error(404)), Request)
        assert isinstance(conversation.send(error(400)), Request)
        assert isinstance(conversation.send(error(422)), Request)
    news = conversation.send(campaign(("4498987281", "sent")))
    assert isinstance(news, list)
    assert [log["event"] for log in logs] == [
        "question_without_answer",
        "campaign_not_known",
        "question_without_answer",
        "question_without_answer",
    ]
    with pytest.raises(MayHaveLeft):
        conversation.send(None)


def test_a_refused_campaign_is_told_of_after_the_others() -> None:
    """The refusal is no reason to ask nobody else, and no secret either."""
    conversation = adapter().statuses([opened("4498987281", batch=name) for name in ("1", "2")])
    next(conversation)
    assert isinstance(conversation.send(error(422)), Request)
    with pytest.raises(Refused, match="422"):
        conversation.send(campaign())


@pytest.mark.parametrize(("answered", "kind"), [(error(401), Refused), (answer(429, {}), Throttled)])
def test_what_every_campaign_would_meet_ends_the_poll(answered: Response, kind: type[Refused]) -> None:
    """An account turned away, or asked to wait, asks for no other campaign."""
    conversation = adapter().statuses([opened("4498987281", batch=name) for name in ("1", "2")])
    next(conversation)
    with pytest.raises(kind):
        conversation.send(answered)


def test_replies_are_asked_for_by_date_in_the_account_s_zone() -> None:
    """The request is the guide's type 1, in local time, widened to whole seconds."""
    since = datetime(2020, 5, 25, 18, 0, 0, 900_000, tzinfo=UTC)
    conversation = adapter().replies(since, since + timedelta(minutes=5))
    asked = next(conversation)
    assert isinstance(asked, Request)
    assert (asked.method, asked.path) == ("POST", "api/v3/responses")
    assert asked.json == {"type": "1", "from": "2020-05-25 13:00:00", "to": "2020-05-25 13:05:01"}


def test_a_reply_says_all_that_smsclouds_knows_of_it() -> None:
    """Its message, its campaign, our reference, its time and its text; it bears no number."""
    (news,) = told(adapter().replies(SINCE, SINCE), answer(200, RESPONSES))
    assert (news.kind, news.text, news.phone) == (NewsKind.REPLY, "Hi this is a mo", None)
    assert (news.provider_id, news.provider_batch, news.reference) == ("46608336", "8528381", REFERENCE)
    assert news.at == datetime(2020, 5, 25, 18, 23, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "kind", "field"), [("replies_of", "4", "campaigns"), ("replies_to_messages", "2", "messages")]
)
def test_backfills_ask_by_campaign_and_by_message(ask: str, kind: str, field: str) -> None:
    """Ids travel as strings as in the guide's example, a hundred a request."""
    conversation = getattr(adapter(), ask)([str(n) for n in range(150)])
    first = next(conversation)
    second = conversation.send(answer(200, {**RESPONSES, "results": []}))
    assert first.json == {"type": kind, field: [str(n) for n in range(100)]}
    assert second.json[field] == [str(n) for n in range(100, 150)]


def test_an_answer_without_results_is_unreadable() -> None:
    """An answer that lacks what the guide gives is never taken for "no replies"."""
    with pytest.raises(Unreadable):
        told(adapter().replies(SINCE, SINCE), answer(200, {"message": "Completado Correctamente"}))


# webhooks


def test_a_pushed_and_a_polled_reply_are_one() -> None:
    """The same reply has the same key whichever way it comes."""
    (polled,) = told(adapter().replies(SINCE, SINCE), answer(200, RESPONSES))
    answered = adapter().hook(pushed())
    assert answered.news[0].key == polled.key
    assert answered.body == "ok"


@pytest.mark.parametrize("name", ["rellphone", "cellphone"])
@pytest.mark.parametrize("number", ["4499157710", "524499157710", "+524499157710", "5214499157710", "+5214499157710"])
def test_the_number_is_read_under_both_its_names(name: str, number: str) -> None:
    """The guide names the number in two ways."""
    (news,) = adapter().hook(pushed(**{"rellphone": "-", name: number})).news
    assert news.phone == "+524499157710"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ({"response[]": "BAJA"}, "BAJA"),
        ({"response[0]": "BAJA"}, "BAJA"),
        ({"Response[0]": "BAJA"}, "BAJA"),
        ({"response[0]": "BAJA", "response[1]": "ya"}, "BAJA ya"),
        ({f"response[{place}]": str(place) for place in (10, 9, 0)}, "0 9 10"),
    ],
)
def test_the_text_may_come_as_an_array(written: dict[str, str], text: str) -> None:
    """The guide calls `response` an array, which is written in one of two ways in an address; and so is `keyword`."""
    rest = {name: value for name, value in pushed().query.items() if name != "response"}
    (news,) = adapter().hook(heard("responses", {**rest, **written})).news
    assert news.text == text
    keyword = {name.lower().replace("response", "keyword"): value for name, value in written.items()}
    made = adapter(keyword_replies={text.lower(): "Adiós"})
    fields = {**written, **keyword, "cellphone": "4499157710", "date": "2020-05-25 13:23:11"}
    assert (made.hook(heard("keyword", fields)).news[0].text, made.hook(heard("keyword", fields)).body) == (
        text,
        "Adiós",
    )


@pytest.mark.parametrize("change", [{"response": "other"}, {"message_id": "1"}, {"date": "2020-05-25 13:23:12"}])
def test_another_reply_has_another_key(change: dict[str, str]) -> None:
    """Message, time and text each tell replies apart."""
    assert adapter().hook(pushed(**change)).news[0].key != adapter().hook(pushed()).news[0].key


@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_a_reply_to_an_smpp_account_is_read_however_its_fields_are_spelt(spelt: Any) -> None:
    """The guide writes the fields with capitals in its list and in small letters in its table."""
    answered = adapter().hook(heard("smpp_responses", {spelt(name): value for name, value in PUSHED_TO_SMPP.items()}))
    (news,) = answered.news
    assert (news.kind, news.text, news.provider_id) == (NewsKind.REPLY, "Hi this is another mo", "158562")
    assert (news.phone, news.at) == ("+524499157710", datetime(2020, 5, 25, 18, 23, 12, tzinfo=UTC))
    assert answered.body == "ok"


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("5214499157710", "+524499157710"),
        ("+52 1 449 915 7710", "+524499157710"),
        ("449 915 7710", "+524499157710"),
        ("0444499157710", "+524499157710"),
        ("00524499157710", "+524499157710"),
        ("12025550123", "+12025550123"),
    ],
)
def test_a_keyword_is_heard_from_a_number_in_every_form(written: str, phone: str) -> None:
    """Networks still name Mexicans with the 1 of before 2019, and a foreigner may say BAJA too: neither may be lost."""
    fields = {"response": "BAJA", "cellphone": written, "keyword": "BAJA", "date": "2020-05-25 13:23:11"}
    (news,) = adapter().hook(heard("keyword", fields)).news
    assert (news.phone, news.text) == (phone, "BAJA")


def test_a_keyword_is_a_reply_and_its_sender_is_told_nothing_unless_the_account_says_what() -> None:
    """The guide tells the sender whatever the answer's body holds, so an ok would be a text to a person."""
    answered = adapter().hook(heard("keyword", KEYWORD))
    (news,) = answered.news
    assert (news.kind, news.text, news.phone) == (NewsKind.REPLY, KEYWORD["response"], "+524499157710")
    assert (news.at, news.raw["keyword"]) == (datetime(2020, 5, 25, 16, 13, 49, tzinfo=UTC), "mykeyword")
    assert answered.body == ""


@pytest.mark.parametrize("keyword", ["mykeyword", "MyKeyword", " MYKEYWORD "])
@pytest.mark.parametrize("name", ["keyword", "keyword[]", "-"])
def test_a_keyword_is_answered_by_the_account_s_settings(keyword: str, name: str) -> None:
    """Capitals make no difference; where the field is missing, the text's first word is the keyword."""
    fields = {**KEYWORD, "response": f"{keyword} this", "keyword": "-", name: keyword}
    request = heard("keyword", {field: value for field, value in fields.items() if value != "-" and field != "-"})
    answered = adapter(keyword_replies={"other": "no", "myKEYWORD": "This is a simple text"}).hook(request)
    assert answered.body == "This is a simple text"


def test_a_keyword_has_one_reply() -> None:
    """Two spellings of one keyword in the settings are refused, for one of them would never be used."""
    with pytest.raises(ValueError, match="more than once"):
        adapter(keyword_replies={"Info": "a", "INFO": "b"})


# lookups


def test_a_number_s_lookup_is_kept_whole_and_its_fields_are_mapped_by_the_settings() -> None:
    """The guide shows no answer, so the account says where in it what stands."""
    whole = {"message": "Completado Correctamente", "data": [{"carrier": "TELCEL"}], "n": 1}
    fields = {"carrier": "data.0.carrier", "place": "data.1.carrier", "odd": "n.x", "all": "data"}
    conversation = adapter(hlr_fields=fields).look_up("+524498987282")
    asked = next(conversation)
    assert isinstance(asked, Request)
    assert (asked.method, asked.path) == ("GET", "api/v3/hlr/4498987282")
    assert asked.headers["authorization"] == "Bearer tok-secret"
    found = returned(adapter(hlr_fields=fields).look_up("+524498987282"), iter([answer(200, whole)]))
    assert found.fields == {"place": None, "odd": None, "all": [{"carrier": "TELCEL"}]}
    assert (found.carrier, found.valid, found.raw) == ("TELCEL", None, whole)
    assert adapter(hlr_fields=fields).account_capability().lookup_tells == set(fields)


@pytest.mark.parametrize(
    ("told", "valid"),
    [(True, True), (False, False), ("False", False), ("true", True), ("active", None), (None, None), (1, None)],
)
def test_a_number_is_valid_only_where_the_answer_says_true_or_false(told: object, valid: bool | None) -> None:
    """What another word means the guide does not say, so that the mapping decides by the word itself."""
    found = returned(adapter(hlr_fields={"valid": "ok"}).look_up("+524498987282"), iter([answer(200, {"ok": told})]))
    assert found.valid is valid


# doctor


def dated(body: object, date: str | None) -> Response:
    """An answer with a Date header."""
    return answer(200, body, **({"date": date} if date else {}))


@pytest.mark.parametrize(
    ("date", "ok"),
    [
        ("Wed, 01 Jun 2022 00:00:00 GMT", True),
        ("Wed, 15 Jun 2022 00:00:00 GMT", False),
        ("Sat, 09 Jul 2022 20:00:00 GMT", False),
        (None, True),
    ],
)
def test_doctor_warns_thirty_days_before_the_token_ends(date: str | None, *, ok: bool) -> None:
    """By the server's own clock; without one the date alone is shown."""
    findings = returned(adapter().check(), iter([dated(USER, date), answer(200, ROUTES), answer(200, COUNTRIES)]))
    (token,) = [finding for finding in findings if finding.subject == "token"]
    assert token.ok is ok
    assert ok or token.advice


def test_doctor_checks_the_route_and_the_country() -> None:
    """A route that is not the account's is a finding that names those that are."""
    findings = returned(
        adapter(route=99).check(), iter([dated(USER, None), answer(200, ROUTES), answer(200, COUNTRIES)])
    )
    told_of = {finding.subject: finding for finding in findings}
    assert not told_of["route"].ok
    assert "77, 79" in told_of["route"].text
    assert told_of["country"].ok
    assert told_of["balance"].text == "468062"
