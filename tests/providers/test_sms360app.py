"""360 SMS App: what its guide says, declared for the contract, and its own tables."""

import json
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, Message, NewsKind
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Request, Response
from connector.providers.sms360app.adapter import SMS360App
from connector.providers.sms360app.options import IN_FLIGHT_A_CLIENT_ID, SMS360AppOptions
from tests.providers.contract import REFERENCE, DocumentedError, ProviderContract, answer, returned

NUMBERS = {
    "+1 929 296 8422": "whatsapp",
    "12025550101": "mms",
    "12025550102": "viber",
    "12025550103": "facebook",
    "12025550104": "instagram",
    "12025550105": "line",
    "12025550106": "kakaotalk",
    "12025550107": "voicemail",
}
INCOMING = {
    "sms_id": "SMc9f85ebf1dad31975abae63cd56a194c",
    "delivery_status": "received",
    "body": "Hi",
    "to": "+19292968422",
    "from": "+447897027482",
}
DELIVERY = {"sms_id": "ee9c3afceead4bcfa9", "delivery_status": "delivered", "error_code": "", "error_message": ""}


def said(status: object, words: str = "no", *, http: int = 200) -> Response:
    """An answer whose `status` stands inside `message`, where the guide has it."""
    return answer(http, {"message": {"status": status, "message": words, "360_message_id": "ee9c3afceead4bcfa9"}})


def posted(name: str, body: object) -> HookRequest:
    """A webhook as the guide shows it."""
    return HookRequest(name, "POST", {}, {}, orjson.dumps(body), "application/json")


class TestSMS360App(ProviderContract):
    """The contract, for 360 SMS App."""

    adapter = SMS360App
    account: ClassVar = {
        "provider": "sms360app",
        "base_url": "https://example.com",
        "client_ids": ["f90ga000b7d5033178"],
        "channels": NUMBERS,
        "check_number": "+12025550199",
    }
    secrets = ("f90ga000b7d5033178",)
    number = "+12025550123"
    country = "US"
    longest: ClassVar = {"a": 1530, "€": 760, "ж": 670, "😀": 330}
    errors: ClassVar = [
        DocumentedError(said(400), "400", Fault.UNKNOWN, Retry.NO),
        DocumentedError(said(401), "401", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(402), "402", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(403, http=403), "403", Fault.ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(404, http=400), "404", Fault.UNKNOWN, Retry.NO),
        DocumentedError(said(429), "429", Fault.PROVIDER, Retry.LATER),
    ]
    hooks: ClassVar = [posted("incoming", INCOMING), posted("delivery", DELIVERY)]
    names_campaigns = False

    def message(self, place: int = 0, **changes: Any) -> Message:
        """An ordinary message, from a number of its channel."""
        channel = changes.get("channel", Channel.SMS)
        numbers = {word: number for number, word in NUMBERS.items()}
        return super().message(place, **{"sender": numbers.get(channel, "1234567890"), **changes})

    def accepting(self, batch: Batch) -> Response:
        """The guide's example response."""
        return said(200, "success")

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """One text to one number, as it is."""
        return [(request.json["receiverNumber"], request.json["messagebody"])]

    def reference(self, request: Request) -> str | None:
        """The guide has four fields, and none for a reference."""
        assert set(request.json) == {"clientId", "senderNumber", "receiverNumber", "messagebody"}
        return None


def adapter(**options: Any) -> SMS360App:
    """The adapter with the contract's account."""
    made = TestSMS360App().made(**options)
    assert isinstance(made, SMS360App)
    return made


def sent(message: Message | None = None, reference: str = REFERENCE, **options: Any) -> Request:
    """The request of one message."""
    return adapter(**options).send(Batch(reference, (message or TestSMS360App().message(),)))


def refused(message: Message, **options: Any) -> str | None:
    """The code of a refusal, if there is one."""
    failure = adapter(**options).refuse(message)
    return failure.code if failure else None


MESSAGE = TestSMS360App().message


# requests


def test_the_request_is_the_guide_s() -> None:
    """One message has the four fields of the guide, at the path that the account sets."""
    request = sent(MESSAGE(to="+13216549870"), send_path="/api/v9/send")
    assert (request.method, request.path) == ("POST", "/api/v9/send")
    assert request.json == {
        "clientId": "f90ga000b7d5033178",
        "senderNumber": "1234567890",
        "receiverNumber": "+13216549870",
        "messagebody": "Hola Ana 0, nos vemos.",
    }


@pytest.mark.parametrize(
    ("form", "written"), [("e164", "+12025550123"), ("digits", "12025550123"), ("national", "2025550123")]
)
def test_recipients_are_written_as_the_account_says(form: str, written: str) -> None:
    """The guide shows ten digits and says nothing of a country code; a setting decides."""
    request = sent(MESSAGE(to="+12025550123"), number_format=form, region="US")
    assert request.json["receiverNumber"] == written


def test_national_numbers_are_of_one_country() -> None:
    """Without a country code only the account's own region can be written, and mapping and adapter both know."""
    abroad = MESSAGE(to="+447897027482", country="GB")
    assert refused(abroad, number_format="national", region="US") == "country"
    assert refused(MESSAGE(), number_format="national", region="US") is None
    assert adapter(number_format="national", region="US").account_capability().countries == frozenset({"US"})
    with pytest.raises(ValueError, match="region is not set"):
        adapter(number_format="national")


def test_the_client_ids_share_the_messages() -> None:
    """Each of several client ids takes about its part, and an attempt always the same one."""
    ids = ["one", "two", "three"]
    used = [sent(reference=f"01J{n}", client_ids=ids).json["clientId"] for n in range(300)]
    assert all(60 < used.count(name) < 140 for name in ids)
    assert used == [sent(reference=f"01J{n}", client_ids=ids).json["clientId"] for n in range(300)]


def test_no_client_id_ever_has_more_than_200_under_way() -> None:
    """An account's senders, each with one message under way, are fewer than the guide allows one client id."""
    most = next(limit.le for limit in SMS360AppOptions.model_fields["senders"].metadata if hasattr(limit, "le"))
    assert most <= IN_FLIGHT_A_CLIENT_ID == 200
    assert adapter(senders=most).capability.batch_ceiling == 1
    with pytest.raises(ValueError, match="senders"):
        adapter(senders=IN_FLIGHT_A_CLIENT_ID + 1)


def test_a_client_id_is_needed() -> None:
    """Settings without one cannot send."""
    with pytest.raises(ValueError, match="client_ids"):
        adapter(client_ids=[])


# channels


def test_the_sender_decides_the_channel() -> None:
    """A sender of another channel than the message's is refused; a number that the settings do not list sends SMS."""
    assert refused(MESSAGE(sender="+19292968422")) == "sender_channel"
    assert refused(MESSAGE(sender="1234567890", channel=Channel.WHATSAPP)) == "sender_channel"
    assert refused(MESSAGE(sender="1-929-296-8422", channel=Channel.WHATSAPP)) is None


def test_an_account_carries_what_its_numbers_send() -> None:
    """A mapping learns when it is checked which channels the account's numbers have."""
    assert adapter(channels={}).account_capability().channels == {Channel.SMS}
    assert adapter(channels={"1": "viber"}).account_capability().channels == {Channel.SMS, Channel.VIBER}
    assert refused(MESSAGE(channel=Channel.LINE), channels={}) == "channel"


def test_a_message_without_a_sender_takes_the_account_s() -> None:
    """By channel: the first number of it; a message for which there is none is refused."""
    whatsapp = MESSAGE(sender=None, channel=Channel.WHATSAPP)
    assert sent(whatsapp).json["senderNumber"] == "+1 929 296 8422"
    assert sent(MESSAGE(sender=None), sender="1234567890").json["senderNumber"] == "1234567890"
    assert refused(MESSAGE(sender=None)) == "no_sender"


@pytest.mark.parametrize(
    ("channels", "what"),
    [({"1": "email"}, "no channel email"), ({"+1 929": "line", "1929": "viber"}, "names one number twice")],
)
def test_a_number_has_one_channel_of_the_guide(channels: dict[str, str], what: str) -> None:
    """A channel the guide does not name, and a number listed twice, are found when the settings are read."""
    with pytest.raises(ValueError, match=what):
        adapter(channels=channels)


def test_only_an_sms_has_parts() -> None:
    """The account's limit of parts is of SMS; a WhatsApp text of that length goes through."""
    long: dict[str, Any] = {"pieces": ("a" * 161,), "values": ()}
    assert refused(MESSAGE(**long), max_parts=1) == "too_long"
    assert refused(MESSAGE(channel=Channel.WHATSAPP, **long), max_parts=1) is None


# answers


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (said(500), MayHaveLeft),
        (said(503, http=200), MayHaveLeft),
        (said(429), Throttled),
        (said(400), Refused),
        (said(200, http=400), Refused),
        (said(202), Unreadable),
        (said(0), Unreadable),
        (said("queued"), Unreadable),
        (said(True), Unreadable),
        (answer(200, {"message": {"status": 200, "message": "success"}}), Unreadable),
        (answer(200, {"status": 200, "360_message_id": "x"}), Unreadable),
    ],
)
def test_the_status_within_decides(response: Response, error: type[Exception]) -> None:
    """HTTP 200 is no yes: only a `status` of 200 with an id is; one that is no HTTP status leaves doubt."""
    with pytest.raises(error) as raised:
        adapter().read_send(TestSMS360App().batch(), response)
    assert type(raised.value) is error


@pytest.mark.parametrize("status", [200, "200"])
def test_an_accepted_message_has_the_callbacks_id(status: object) -> None:
    """`360_message_id` is what a delivery callback calls `sms_id`."""
    (outcome,) = adapter().read_send(TestSMS360App().batch(), said(status))
    (news,) = adapter().hook(posted("delivery", DELIVERY)).news
    assert (outcome.state, outcome.provider_id, outcome.provider_batch) == (State.ACCEPTED, "ee9c3afceead4bcfa9", None)
    assert news.provider_id == outcome.provider_id


def test_the_provider_s_words_are_told_without_text_or_number() -> None:
    """What 360 SMS App says of a refusal helps whoever reads it, and repeats neither the text nor a number."""
    batch = TestSMS360App().batch()
    words = f"{batch.messages[0].text!r} to {batch.messages[0].to} is not allowed"
    with pytest.raises(Refused, match=r"'…' to … is not allowed"):
        adapter().read_send(batch, said(400, words))


# webhooks


def test_an_incoming_message_is_a_reply() -> None:
    """It bears the person's number and the text; its id is its own and names no message of ours."""
    (news,) = adapter().hook(posted("incoming", INCOMING)).news
    assert (news.kind, news.phone, news.text, news.provider_id) == (NewsKind.REPLY, "+447897027482", "Hi", None)
    assert news.raw == INCOMING


def test_the_same_text_with_another_id_is_another_reply() -> None:
    """Who writes the same twice is heard twice."""
    keys = {adapter().hook(posted("incoming", {**INCOMING, "sms_id": name})).news[0].key for name in ("a", "b", "a")}
    assert len(keys) == 2


@pytest.mark.parametrize("number", ["+12025550123", "12025550123", "2025550123"])
def test_a_reply_s_number_is_read_in_every_form(number: str) -> None:
    """With its code, with it but no plus, and as the account's country writes it."""
    made = adapter(number_format="national", region="US")
    assert made.hook(posted("incoming", {**INCOMING, "from": number})).news[0].phone == "+12025550123"


@pytest.mark.parametrize(
    "number",
    ["whatsapp:+447897027482", "whatsapp:447897027482", "+44 7897 027482", "+44 (7897) 027-482", "00447897027482"],
)
def test_a_reply_is_heard_from_a_number_however_it_is_written(number: str) -> None:
    """The guide shows one form, and a stop in another must not be lost; how it came is kept."""
    (news,) = adapter().hook(posted("incoming", {**INCOMING, "from": number, "body": "STOP"})).news
    assert (news.phone, news.text, news.raw["from"]) == ("+447897027482", "STOP", number)


@pytest.mark.parametrize("writer", ["messenger:2025550123456789", "instagram:17841400000", "line:U4af4980629"])
def test_a_reply_of_one_whom_no_number_names_is_kept(writer: str) -> None:
    """The channels beyond the phone have ids of their own: what was written is kept, and no number is made of them."""
    made = adapter(region="US")
    news = [made.hook(posted("incoming", {**INCOMING, "from": each})).news[0] for each in (writer, f"{writer}0")]
    assert [(item.kind, item.phone, item.text) for item in news] == [(NewsKind.REPLY, None, "Hi")] * 2
    assert news[0].key != news[1].key


def test_a_reply_without_a_text_is_one() -> None:
    """Who sends a picture alone may have nothing in `body`."""
    picture = {**INCOMING, "body": None}
    assert adapter().hook(posted("incoming", picture)).news[0].text == ""
    with pytest.raises(Refused):
        adapter().hook(posted("incoming", {"from": INCOMING["from"]}))


@pytest.mark.parametrize("number", ["Vodafone", "", "+", "+44 789", "٤٤٧٨٩٧"])
def test_a_reply_of_no_number_is_refused(number: str) -> None:
    """A service's name is nobody who can be answered."""
    with pytest.raises(Refused) as refusal:
        adapter().hook(posted("incoming", {**INCOMING, "from": number}))
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("delivered", State.DELIVERED),
        ("Delivered", State.DELIVERED),
        ("sent", State.SENT),
        ("undelivered", State.UNDELIVERED),
        ("failed", State.FAILED),
        ("Moon phase", None),
    ],
)
def test_a_word_means_what_the_guide_or_the_trade_says(word: str, state: State | None) -> None:
    """The guide prints `delivered` alone; a word nobody knows is kept and moves nothing."""
    (news,) = adapter().hook(posted("delivery", {**DELIVERY, "delivery_status": word})).news
    assert (news.kind, news.state, news.word) == (NewsKind.STATUS, state, word.lower())


def test_an_account_s_own_words_are_settings() -> None:
    """They may say otherwise than the trade's, but not than the guide's."""
    made = adapter(status_words={"Sent": "delivered", "Delivered": "failed"})
    states = [
        made.hook(posted("delivery", {**DELIVERY, "delivery_status": word})).news[0].state
        for word in ("sent", "delivered")
    ]
    assert states == [State.DELIVERED, State.DELIVERED]


def test_a_failure_says_why() -> None:
    """The code and the words travel along, without numbers; without either the word itself is the code."""
    told = {**DELIVERY, "delivery_status": "failed", "error_code": "30003", "error_message": "+447897027482 is off"}
    (news,) = adapter().hook(posted("delivery", told)).news
    assert news.failure is not None
    assert (news.failure.code, news.failure.fault) == ("30003", Fault.UNKNOWN)
    assert "… is off" in news.failure.reason
    (silent,) = adapter().hook(posted("delivery", {**DELIVERY, "delivery_status": "failed"})).news
    assert silent.failure is not None
    assert silent.failure.code == "failed"


def test_a_form_says_what_json_does() -> None:
    """The guide shows the fields and not how they travel; both ways are one piece of news."""
    for name, fields in (("incoming", INCOMING), ("delivery", DELIVERY)):
        form = HookRequest(name, "POST", {}, fields, b"x=y", "application/x-www-form-urlencoded")
        assert adapter().hook(form) == adapter().hook(posted(name, fields))


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(["incoming", "delivery"]),
    body=st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from([*INCOMING, *DELIVERY]),
        st.none() | st.text(max_size=12) | st.integers() | st.lists(st.none(), max_size=1),
    ).map(lambda fields: json.dumps(fields).encode())
    | st.just(b"[]"),
)
def test_any_json_webhook_is_read_or_refused(name: str, body: bytes) -> None:
    """No body makes a webhook fail in any other way than by a refusal of 400."""
    status = 200
    try:
        adapter().hook(HookRequest(name, "POST", {}, {}, body, "application/json"))
    except Refused as refusal:
        status = refusal.status
    assert status in (200, 400)


# doctor


def test_doctor_tries_every_client_id() -> None:
    """By looking one number up with each; what one is told does not hide the others."""
    made = adapter(client_ids=["one", "two"])
    asked: list[Request] = []
    conversation = made.check()
    step = next(conversation)
    try:
        for response in (answer(200, {"Success": True, "error": ""}), said(401)):
            assert isinstance(step, Request)
            asked.append(step)
            step = conversation.send(response)
    except StopIteration as end:
        findings = end.value
    assert [(finding.subject, finding.ok) for finding in findings] == [("client id 1", True), ("client id 2", False)]
    assert [request.json for request in asked] == [
        {"clientId": name, "phoneNumber": "+12025550199"} for name in ("one", "two")
    ]


def test_doctor_asks_nothing_unless_told() -> None:
    """A lookup may cost money; without a number to look up the finding says that nothing was tried."""
    (finding,) = returned(adapter(check_number=None).check(), iter([]))
    assert "set check_number" in finding.text
