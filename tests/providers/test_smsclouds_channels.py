"""Smsclouds' channels beside plain SMS: a link in a text, calls and emails."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.options import SmscloudsOptions
from tests.providers.contract import REFERENCE, SINCE, TEXTS, answer, told
from tests.providers.test_smsclouds import filled

LINK = "<+DYNAMICSHORTURL_IVX4+>"
AN_EMAIL = {"subject": "importante"}
PIECES_AND_VALUES = st.lists(st.tuples(TEXTS, TEXTS), max_size=7)


def adapter(**options: Any) -> Smsclouds:
    """An account that may send on every channel."""
    account = {"token": "tok-secret", "route": 87, "remittent": "5570055780", "email_sender": "us@example.com"}
    return Smsclouds("main", SmscloudsOptions.model_validate({**account, **options}))


def message(channel: Channel, content: Mapping[str, Any] | None = None, **changes: Any) -> Message:
    """A message of a channel, by the guide's examples."""
    fields: dict[str, Any] = {"pieces": ("Hola ", ", hasta pronto"), "values": ("Jack",), "sender": "TEST", **changes}
    to = fields.pop("to", "jack@example.com" if channel is Channel.EMAIL else "+524498987281")
    return Message("m0", to, "MX", channel=channel, content=content or {}, **fields)


def linked(*pieces: str, values: tuple[str, ...] = (), link: object = 4) -> Message:
    """A text with a link."""
    return message(Channel.SMS, {"link": link}, pieces=pieces, values=values)


def sent(*messages: Message, **options: Any) -> Request:
    """The request that sends them, none of which is refused."""
    made = adapter(**options)
    assert [made.refuse(one) for one in messages] == [None] * len(messages)
    return made.send(Batch(REFERENCE, messages))


def refused(one: Message, **options: Any) -> Failure:
    """Why it is refused."""
    failure = adapter(**options).refuse(one)
    assert failure is not None
    return failure


def read_by(request: Request, template: str) -> str:
    """What the one recipient of a request reads or hears."""
    (recipient,) = request.json["recipients"]
    return filled(request.json[template], recipient)


@pytest.mark.parametrize(
    "one",
    [linked(LINK), message(Channel.SMS), message(Channel.VOICE), message(Channel.EMAIL, AN_EMAIL)],
    ids=["link", "sms", "voice", "email"],
)
def test_a_send_waits_as_long_as_the_settings_say(one: Message) -> None:
    """Claims and drains are measured by the account's send_timeout, so no channel waits longer."""
    assert sent(one, send_timeout=7).timeout == 7


# a link in a text


def test_a_text_with_a_link_is_asked_of_its_own_path() -> None:
    """The link's placeholder stands in the text, the values in the recipients' fields, the link's id in `url`."""
    request = sent(linked("Hola ", f", clic aqui {LINK} .", values=("Jack",)))
    assert (request.method, request.path, request.sends, request.timeout) == (
        "POST",
        "api/v3/smsclic/campaign",
        True,
        600,
    )
    assert request.json == {
        "text": f"Hola <+B+>, clic aqui {LINK} .",
        "recipients": [{"cellphone": "4498987281", "name": "Jack"}],
        "campaign_name": f"connector ~{REFERENCE}",
        "url": 4,
        "route": 87,
        "country": 1,
    }


def test_a_text_with_a_link_is_accepted_under_its_campaign() -> None:
    """Its campaign is an SMS campaign, asked for as any other."""
    batch = Batch(REFERENCE, (linked(LINK),))
    (outcome,) = adapter().read_send(batch, answer(200, {"campaign": 14279910}))
    assert (outcome.state, outcome.provider_batch) == (State.ACCEPTED, "14279910")
    assert sent(linked(LINK), sms_clic_path="api/v3/another").path == "api/v3/another"


@pytest.mark.parametrize(
    ("one", "options", "code", "fault"),
    [
        (linked("no place"), {}, "link", Fault.MAPPING),
        (linked("", "", values=(LINK,)), {}, "link", Fault.MAPPING),
        (linked(LINK, link="https://example.com"), {}, "link", Fault.MAPPING),
        (linked(LINK), {"route": None}, "link", Fault.ACCOUNT),
        (linked(f"{LINK} <+B+>"), {}, "placeholder", Fault.MESSAGE),
        (linked(LINK, *"abcdef", values=("x",) * 6), {}, "too_many_values", Fault.MAPPING),
        (linked(f"{LINK}{'x' * 282}", values=()), {"long_message": True}, None, None),
        (linked(f"{LINK}{'x' * 283}", values=()), {}, "too_long", Fault.MESSAGE),
        (linked(f"{LINK}{'x' * 280}", "", values=("a",)), {}, "too_long", Fault.MESSAGE),
        (linked(LINK, "", values=("<+B+>",)), {"merge_values": False}, "placeholder", Fault.MESSAGE),
        (linked(LINK, "", values=(LINK,)), {"merge_values": False}, "placeholder", Fault.MESSAGE),
        (linked(""), {}, "no_text", Fault.MESSAGE),
    ],
)
def test_a_link_without_its_place_is_refused(
    one: Message, options: dict[str, Any], code: str | None, fault: Fault | None
) -> None:
    """A text whose link would be lost, or whose data would be read as a placeholder, never leaves."""
    failure = adapter(**options).refuse(one)
    assert (failure and failure.code, failure and failure.fault) == (code, fault)


@given(data=PIECES_AND_VALUES, last=TEXTS)
def test_a_link_leaves_the_rest_of_the_text_as_it_is(data: list[tuple[str, str]], last: str) -> None:
    """Merged as the guide says, the recipient reads the text to the letter, with the link in its place."""
    pieces = (*[piece for piece, _ in data], f"{last}{LINK}")
    one = linked(*pieces, values=tuple(value for _, value in data))
    if adapter().refuse(one) is None:
        assert read_by(sent(one), "text") == one.text


# calls


def test_a_call_speaks_the_text() -> None:
    """The guide's text to speech: the text with its placeholders, the number that is shown, our reference."""
    request = sent(message(Channel.VOICE))
    assert (request.method, request.path, request.sends) == ("POST", "api/v3/voice", True)
    assert request.headers["authorization"] == "Bearer tok-secret"
    assert request.json == {
        "type": 2,
        "text": "Hola <+B+>, hasta pronto",
        "campaign_name": f"connector ~{REFERENCE}",
        "recipients": [{"cellphone": "4498987281", "name": "Jack"}],
        "remittent": "5570055780",
    }


def test_a_call_plays_an_audio_and_is_passed_on() -> None:
    """An audio takes the text's place, and the values with it; a key passes the call on to a national number."""
    content = {"audio": "15", "transfer_num": "+524498987282", "transfer_key": "5"}
    assert sent(message(Channel.VOICE, content)).json == {
        "type": 1,
        "audio": 15,
        "campaign_name": f"connector ~{REFERENCE}",
        "recipients": [{"cellphone": "4498987281"}],
        "remittent": "5570055780",
        "transfer_num": "4498987282",
        "transfer_key": 5,
    }


@pytest.mark.parametrize(
    "written",
    ["449 898 7282", "+52 (449) 898-7282", "524498987282", "+5214498987282", "044 449 898 7282", "0052 4498987282"],
)
def test_a_call_is_passed_on_to_the_number_as_the_guide_wants_it(written: str) -> None:
    """However people in Mexico write it, the number is ten digits by the time it leaves."""
    content = {"transfer_num": written, "transfer_key": 5}
    assert sent(message(Channel.VOICE, content)).json["transfer_num"] == "4498987282"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("reception", "holds no phone number"),
        ("449898", "has too few digits"),
        ("44989872821", "has too many digits"),
        ("0000000000", "`transfer`"),
        ("+34600000001", "is of ES, and Smsclouds calls Mexico only"),
        ("34600000001", "has too many digits"),
    ],
)
def test_a_call_that_cannot_be_passed_on_is_refused(written: str, said: str) -> None:
    """A number that is none, or abroad, never leaves as it stands: the sentence names it, says why, and not which."""
    failure = refused(message(Channel.VOICE, {"transfer_num": written, "transfer_key": 5}))
    assert failure.code == "content"
    assert "`transfer`" in failure.reason
    assert said in failure.reason
    assert written not in failure.reason


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("+524493880067", "4493880067"),
        ("4493880067", "4493880067"),
        ("449 388 0067", "4493880067"),
        ("+52 1 (449) 388-0067", "4493880067"),
        (None, "5570055780"),
        ("Acme 24", "5570055780"),
    ],
)
def test_a_call_shows_its_sender_where_that_is_a_number(sender: str | None, shown: str) -> None:
    """However it is written. A name cannot be shown to who is called; the account's number stands in."""
    assert sent(message(Channel.VOICE, sender=sender)).json["remittent"] == shown


@pytest.mark.parametrize("sender", ["449 388 00", "+34 600 000 001", "12345", "call 449 388 00"])
def test_a_call_shows_no_other_number_than_the_one_it_was_given(sender: str) -> None:
    """A sender that was meant as a number and cannot be read refuses the call; the account's does not stand in."""
    failure = refused(message(Channel.VOICE, sender=sender))
    assert (failure.code, failure.fault, failure.retry) == ("remittent", Fault.MAPPING, Retry.WHEN_MENDED)
    assert "`sender`" in failure.reason
    assert sender not in failure.reason


@pytest.mark.parametrize(
    ("one", "options", "code"),
    [
        (message(Channel.VOICE), {"remittent": None}, "remittent"),
        (message(Channel.VOICE, pieces=("",), values=()), {}, "no_text"),
        (message(Channel.VOICE, {"audio": "hello.mp3"}), {}, "content"),
        (message(Channel.VOICE, {"transfer_num": "4498987282"}), {}, "content"),
        (message(Channel.VOICE, {"transfer_num": "reception", "transfer_key": 1}), {}, "content"),
        (message(Channel.VOICE, pieces=("<+B+>",), values=()), {"merge_values": False}, "placeholder"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(one: Message, options: dict[str, Any], code: str) -> None:
    """Nothing to say, nobody to show, a content the guide does not have: with the reason, before anything leaves."""
    failure = refused(one, **options)
    assert failure.code == code
    assert failure.reason


@given(data=PIECES_AND_VALUES, last=TEXTS)
def test_a_call_speaks_exactly_the_text(data: list[tuple[str, str]], last: str) -> None:
    """Merged as the guide says, the text is heard to the letter, whatever the data holds."""
    pieces = (*[piece for piece, _ in data], last)
    one = message(Channel.VOICE, pieces=pieces, values=tuple(value for _, value in data))
    if adapter().refuse(one) is None:
        assert read_by(sent(one), "text") == one.text


def calls(*rows: tuple[str, object], status: object = "COMPLETED") -> Response:
    """A voice campaign's calls as (cellphone, status)."""
    messages = [
        {
            "voice_message": 754061 + n,
            "cellphone": phone,
            "sent_date": "2020-05-25 14:36:55",
            "voice_message_status": word,
        }
        for n, (phone, word) in enumerate(rows)
    ]
    named = {"voice_campaign": 481779, "name": f"test api audio ~{REFERENCE}", "status": status}
    return answer(200, {"message": "Completado Correctamente", **named, "voice_messages": messages})


def called(batch: str | None = "voice/481779") -> OpenBatch:
    """An open voice campaign of one call."""
    return OpenBatch(REFERENCE, SINCE, batch, (OpenMessage("m0", "+524498987281", State.ACCEPTED),))


def test_a_voice_campaign_s_id_is_told_apart_from_an_sms_campaign_s() -> None:
    """The same number may be both, so a voice campaign is asked for by its own path."""
    batch = Batch(REFERENCE, (message(Channel.VOICE),))
    (outcome,) = adapter().read_send(batch, answer(200, {"voice_campaign": 481779, "status": "TO_SEND"}))
    assert outcome.provider_batch == "voice/481779"
    asked = next(adapter().statuses([called(outcome.provider_batch)]))
    assert isinstance(asked, Request)
    assert (asked.method, asked.path) == ("GET", "api/v3/voice/481779")


@pytest.mark.parametrize(
    ("word", "overall", "state"),
    [
        (0, "TO_SEND", State.ACCEPTED),
        (1, 1, State.ACCEPTED),
        (2, "COMPLETED", State.SENT),
        ("2", 2, State.SENT),
        ("Sent", "COMPLETED", State.SENT),
        (3, "COMPLETED", State.FAILED),
        (3, "CANCELLED", State.CANCELLED),
        (0, "CANCELLED", State.CANCELLED),
        (2, "CANCELLED", State.SENT),
        ("moon phase", "COMPLETED", None),
    ],
)
def test_every_status_of_a_call_means_what_the_guide_says(word: object, overall: object, state: State | None) -> None:
    """By number or word; what a cancelled campaign has not called is cancelled."""
    (news,) = told(adapter().statuses([called()]), calls(("4498987281", word), status=overall))
    assert (news.state, news.word) == (state, str(word).lower())
    assert (news.provider_id, news.provider_batch, news.phone) == ("voice/754061", "voice/481779", "+524498987281")
    assert (news.reference, news.at) == (REFERENCE, datetime(2020, 5, 25, 19, 36, 55, tzinfo=UTC))
    assert news.raw["voice_message_status"] == word
    assert (news.failure is not None) == (state in (State.FAILED, State.CANCELLED))


def test_a_voice_campaign_that_has_not_begun_is_no_trouble() -> None:
    """Without calls it is either queued, which is no news, or not what the guide describes."""
    assert told(adapter().statuses([called()]), answer(200, {"status": "TO_SEND"})) == []
    with pytest.raises(Unreadable):
        told(adapter().statuses([called()]), answer(200, {"status": "COMPLETED"}))


def test_all_calls_of_a_batch_are_shown() -> None:
    """Every row, whether its number is ours or not."""
    answered = calls(("4498987281", 2), ("4498987299", 3))
    assert [(item.phone, item.state) for item in told(adapter().shown(called()), answered)] == [
        ("+524498987281", State.SENT),
        ("+524498987299", State.FAILED),
    ]


# emails


def test_an_email_has_its_address_subject_and_merged_body() -> None:
    """The guide's example, from the account's address; the first value is <+B+>, the name."""
    request = sent(message(Channel.EMAIL, AN_EMAIL))
    assert (request.method, request.path, request.sends) == ("POST", "api/v1/email", True)
    assert request.json == {
        "body": "Hola <+B+>, hasta pronto",
        "subject": "importante",
        "recipients": [{"email": "jack@example.com", "name": "Jack"}],
        "sender": "us@example.com",
    }


def test_an_email_has_what_its_content_names() -> None:
    """Header, template, image, attachment and sender travel as the guide names them."""
    more = {"header": "Hola", "template": 4, "image": "https://example.com/1.png", "attachment": 7}
    body = sent(message(Channel.EMAIL, {**AN_EMAIL, **more}, sender="jane@example.com")).json
    assert {name: body[name] for name in more} == more
    assert body["sender"] == "jane@example.com"


def test_emails_that_share_no_subject_share_no_request() -> None:
    """What the guide gives once a campaign tells groups apart; the address does not."""
    made = adapter()
    group = made.group(message(Channel.EMAIL, AN_EMAIL))
    assert group == made.group(message(Channel.EMAIL, AN_EMAIL, to="jane@example.com"))
    assert group != made.group(message(Channel.EMAIL, {**AN_EMAIL, "subject": "another"}))
    assert group != made.group(message(Channel.EMAIL, AN_EMAIL, pieces=("Adiós ", "")))
    assert len({group, made.group(message(Channel.SMS)), made.group(message(Channel.VOICE))}) == 3


@pytest.mark.parametrize(
    ("content", "code", "fault"),
    [
        ({}, "content", Fault.MAPPING),
        ({**AN_EMAIL, "template": 3}, "content", Fault.MAPPING),
        ({**AN_EMAIL, "template": 9}, "content", Fault.MAPPING),
        ({**AN_EMAIL, "subject": "hi <+B+>"}, "placeholder", Fault.MESSAGE),
        ({**AN_EMAIL, "header": "hi <+B+>"}, "placeholder", Fault.MESSAGE),
    ],
)
def test_an_email_that_cannot_be_sent_is_refused(content: dict[str, Any], code: str, fault: Fault) -> None:
    """No subject, a template that would leave the text out, data that reads as a placeholder."""
    failure = refused(message(Channel.EMAIL, content))
    assert (failure.code, failure.fault) == (code, fault)
    assert "jack" not in failure.reason


def test_an_email_to_a_number_is_refused() -> None:
    """An email goes to an address; a number in its place is the mapping's fault."""
    failure = refused(message(Channel.EMAIL, AN_EMAIL, to="+524498987281"))
    assert (failure.code, failure.fault) == ("address", Fault.MAPPING)
    assert "449898" not in failure.reason


@given(data=PIECES_AND_VALUES, last=TEXTS)
def test_an_email_s_body_is_exactly_the_text(data: list[tuple[str, str]], last: str) -> None:
    """Merged as the guide's example says, the body is read to the letter, whatever the data holds."""
    pieces = (*[piece for piece, _ in data], last)
    one = message(Channel.EMAIL, AN_EMAIL, pieces=pieces, values=tuple(value for _, value in data))
    if adapter().refuse(one) is None:
        assert read_by(sent(one), "body") == one.text


def test_an_accepted_email_is_not_asked_for() -> None:
    """The guide has no status for emails, and its ids are not those of SMS campaigns."""
    batch = Batch(REFERENCE, (message(Channel.EMAIL, AN_EMAIL),))
    (outcome,) = adapter().read_send(batch, answer(200, {"email_campaign_id": 28648}))
    assert (outcome.state, outcome.provider_batch) == (State.ACCEPTED, "email/28648")
    assert told(adapter().statuses([called(outcome.provider_batch)])) == []
    assert told(adapter().shown(called(outcome.provider_batch))) == []
