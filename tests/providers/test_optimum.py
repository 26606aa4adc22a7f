"""Optimum Measures: what its guide says, declared for the contract, and its own tables."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, Message, News, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Request, Response
from connector.providers.optimum.adapter import Optimum
from tests.providers.contract import REFERENCE, SINCE, DocumentedError, ProviderContract, answer, returned, told

STATUS = {
    "ID": "7865",
    "MobileNo": "0016175551212",
    "Status": "Delivered",
    "DateTime": "2017-07-16 12:08:56.690",
    "ReferenceID": REFERENCE,
    "Error": "International Number Invalid",
    "ErrorLogsID": "42",
}
CALL = {
    "GUID": "a4d5b8e3-f415-45bb-a73d-14629b500240",
    "MobileNo": "0016175551212",
    "Status": "Answered",
    "Calltime": "2017-07-16 12:08:56.690",
    "AnswerTime": "2017-07-16 12:08:59.690",
    "Duration": "10",
    "Reason": "Blocked",
}
AT = datetime(2017, 7, 16, 12, 8, 56, 690_000, tzinfo=UTC)


def call_error(error_id: str, words: str) -> Response:
    """A refusal as the guide prints it for calls: with an ID too."""
    return answer(200, {"ID": "7865", "ErrorID": error_id, "Message": f"Received with error - {words}"})


def missing(parameter: str) -> Response:
    """The refusal of a call without a parameter."""
    return call_error("5000", f"Parameter {parameter} is missing or empty")


SMS_ERROR = answer(200, {"Error ID": "125", "Status": "Received with error - Parameter Sender is missing or empty"})


def posted(name: str, body: object) -> HookRequest:
    """A webhook as the guide shows it."""
    return HookRequest(name, "POST", {}, {}, orjson.dumps(body), "application/json")


class TestOptimum(ProviderContract):
    """The contract, for Optimum Measures."""

    adapter = Optimum
    account: ClassVar = {
        "provider": "optimum",
        "authentication": "basic",
        "username": "sandbox",
        "password": "pass-secret",
        "language": "es-MX",
        "number_prefix": "00",
    }
    secrets = ("pass-secret",)
    number = "+16175551212"
    country = "US"
    longest: ClassVar = {"a": 1530, "€": 760, "ж": 670, "😀": 330}
    errors: ClassVar = [
        DocumentedError(SMS_ERROR, "125", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(missing("Destination/Mobile No"), "5000", Fault.US, Retry.NO),
        DocumentedError(missing("Sender"), "5000", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(missing("Message or CampaignID"), "5000", Fault.MESSAGE, Retry.NO),
        DocumentedError(missing("Locale"), "5000", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(call_error("5001", "Invalid Json"), "5001", Fault.US, Retry.NO),
        DocumentedError(call_error("5002", "Invalid Campaign"), "5002", Fault.MAPPING, Retry.WHEN_MENDED),
        DocumentedError(
            call_error("5003", "Message or CampaignID, either of the two should be present"), "5003", Fault.US, Retry.NO
        ),
    ]
    hooks: ClassVar = [posted("statuses", STATUS), posted("calls", CALL)]
    names_campaigns = False

    def accepting(self, batch: Batch) -> Response:
        """The guide's example response: one ID for all destinations."""
        return answer(200, {"ID": "7865", "Status": "Received"})

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """One text for every number, as it is."""
        return [
            (f"+{number['MobileNo'].removeprefix('00')}", request.json["Message"])
            for number in request.json["Destination"]
        ]

    def reference(self, request: Request) -> str | None:
        """`ReferenceID`."""
        return str(request.json["ReferenceID"])


MESSAGE = TestOptimum().message


def adapter(**options: Any) -> Optimum:
    """The adapter with the contract's account."""
    made = TestOptimum().made(**options)
    assert isinstance(made, Optimum)
    return made


def polling(**options: Any) -> Optimum:
    """The adapter of an account whose statuses are asked for."""
    return adapter(poll_statuses=True, batch_size=1, **options)


def sent(*messages: Message, **options: Any) -> Request:
    """The request of these messages."""
    return adapter(**options).send(Batch(REFERENCE, messages or (MESSAGE(),)))


def refused(message: Message, **options: Any) -> str | None:
    """The code of a refusal, if there is one."""
    failure = adapter(**options).refuse(message)
    return failure.code if failure else None


def call(place: int = 0, **content: str) -> Message:
    """A call."""
    return MESSAGE(place, channel=Channel.VOICE, sender="+919833111380", content=content)


def opened(batch: str | None = "7865", *numbers: str) -> OpenBatch:
    """An open batch of these numbers."""
    messages = [OpenMessage(f"m{n}", to, State.ACCEPTED) for n, to in enumerate(numbers or ("+16175551212",))]
    return OpenBatch(REFERENCE, SINCE, batch, tuple(messages))


# requests


def test_the_request_is_the_guide_s() -> None:
    """One text for many numbers that begin with 00, our reference, and a wish for callbacks."""
    request = sent(*TestOptimum().batch(2).messages)
    assert (request.method, request.path, dict(request.query)) == ("POST", "api/SMS/Send", {})
    assert request.json == {
        "Destination": [{"MobileNo": "0016175551000"}, {"MobileNo": "0016175551001"}],
        "Message": "Hola, nos vemos.",
        "Sender": "TEST",
        "ReferenceID": REFERENCE,
        "CallBack": "Yes",
    }


@pytest.mark.parametrize(("prefix", "written"), [("00", "0016175551000"), ("+", "+16175551000"), ("", "16175551000")])
def test_numbers_are_written_as_the_account_says(prefix: str, written: str) -> None:
    """The guide's examples begin with 00; a setting decides, for numbers that send too."""
    request = sent(MESSAGE(sender="+16175551000"), number_prefix=prefix)
    assert request.json["Destination"] == [{"MobileNo": written}]
    assert request.json["Sender"] == written


def test_callbacks_can_be_left_out_where_statuses_are_asked_for() -> None:
    """An account without either would never hear what became of its messages, which its settings are refused for."""
    request = polling(callback=False).send(Batch(REFERENCE, (MESSAGE(),)))
    assert request.json["CallBack"] == "No"
    with pytest.raises(ValueError, match="no status would ever be known"):
        adapter(callback=False)


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"authentication": "none"}, {}),
        ({"authentication": "basic"}, {"authorization": "Basic c2FuZGJveDpwYXNzLXNlY3JldA=="}),
        ({"authentication": "bearer", "token": "tok"}, {"authorization": "Bearer tok"}),
        ({"authentication": "header", "header_name": "X-Api-Key", "header_value": "key"}, {"x-api-key": "key"}),
    ],
)
def test_the_account_is_named_as_its_settings_say(options: dict[str, str], header: dict[str, str]) -> None:
    """The guide does not say how, so that there are four ways; each is in every request."""
    made = adapter(**options)
    expected = {"accept": "application/json", **header}
    assert dict(made.authorization()) == expected
    assert made.send(TestOptimum().batch()).headers == expected
    question = next(made.check())
    assert isinstance(question, Request)
    assert question.headers == expected


@pytest.mark.parametrize(
    ("authentication", "lacks"), [("basic", "password"), ("bearer", "token"), ("header", "header_name")]
)
def test_an_authentication_needs_its_secret(authentication: str, lacks: str) -> None:
    """A way of naming the account without what it takes is found when the settings are read."""
    with pytest.raises(ValueError, match=f"{lacks} is not set"):
        adapter(authentication=authentication, password=None)


def test_paths_are_settings() -> None:
    """Each path of the guide can be another, for messages and for the typed client."""
    made = adapter(send_path="/s", call_path="/c", status_path="/g")
    assert made.send(Batch(REFERENCE, (MESSAGE(),))).path == "/s"
    assert made.send(Batch(REFERENCE, (call(),))).path == "/c"
    named = ["sms.send", "sms.status", "sms.status_by_post", "voice.call_with_message", "voice.call_with_campaign"]
    assert [made.path_of(name) for name in named] == ["/s", "/g", "/g", "/c", "/c"]


def test_what_settings_cannot_be_is_found_when_they_are_read() -> None:
    """A zone that is none, and statuses asked for of many numbers at once."""
    with pytest.raises(ValueError, match="no time zone"):
        adapter(zone="Boston")
    with pytest.raises(ValueError, match="batch_size is not 1"):
        adapter(poll_statuses=True)


def test_an_account_can_do_what_its_settings_say() -> None:
    """Statuses are asked for only where each SMS travels alone, and pushed only where callbacks are asked for."""
    pushed, polled = adapter().account_capability(), polling(callback=False).account_capability()
    assert (pushed.polls_statuses, pushed.pushes_statuses) == (False, True)
    assert (polled.polls_statuses, polled.pushes_statuses, polled.batch_ceiling) == (True, False, 1)


# calls


def test_a_call_speaks_the_text() -> None:
    """The guide's request with a message: number, text, caller and language, and no field more."""
    request = sent(call(language="hi-IN"))
    assert (request.method, request.path, request.sends) == ("POST", "api/Voice/Call", True)
    assert request.json == {
        "Destination": [{"MobileNo": "0016175551000"}],
        "Message": "Hola Ana 0, nos vemos.",
        "Sender": "00919833111380",
        "Locale": "hi-IN",
    }
    assert sent(call()).json["Locale"] == "es-MX"
    assert sent(call(language="es_MX")).json["Locale"] == "es-MX"


def test_a_call_plays_a_campaign() -> None:
    """The guide's request with a campaign, which stands for the text: never both, for that is error 5003."""
    campaign = "fc46b682-b939-4fc2-81c3-891cfb23cd92"
    request = sent(call(campaign=campaign))
    assert request.json == {
        "Destination": [{"MobileNo": "0016175551000"}],
        "CampaignID": campaign,
        "Sender": "00919833111380",
    }


def test_calls_share_a_request_when_they_say_the_same() -> None:
    """Of one campaign whatever their texts are; else of one text in one language."""
    group = adapter().group
    assert group(call(1, campaign="x")) == group(call(2, campaign="x"))
    assert group(call(1, campaign="x")) != group(call(1, campaign="y"))
    assert group(call(1)) != group(call(2))
    assert group(call(1, language="hi-IN")) != group(call(1))
    assert group(MESSAGE(1)) != group(replace(MESSAGE(1), channel=Channel.VOICE))


def test_a_call_needs_a_language_and_a_caller() -> None:
    """Both may stand in the account's settings; a campaign has its own language."""
    assert refused(call(), language=None) == "no_language"
    assert refused(call(campaign="x"), language=None) is None
    assert refused(replace(call(), sender=None)) == "no_sender"
    assert refused(replace(call(), sender=None), caller="+919833111380") is None
    assert refused(MESSAGE(sender=None), caller="+919833111380") == "no_sender"


def test_a_long_text_can_be_spoken() -> None:
    """Parts are of SMS."""
    assert refused(replace(call(), pieces=("a" * 2000,), values=())) is None


# answers


def test_a_call_s_id_is_kept_apart_from_an_sms_s() -> None:
    """Nothing says that they are not the same numbers; an SMS's status never settles a call."""
    (outcome,) = adapter().read_send(Batch(REFERENCE, (call(),)), answer(200, {"ID": "7865", "Status": "Received"}))
    assert (outcome.state, outcome.provider_id, outcome.provider_batch) == (State.ACCEPTED, None, "call-7865")
    (sms,) = adapter().read_send(Batch(REFERENCE, (MESSAGE(),)), answer(200, {"ID": 7865, "Status": "received"}))
    assert (sms.provider_id, sms.provider_batch) == ("7865", "7865")


@pytest.mark.parametrize(
    "body",
    [
        {"ID": "7865", "ErrorID": "5999", "Message": "Received with error - something new"},
        {"ErrorLogsID": "5999", "Status": "Received with error - something new"},
        {"Error ID": 5999, "Status": "no"},
    ],
)
def test_an_id_that_the_guide_does_not_list_is_a_refusal_all_the_same(body: dict[str, Any]) -> None:
    """The error id is looked at first, by each of its names; whose fault it is nobody knows."""
    with pytest.raises(Refused) as refusal:
        adapter().read_send(TestOptimum().batch(), answer(200, body))
    assert (refusal.value.failure.code, refusal.value.failure.fault) == ("5999", Fault.UNKNOWN)


@pytest.mark.parametrize(
    "body",
    [{"ID": "7865", "Status": "Queued"}, {"Status": "Received"}, {"ID": "", "Status": "Received"}, {"ID": "7865"}],
)
def test_an_answer_between_yes_and_no_leaves_doubt(body: dict[str, str]) -> None:
    """Only an ID that was `Received` is a yes."""
    with pytest.raises(Unreadable):
        adapter().read_send(TestOptimum().batch(), answer(200, body))


def test_an_error_id_of_zero_is_none() -> None:
    """An answer that says yes and names no error says yes."""
    body = {"ID": "7865", "Status": "Received", "ErrorID": "0"}
    assert adapter().read_send(TestOptimum().batch(1), answer(200, body))[0].state is State.ACCEPTED


def test_a_server_s_fault_with_an_error_id_still_leaves_doubt() -> None:
    """HTTP 500 proves nothing, whatever its body says."""
    with pytest.raises(MayHaveLeft, match="5001"):
        adapter().read_send(TestOptimum().batch(), answer(500, {"ErrorID": "5001", "Message": "Invalid Json"}))


def test_the_provider_s_words_are_told_without_text_or_number() -> None:
    """What Optimum Measures says of a refusal helps whoever reads it, and repeats neither the text nor a number."""
    batch = TestOptimum().batch(1)
    words = f"{batch.messages[0].text!r} to {batch.messages[0].to} is not allowed"
    with pytest.raises(Refused, match=r"'…' to … is not allowed"):
        adapter().read_send(batch, call_error("5999", words))


# statuses


def heard(name: str, body: dict[str, Any], **options: Any) -> News:
    """The one piece of news in a webhook."""
    (news,) = adapter(**options).hook(posted(name, body)).news
    return news


def test_a_pushed_status_names_its_message() -> None:
    """By our reference, by the send's ID and by the number; its time is of the account's zone."""
    news = heard("statuses", STATUS)
    assert (news.kind, news.state, news.word) == (NewsKind.STATUS, State.DELIVERED, "delivered")
    assert (news.reference, news.provider_batch, news.phone) == (REFERENCE, "7865", "+16175551212")
    assert (news.provider_id, news.at, news.failure) == (None, AT, None)
    assert heard("statuses", STATUS, zone="Asia/Kolkata").at == datetime(2017, 7, 16, 6, 38, 56, 690_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Received", State.ACCEPTED),
        ("DELIVERED", State.DELIVERED),
        ("Sent", State.SENT),
        ("Undelivered", State.UNDELIVERED),
        ("Failed", State.FAILED),
        ("Moon phase", None),
    ],
)
def test_a_word_means_what_the_guide_or_the_trade_says(word: str, state: State | None) -> None:
    """The guide prints two words; one that nobody knows is kept and moves nothing."""
    news = heard("statuses", {**STATUS, "Status": word})
    assert (news.state, news.word) == (state, word.lower())
    assert heard("statuses", {**STATUS, "Status": word}, status_words={"Moon phase": "expired"}).state == (
        state or State.EXPIRED
    )


def test_a_failure_says_why() -> None:
    """The error's id and words travel along; a number that does not exist is the recipient's."""
    failure = heard("statuses", {**STATUS, "Status": "Failed"}).failure
    assert failure is not None
    assert (failure.code, failure.fault) == ("42", Fault.RECIPIENT)
    assert "International Number Invalid" in failure.reason
    silent = heard("statuses", {"ID": "7865", "MobileNo": "0016175551212", "Status": "Failed"}).failure
    assert silent is not None
    assert (silent.code, silent.fault) == ("failed", Fault.UNKNOWN)


@pytest.mark.parametrize(
    "number", ["0016175551212", "+16175551212", "16175551212", "+1 (617) 555-1212", "001-617-555-1212"]
)
def test_a_status_names_its_number_in_any_form(number: str) -> None:
    """The guide shows one, and a status in another must not be lost."""
    assert heard("statuses", {**STATUS, "MobileNo": number}).phone == "+16175551212"


@pytest.mark.parametrize("lacks", [{"MobileNo": ""}, {"Status": ""}, {"ID": "", "ReferenceID": ""}])
def test_a_status_of_nothing_is_refused(lacks: dict[str, str]) -> None:
    """A status must say whose it is and what it is."""
    with pytest.raises(Refused) as refusal:
        heard("statuses", {**STATUS, **lacks})
    assert refusal.value.status == 400


@pytest.mark.parametrize("date", ["DateTime", "Delivery Date"])
def test_a_pushed_and_a_polled_status_are_one(date: str) -> None:
    """The same status has the same key whichever way it comes, and the date either of its names."""
    polled_answer = answer(200, {"ID": "7865", "Status": "Delivered", date: "2017-07-16 12:08:56.690"})
    (polled,) = told(polling().statuses([opened()]), polled_answer)
    pushed = heard("statuses", STATUS)
    assert polled.raw["Delivery Date"] == STATUS["DateTime"]
    assert (polled.key, polled.at, polled.phone, polled.state) == (pushed.key, pushed.at, pushed.phone, pushed.state)
    assert heard("statuses", {**STATUS, "DateTime": "2017-07-16 12:09:00.000"}).key == pushed.key
    assert heard("statuses", {**STATUS, "Status": "Received"}).key != pushed.key


@pytest.mark.parametrize(("method", "query", "body"), [("GET", {"ID": "7865"}, None), ("POST", {}, {"ID": "7865"})])
def test_a_status_is_asked_for_as_the_account_says(method: str, query: dict[str, str], body: Any) -> None:
    """The guide does not say by which method; it is no send, whichever it is."""
    asked = next(polling(status_method=method).statuses([opened()]))
    assert isinstance(asked, Request)
    assert (asked.method, asked.path, dict(asked.query), asked.json) == (method, "api/SMS/GetStatus", query, body)
    assert not asked.sends


def test_only_an_sms_that_travelled_alone_is_asked_for() -> None:
    """The answer names no number; a call's ID and a batch of several are left alone, as is all that is pushed."""
    several = opened("7865", "+16175551212", "+16175551213")
    assert told(polling().statuses([several, opened("call-7865"), opened(None)])) == []
    assert told(adapter().statuses([opened()])) == []


def test_what_is_known_is_no_news() -> None:
    """An SMS that is accepted and `Received` says nothing new."""
    assert told(polling().statuses([opened()]), answer(200, {"ID": "7865", "Status": "Received"})) == []


def test_one_sms_s_trouble_does_not_keep_the_others_waiting() -> None:
    """Trouble is told at the end, a refused question is a warning, an answer about another SMS is trouble."""
    conversation = polling().statuses([opened(name) for name in ("1", "2", "3", "4")])
    next(conversation)
    with capture_logs() as logs:
        assert isinstance(conversation.send(Response(500, {}, b"")), Request)
        assert isinstance(conversation.send(answer(404, {})), Request)
        assert isinstance(conversation.send(answer(200, {"ID": "9", "Status": "Delivered"})), Request)
    news = conversation.send(answer(200, {"ID": "4", "Status": "Delivered"}))
    assert isinstance(news, list)
    assert [log["event"] for log in logs] == ["question_without_answer", "send_not_known", "question_without_answer"]
    with pytest.raises(MayHaveLeft):
        conversation.send(None)


def test_wrong_credentials_end_a_poll() -> None:
    """What is the account's fault is so for every question, and somebody must hear of it."""
    with pytest.raises(Refused) as refusal:
        told(polling().statuses([opened("1"), opened("2")]), Response(401, {}, b""))
    assert refusal.value.failure.fault is Fault.ACCOUNT


def test_not_now_ends_a_poll() -> None:
    """Whoever is asked to wait asks for no other SMS; how long is told."""
    conversation = polling().statuses([opened("1"), opened("2")])
    next(conversation)
    with pytest.raises(Throttled) as throttled:
        conversation.send(Response(429, {"retry-after": "600"}, b""))
    assert throttled.value.wait == 600


# call records


@pytest.mark.parametrize(
    ("status", "reason", "state", "code", "fault"),
    [
        ("Answered", "Blocked", State.DELIVERED, None, None),
        ("Answered", "NA", State.DELIVERED, None, None),
        ("Busy", "", State.UNDELIVERED, "Busy", Fault.RECIPIENT),
        ("NoAnswer", "NA", State.UNDELIVERED, "NoAnswer", Fault.RECIPIENT),
        ("Failed", "NA", State.FAILED, "Failed", Fault.UNKNOWN),
        ("Failed", "Timeout", State.FAILED, "Timeout", Fault.RECIPIENT),
        ("Failed", "CallerHangUp", State.FAILED, "CallerHangUp", Fault.RECIPIENT),
        ("Failed", "Blocked", State.FAILED, "Blocked", Fault.RECIPIENT),
        ("Failed", "General Error", State.FAILED, "General Error", Fault.PROVIDER),
        ("Failed", "Cancel", State.FAILED, "Cancel", Fault.ACCOUNT),
        ("failed", "Solar wind", State.FAILED, "Solar wind", Fault.UNKNOWN),
        ("Ringing", "NA", None, None, None),
    ],
)
def test_every_status_and_reason_of_a_call_has_our_word(
    status: str, reason: str, state: State | None, code: str | None, fault: Fault | None
) -> None:
    """The guide's tables, row by row; one that it does not list is kept and moves nothing."""
    news = heard("calls", {**CALL, "Status": status, "Reason": reason})
    failure = news.failure
    assert (news.state, news.word) == (state, status.lower())
    assert (failure and failure.code, failure and failure.fault) == (code, fault)


def test_a_call_is_known_by_its_number_and_time_alone() -> None:
    """The GUID of its record was never told to us, and is learnt with it."""
    news = heard("calls", CALL)
    assert (news.phone, news.at, news.raw) == ("+16175551212", AT, CALL)
    assert (news.message_id, news.reference, news.provider_batch) == (None, None, None)
    assert news.provider_id == CALL["GUID"]
    assert adapter().capability.settles_by_number == {Channel.VOICE}


def test_another_call_to_the_number_has_another_key() -> None:
    """By its GUID; the same record again is the same news."""
    assert heard("calls", CALL).key == heard("calls", CALL).key
    assert heard("calls", {**CALL, "GUID": "another"}).key != heard("calls", CALL).key


# webhooks


def test_a_form_says_what_json_does() -> None:
    """The guide says POST and shows the fields; both ways are one piece of news."""
    for name, fields in (("statuses", STATUS), ("calls", CALL)):
        form = HookRequest(name, "POST", {}, fields, b"x=y", "application/x-www-form-urlencoded")
        assert adapter().hook(form) == adapter().hook(posted(name, fields))


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(["statuses", "calls"]),
    body=st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from([*STATUS, *CALL]),
        st.none() | st.text(max_size=12) | st.integers() | st.sampled_from(["0016175551212", "0001-01-01"]),
    ).map(lambda fields: json.dumps(fields).encode()),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/New_York"]),
)
def test_any_json_webhook_is_read_or_refused(name: str, body: bytes, zone: str) -> None:
    """No body makes a webhook fail in any other way than by a refusal of 400."""
    status = 200
    try:
        adapter(zone=zone).hook(HookRequest(name, "POST", {}, {}, body, "application/json"))
    except Refused as refusal:
        status = refusal.status
    assert status in (200, 400)


# doctor


@pytest.mark.parametrize(
    ("response", "ok"),
    [
        (answer(200, {"ID": "0", "Status": "Unknown"}), True),
        (answer(200, {"ErrorID": "1", "Message": "Received with error - no such ID"}), True),
        (answer(200, {}), True),
        (answer(200, []), False),
        (answer(404, {}), False),
        (answer(403, {}), False),
    ],
)
def test_doctor_sees_whether_the_account_is_let_in(response: Response, *, ok: bool) -> None:
    """A question that costs nothing; what an unknown ID is told is not in the guide, and any of it will do."""
    (finding,) = returned(adapter().check(), iter([response]))
    assert finding.ok is ok
    assert ok or finding.advice
