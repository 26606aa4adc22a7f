"""Bulk360: what its guide says, declared for the contract, and its own tables."""

import json
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping.fit import Misfit, first_fit
from connector.model.capability import AccountCapability
from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, Message
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.bulk360.adapter import Bulk360
from connector.providers.bulk360.codes import DN_ERRORS, RESPONSES
from connector.providers.bulk360.hooks import WEBHOOKS
from connector.providers.exchange import Request, Response
from connector.sync.lineup import batches_of
from tests.providers.contract import REFERENCE, DocumentedError, ProviderContract, answer, returned

GUIDE = json.loads((Path(__file__).parent / "guide" / "bulk360.json").read_text("utf-8"))
DN = {"status": "DELIVERED", "error-code": "000", "msisdn": "60123240066", "msgid": "5515023"}
ACCOUNT, MESSAGE = Fault.ACCOUNT, Fault.MESSAGE


def said(code: object, *, http: int = 200) -> Response:
    """A flat answer of one code."""
    return answer(http, {"code": code, "desc": "in words"})


def row(to: str, code: object = 200, **more: object) -> dict[str, object]:
    """What an answer to several says of one number."""
    return {"code": code, "desc": "OK", "to": to, "ref": f"E{to[-4:]}", **more}


def several(*rows: dict[str, object], http: int = 200) -> Response:
    """An answer to several numbers."""
    return answer(http, {"messages": list(rows)})


def notified(carrier: str = "query", **changes: Any) -> HookRequest:
    """A delivery notification; a field that is None is left out."""
    fields = {name: value for name, value in {**DN, **changes}.items() if value is not None}
    if carrier == "query":
        return HookRequest("delivery", "GET", fields, {}, b"", "")
    if carrier == "form":
        form = "application/x-www-form-urlencoded"
        return HookRequest("delivery", "POST", {}, fields, urlencode(fields).encode(), form)
    return HookRequest("delivery", "POST", {}, {}, json.dumps(fields).encode(), "application/json")


class TestBulk360(ProviderContract):
    """The contract, for Bulk360."""

    adapter = Bulk360
    account: ClassVar = {"provider": "bulk360", "app_key": "key-secret", "app_secret": "app-secret"}
    secrets = ("key-secret", "app-secret")
    number = "+60123240066"
    country = "MY"
    longest: ClassVar = {"a": 1526, "€": 758, "ж": 666, "😀": 328}  # ten parts, and RM0 with its blank in the first
    names_campaigns = False
    errors: ClassVar = [
        DocumentedError(said(400), "400", Fault.US, Retry.NO),
        DocumentedError(said(401, http=401), "401", ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said("402"), "402", ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(403, http=403), "403", ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(405), "405", MESSAGE, Retry.NO),
        DocumentedError(said(406), "406", MESSAGE, Retry.WHEN_MENDED),
        DocumentedError(said(412), "412", ACCOUNT, Retry.WHEN_MENDED),
        DocumentedError(said(413, http=500), "413", ACCOUNT, Retry.WHEN_MENDED),
    ]
    hooks: ClassVar = [notified()]

    def accepting(self, batch: Batch) -> Response:
        """The guide's example response, in another order than asked."""
        if len(batch.messages) == 1:
            return answer(200, row(batch.messages[0].to[1:]))
        return several(*[row(message.to[1:]) for message in reversed(batch.messages)])

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """One text for all that `to` names."""
        assert request.form is not None
        return [
            (f"+{number.removeprefix('whatsapp:')}", request.form["text"]) for number in request.form["to"].split(",")
        ]

    def reference(self, request: Request) -> str | None:
        """The guide has no field for it."""
        assert request.form is not None
        assert REFERENCE not in str(request.form)
        return None


def adapter(**options: Any) -> Bulk360:
    """The adapter with the contract's account."""
    made = TestBulk360().made(**options)
    assert isinstance(made, Bulk360)
    return made


def message(number: str = "+60123240066", channel: Channel = Channel.SMS, text: str = "Hi", **more: Any) -> Message:
    """A message of a text without values."""
    return Message(f"m{number}{channel}", number, "", (text,), (), channel=channel, **more)


def sent(*messages: Message, **options: Any) -> dict[str, str]:
    """The form of a send."""
    form = adapter(**options).send(Batch(REFERENCE, messages)).form
    assert form is not None
    return dict(form)


def outcomes(response: Response, *numbers: str) -> list[tuple[State, str | None, str | None]]:
    """(state, provider's id, code of the failure) of each number."""
    batch = Batch(REFERENCE, tuple(message(number) for number in numbers))
    return [
        (outcome.state, outcome.provider_id, outcome.failure.code if outcome.failure else None)
        for outcome in adapter().read_send(batch, response)
    ]


# requests


def test_the_request_is_the_guide_s() -> None:
    """A form with `to`, `text` and, outside Malaysia, `from`; the token is not the adapter's to put in."""
    request = adapter(sender="AEONSales").send(Batch(REFERENCE, (message("+6591234567"), message("+6591234568"))))
    assert (request.method, request.path, request.sends, request.needs_token) == (
        "POST",
        "api/bulk360/v2.0",
        True,
        True,
    )
    assert request.form == {"to": "6591234567,6591234568", "from": "AEONSales", "text": "Hi"}
    assert dict(request.headers) == {"accept": "application/json"}


def test_paths_are_settings() -> None:
    """Address and version can be changed."""
    assert adapter(send_path="api/v9").send(Batch(REFERENCE, (message(),))).path == "api/v9"
    assert adapter(token_path="token").token_grant().request().path == "token"
    assert adapter().path_of("another") is None


def test_there_is_no_sender_in_malaysia_nor_on_whatsapp() -> None:
    """`from` does not apply in Malaysia, and is the source name of the SMS."""
    assert "from" not in sent(message(sender="AEONSales"))
    assert "from" not in sent(message("+6591234567", Channel.WHATSAPP, sender="AEONSales"))
    assert sent(message("+6591234567", sender="AEONSales"))["from"] == "AEONSales"


@pytest.mark.parametrize("sender", ["TwelveLetter", "My Shop", "Café", "+123"])
def test_a_sender_that_is_none_is_refused(sender: str) -> None:
    """At most 11 letters and digits; in Malaysia, where none travels, it does not matter."""
    refusal = adapter().refuse(message("+6591234567", sender=sender))
    assert refusal is not None
    assert refusal.fault is Fault.MAPPING
    assert adapter().refuse(message(sender=sender)) is None


def test_sms_and_whatsapp_may_share_a_request() -> None:
    """The prefix says how each number is reached; texts and senders must agree."""
    mixed = message(), message("+60166600267", Channel.WHATSAPP)
    assert adapter().group(mixed[0]) == adapter().group(mixed[1])
    assert sent(*mixed)["to"] == "60123240066,whatsapp:60166600267"
    assert adapter().group(message("+6591234567", sender="A")) != adapter().group(message("+6591234567", sender="B"))


def test_a_whatsapp_text_has_a_length_of_its_own() -> None:
    """No parts and no RM0; the longest is a setting."""
    assert adapter(longest_whatsapp=5).refuse(message(channel=Channel.WHATSAPP, text="ж" * 5)) is None
    refusal = adapter(longest_whatsapp=5).refuse(message(channel=Channel.WHATSAPP, text="ж" * 6))
    assert refusal is not None
    assert (refusal.code, refusal.fault) == ("too_long", MESSAGE)


@pytest.mark.parametrize(("number", "longest"), [("+60123240066", 156), ("+6591234567", 160)])
def test_what_is_put_in_front_counts(number: str, longest: int) -> None:
    """`RM0 ` takes 4 of the 160 characters of an SMS to Malaysia, and none of one to elsewhere."""
    one_part = adapter(max_parts=1)
    assert one_part.refuse(message(number, text="a" * longest)) is None
    assert one_part.refuse(message(number, text="a" * (longest + 1))) is not None


@pytest.mark.parametrize(("country", "parts"), [("MY", 2), ("SG", 1)])
def test_a_mapping_counts_what_is_put_in_front(country: str, parts: int) -> None:
    """The parts a mapping reckons with are those of the text that arrives, and so are its limits."""
    account = AccountCapability("bulk360-my", "bulk360", adapter(max_parts=parts).account_capability())
    assert first_fit([account], Channel.SMS, country, "a" * 160).parts == parts
    with pytest.raises(Misfit):
        first_fit([account], Channel.SMS, country, "a" * 307)


def test_a_mapping_may_send_whatsapp_and_no_voice() -> None:
    """What the guide has no words for is refused when the mapping is checked against the account."""
    account = AccountCapability("bulk360-my", "bulk360", adapter().account_capability())
    assert first_fit([account], Channel.WHATSAPP, "MY", "a" * 3000).accounts == ("bulk360-my",)
    with pytest.raises(Misfit, match="it carries sms, whatsapp"):
        first_fit([account], Channel.VOICE, "MY", "Hi")


NUMBERS = st.integers(8, 15).flatmap(lambda digits: st.integers(10 ** (digits - 1), 10**digits - 1)).map("+{}".format)
MESSAGES = st.lists(
    st.builds(message, NUMBERS, st.sampled_from([Channel.SMS, Channel.WHATSAPP]), st.sampled_from(["Hi", "Ho"])),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(messages=MESSAGES)
def test_to_never_exceeds_the_guide_s_150_characters(messages: list[Message]) -> None:
    """However long the numbers, and with prefixes or without, every batch fits, and no message is left out."""
    bulk360: Any = adapter()
    batches = batches_of(bulk360, messages, {})
    requests = [dict(bulk360.send(batch).form or {}) for batch in batches]
    assert all(len(request["to"]) <= 150 for request in requests)
    assert sorted(m.id for batch in batches for m in batch.messages) == sorted(m.id for m in messages)


@pytest.mark.parametrize(
    ("digits", "channel", "fit"), [(11, Channel.SMS, 12), (15, Channel.SMS, 9), (11, Channel.WHATSAPP, 7)]
)
def test_as_many_numbers_travel_as_fit(digits: int, channel: Channel, fit: int) -> None:
    """12 numbers of 11 digits, fewer of longer ones or with the prefix: no request is smaller than it must be."""
    messages = [message(f"+{10 ** (digits - 1) + place}", channel) for place in range(100)]
    bulk360: Any = adapter()
    sizes = [len(batch.messages) for batch in batches_of(bulk360, messages, {})]
    assert sizes[0] == fit
    assert len(sizes) == -(-100 // fit)


# answers


def test_several_are_matched_by_number_in_any_order() -> None:
    """Each row is its number's, wherever it stands, as a number or a word, with the prefix or without."""
    told = several(
        row("60166600267", "200"),
        {**row("60102200533", 402), "to": 60102200533},
        row("whatsapp:60126660125", ref="W1"),
        row("60111111111"),
    )
    assert outcomes(told, "+60126660125", "+60166600267", "+60102200533", "+60123240066") == [
        (State.ACCEPTED, "W1", None),
        (State.ACCEPTED, "E0267", None),
        (State.REJECTED, "E0533", "402"),
        (State.UNKNOWN, None, "left_out"),
    ]


def test_one_of_many_that_cannot_be_read_takes_no_other_with_it() -> None:
    """A row that is none, one without a code and one of an unlisted code are in doubt; the rest is told."""
    broken: Any = "not a row"
    told = several(broken, row("60123240066"), row("60102200533", None), row("60166600267", 999), row("1", 500))
    assert [state for state, _, _ in outcomes(told, "+60123240066", "+60102200533", "+60166600267", "+1")] == [
        State.ACCEPTED, State.UNKNOWN, State.UNKNOWN, State.UNKNOWN
    ]  # fmt: skip


def test_of_two_rows_of_one_number_the_accepted_one_counts() -> None:
    """What may have been sent is never called refused."""
    told = several(row("60123240066", 400), row("60123240066", 200), row("60123240066", 400))
    assert outcomes(told, "+60123240066") == [(State.ACCEPTED, "E0066", None)]


@pytest.mark.parametrize("http", [200, 202, 400, 401, 500])
def test_the_body_s_code_decides(http: int) -> None:
    """Whatever the HTTP status is."""
    assert outcomes(answer(http, row("60123240066")), "+60123240066") == [(State.ACCEPTED, "E0066", None)]
    with pytest.raises(Refused):
        outcomes(said(405, http=http), "+60123240066")
    with pytest.raises(MayHaveLeft):
        outcomes(said(500, http=http), "+60123240066")


def test_the_one_message_of_a_flat_answer_needs_no_number() -> None:
    """`to` may be missing where there is one; another number's is not ours."""
    assert outcomes(answer(200, {"code": 200, "ref": "E1"}), "+60123240066") == [(State.ACCEPTED, "E1", None)]
    assert outcomes(answer(200, row("60199999999")), "+60123240066") == [(State.UNKNOWN, None, "left_out")]


def test_banned_content_refuses_every_message_at_once() -> None:
    """The text is the same for all, so none of them is tried again in a smaller batch."""
    assert outcomes(said(407), "+60123240066", "+60102200533") == [(State.REJECTED, None, "407")] * 2


def test_an_account_s_fault_that_all_rows_tell_is_the_whole_s() -> None:
    """Nobody was sent to for want of credit: the messages wait, and are not rejected."""
    with pytest.raises(Refused) as refusal:
        outcomes(several(row("60123240066", 402), row("60102200533", 402)), "+60123240066", "+60102200533")
    assert (refusal.value.failure.code, refusal.value.failure.fault) == ("402", ACCOUNT)


def test_a_code_of_no_table_leaves_doubt() -> None:
    """With a status that says yes nobody knows what it means; with one that says no it is a refusal."""
    with pytest.raises(Unreadable):
        outcomes(said(299), "+60123240066")
    with pytest.raises(Refused):
        outcomes(said(499, http=400), "+60123240066")


@pytest.mark.parametrize(("word", "state"), [("DELIVERED", State.DELIVERED), ("UNDELIVERED", State.UNDELIVERED)])
def test_the_table_s_words_are_taken_as_codes_too(word: str, state: State) -> None:
    """The guide lists them among the response codes."""
    assert outcomes(answer(200, row("60123240066", word)), "+60123240066")[0][0] is state


def test_every_response_code_has_its_row() -> None:
    """Each code of the guide's table, and no other; each no says whose fault it is and what to do."""
    assert set(RESPONSES) == set(GUIDE["Response Code"]["codes"])
    for code, known in RESPONSES.items():
        if known.state is State.REJECTED:
            assert known.blame[0] is not Fault.UNKNOWN, code
            assert known.blame[2]


# the token


def test_the_token_is_asked_for_as_the_guide_says() -> None:
    """A form with the client credentials grant, without a token."""
    request = adapter().token_grant().request()
    assert (request.method, request.path, request.needs_token, request.sends) == ("POST", "oauth/token", False, False)
    assert request.form == {
        "grant_type": "client_credentials", "client_id": "key-secret", "client_secret": "app-secret"
    }  # fmt: skip


def test_a_token_is_read() -> None:
    """The guide's example; the token does not show when printed."""
    told = answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "jwt-secret"})
    token = adapter().token_grant().read(told)
    assert (token.value.get_secret_value(), token.lives_for) == ("jwt-secret", 3600)
    assert "jwt-secret" not in repr(token)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_wrong_credentials_are_the_account_s_fault(status: int) -> None:
    """The guide's example of a wrong combination, whatever its HTTP status."""
    wrong = {"error": "invalid_client", "error_description": "Client authentication failed"}
    with pytest.raises(Refused) as refusal:
        adapter().token_grant().read(answer(status, wrong))
    assert (refusal.value.failure.fault, refusal.value.failure.retry) == (ACCOUNT, Retry.WHEN_MENDED)


@pytest.mark.parametrize("body", [{}, {"access_token": "x"}, {"access_token": "", "expires_in": 60}, []])
def test_an_answer_without_a_token_is_unreadable(body: object) -> None:
    """A token without an end, or none, is not what the guide describes; the sentence does not repeat it."""
    with pytest.raises(Unreadable):
        adapter().token_grant().read(answer(200, body))


@pytest.mark.parametrize(
    ("response", "turned_away"),
    [
        (Response(401, {}, b"Unauthorized"), True),
        (answer(401, {"message": "Unauthenticated."}), True),
        (said(401), True),
        (said(401, http=403), True),
        (several(row("60123240066", 401), row("60102200533", 401)), True),
        (several(row("60123240066", 401), row("60102200533", 200)), False),
        (answer(401, row("60123240066")), False),
        (said(403), False),
        (Response(500, {}, b"error 401"), False),
        (answer(200, row("60123240401")), False),
    ],
)
def test_a_token_is_turned_away_only_where_nothing_was_done(response: Response, turned_away: bool) -> None:
    """401 by status or by code; never when any number may have been sent to."""
    assert adapter().token_grant().turned_away(response) is turned_away


def test_doctor_asks_for_a_token() -> None:
    """It says how long tokens live; there is no asking for the balance."""
    told = answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "x"})
    findings = returned(adapter().check(), iter([told]))
    assert [(finding.subject, finding.ok) for finding in findings] == [("credentials", True)]
    assert "3600 s" in findings[0].text
    assert returned(adapter().balance(), iter([])) is None


# delivery notifications


@pytest.mark.parametrize("carrier", ["query", "form", "json"])
def test_a_notification_comes_by_any_carrier(carrier: str) -> None:
    """The guide does not show how it travels: the same is read from each."""
    (news,) = adapter().hook(notified(carrier)).news
    assert (news.state, news.word, news.failure) == (State.DELIVERED, "DELIVERED 000", None)
    assert (news.provider_id, news.phone, news.counts_again) == ("5515023", "+60123240066", True)
    assert news.key == adapter().hook(notified()).news[0].key


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"status": "delivered"}, State.DELIVERED, None),
        ({"status": "DELIVERED", "error-code": "501"}, State.DELIVERED, None),
        ({"status": "UNDELIVERED", "error-code": "501"}, State.UNDELIVERED, "501"),
        ({"status": "UNDELIVERED", "error-code": "0"}, State.UNDELIVERED, "000"),
        ({"status": "UNDELIVERED", "error-code": None}, State.UNDELIVERED, "UNDELIVERED"),
        ({"status": "UNDELIVERED", "error-code": "552"}, State.EXPIRED, "552"),
        ({"status": "UNDELIVERED", "error-code": "999"}, State.UNDELIVERED, "999"),
        ({"status": "TELEPORTED"}, None, None),
    ],
)
def test_what_a_notification_means(changes: dict[str, Any], state: State | None, code: str | None) -> None:
    """The status decides and the error code says why; words and codes of no table are kept and shown."""
    (news,) = adapter().hook(notified(**changes)).news
    assert (news.state, news.failure.code if news.failure else None) == (state, code)


def test_a_person_who_opted_out_is_heard() -> None:
    """571 is a stop, and no other code is."""
    opted_out = {
        code for code in DN_ERRORS
        if (failure := adapter().hook(notified(status="UNDELIVERED", **{"error-code": code})).news[0].failure)
        and failure.opted_out
    }  # fmt: skip
    assert opted_out == {"571"}


def test_every_dn_error_code_has_its_row() -> None:
    """Each code of the guide's table, and no other, with words and what to do."""
    assert set(DN_ERRORS) == set(GUIDE["Error Code"]["codes"])
    assert all(words and advice for words, (_, _, advice) in DN_ERRORS.values())


def test_the_webhook_has_the_guide_s_parameters() -> None:
    """By their names."""
    assert [field.name for field in WEBHOOKS[0].fields] == GUIDE["Delivery Notification (DN)"]["parameters"]


@pytest.mark.parametrize(
    "msisdn",
    [
        "60123240066",
        "+60123240066",
        " whatsapp:60123240066",
        "0060123240066",
        "+60 12-324 0066",
        "WhatsApp:+60123240066",
    ],
)
def test_a_number_is_read_however_it_is_written(msisdn: str) -> None:
    """As E.164, so that it finds the message where the id does not."""
    assert adapter().hook(notified(msisdn=msisdn)).news[0].phone == "+60123240066"


def test_claims_outlast_a_send_whose_token_is_renewed() -> None:
    """A token, a send turned away, another token and the send again: each may take as long as an answer may."""
    assert adapter(read_timeout=7).settings.longest_answer == 28


@pytest.mark.parametrize("changes", [{"status": None}, {"msgid": None, "msisdn": None}, {"msgid": "", "msisdn": "x"}])
def test_a_notification_that_says_nothing_is_refused(changes: dict[str, Any]) -> None:
    """Without a status, or without anything that says whose it is, it is answered with 400."""
    with pytest.raises(Refused) as refusal:
        adapter().hook(notified("form", **changes))
    assert refusal.value.status == 400


@settings(max_examples=100, deadline=None)
@given(fields=st.dictionaries(st.sampled_from([*DN, "x"]), st.text(max_size=20)), body=st.binary(max_size=20))
def test_any_notification_is_read_or_refused(fields: dict[str, str], body: bytes) -> None:
    """Nothing but news or a refusal with 400 comes of anything."""
    for request in (
        HookRequest("delivery", "GET", fields, {}, b"", ""),
        HookRequest("delivery", "POST", {}, fields, body, "application/x-www-form-urlencoded"),
        HookRequest("delivery", "POST", {}, {}, body, "application/json"),
        HookRequest("delivery", "POST", {}, {}, json.dumps(fields).encode(), "application/json"),
    ):
        try:
            told = len(adapter().hook(request).news)
        except Refused as refusal:
            told = refusal.status
        assert told in (1, 400)


def test_the_form_is_what_a_form_is() -> None:
    """A text of any script and any sign arrives as it was written."""
    text = "您好, A&B=C + 100% ✓"
    assert parse_qs(urlencode(sent(message(text=text))))["text"] == [text]
