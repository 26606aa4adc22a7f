"""What every adapter promises, whatever its guide says. A provider's own test file declares; the tests are here."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.capability import Capability
from connector.model.errors import ConnectorError, MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, Message, News, OpenBatch, OpenMessage, Outcome
from connector.model.states import WITH_THE_PROVIDER, State
from connector.providers.base import Batch, Conversation, HookRequest, Provider
from connector.providers.exchange import Request, Response
from connector.providers.registry import adapter_of

REFERENCE = "01JCONTRACT"
SECRET_TEXT = "the appointment nobody may read of"
SINCE = datetime(2026, 11, 1, 12, tzinfo=UTC)
INHERITED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 10**12)
    | st.sampled_from(["34666555000", "4498987000", REFERENCE, f"x ~{REFERENCE}", "sent", "inserted", "😀"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "id", "code", "status"]), inner)
    ),
    max_leaves=6,
)
ROW_FIELDS = ["accepted", "to", "id", "parts", "error", "events", "name", "sendings", "cellphone", "status", "response"]
ROWS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(ROW_FIELDS, JSON_VALUES)) | JSON_VALUES, max_size=3)
BODIES = JSON_VALUES | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(["campaign", "sendingId", "error", "meta", "name", "campaign_status"], JSON_VALUES)
    | dict.fromkeys(["message", "ID", "Status", "ErrorID", "Error ID"], JSON_VALUES)
    | dict.fromkeys(["result", "results", "data"], ROWS),
)
HOOK_FIELDS = ["response", "cellphone", "rellphone", "message_id", "date", "id", "event", "eventDate", "campaignName"]
HOOK_FIELDS += ["message", "phone", "status", "x", "sms_id", "delivery_status", "from", "to", "body", "error_code"]
HOOK_FIELDS += ["ID", "GUID", "MobileNo", "Status", "ReferenceID", "DateTime", "Calltime", "Reason", "ErrorLogsID"]
TEXTS = st.lists(
    st.sampled_from(
        ["Hola ", "{v0}", "{name|upper}", "{", "}", "[link]", "<+B+>", "<+C", "+>", "~", "ñ", "€", "😀", "$1"]
    ),
    max_size=4,
).map("".join)
PIECES_AND_VALUES = st.lists(st.tuples(TEXTS, TEXTS), max_size=7)


@dataclass(frozen=True)
class DocumentedError:
    """An error the guide documents, and how it is to be sorted."""

    response: Response
    code: str
    fault: Fault
    retry: Retry


def answer(status: int, body: object, **headers: str) -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json", **headers}, json.dumps(body).encode())


class EarlyEnd(Exception):
    """A conversation ended before it had asked for every answer prepared for it."""


def told(conversation: Conversation[Any], *responses: Response) -> list[News]:
    """The news of a conversation that is given these responses in turn, and no more than these."""
    news, left = [], list(responses)
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Request):
                step = conversation.send(left.pop(0))
            else:
                news.extend(step)
                step = conversation.send(None)
    except StopIteration:
        if left:
            raise EarlyEnd(f"{len(left)} answers were not asked for") from None
    return news


def returned(conversation: Conversation[Any], responses: Iterator[Response]) -> Any:
    """What a conversation returns."""
    try:
        next(conversation)
        while True:
            conversation.send(next(responses))
    except StopIteration as end:
        return end.value


class AdapterContract:
    """The suite of every adapter, whatever its accounts speak. A subclass sets `adapter` and `account`, and says in its
    guide's words what is asked of it below."""

    adapter: ClassVar[type[Provider[Any]]]
    account: ClassVar[Mapping[str, Any]]
    secrets: ClassVar[Sequence[str]]
    number: ClassVar[str]
    country: ClassVar[str]
    longest: ClassVar[Mapping[str, int]]
    errors: ClassVar[Sequence[DocumentedError]]
    hooks: ClassVar[Sequence[HookRequest]]
    contents: ClassVar[Mapping[Channel, Mapping[str, Any]]] = {}
    """What a message of a channel needs beyond its text."""
    names_campaigns: ClassVar[bool] = True
    """Whether the guide has a field for a campaign's name."""
    shares_requests: ClassVar[bool] = True
    """Whether a request may hold more than one message."""

    def accepting(self, batch: Batch) -> Response:
        """The guide's answer when the whole batch is accepted."""
        raise NotImplementedError

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """(number as E.164, text) for each recipient, merged as the guide says and not as the adapter does."""
        raise NotImplementedError

    def campaign_name(self, request: Request) -> str:
        """The field our reference travels in."""
        raise NotImplementedError

    def reference(self, request: Request) -> str | None:
        """Our reference as it travels; None where the guide has no field for it."""
        name = self.campaign_name(request)
        assert " ~" in name
        return name.rpartition(" ~")[2]

    def made(self, **options: Any) -> Provider[Any]:
        """The adapter with its account's settings."""
        return self.adapter("main", self.adapter.options.model_validate({**self.account, **options}))

    def message(self, place: int = 0, **changes: Any) -> Message:
        """An ordinary message; `place` tells it from others."""
        to = self.number[:-3] + f"{place:03d}"
        ordinary = Message(f"m{place}", to, self.country, ("Hola ", ", nos vemos."), (f"Ana {place}",), sender="TEST")
        return replace(ordinary, **changes)

    def batch(self, size: int = 3) -> Batch:
        """Messages of one group, as many of `size` as a request may hold; of one text where nothing is merged."""
        capability = self.adapter.capability
        alike = {} if capability.merges_values else {"pieces": ("Hola, nos vemos.",), "values": ()}
        return Batch(
            REFERENCE, tuple(self.message(place, **alike) for place in range(min(size, capability.batch_ceiling)))
        )

    def open_batch(self, size: int = 3) -> OpenBatch:
        """The batch, accepted, without word of what became of it."""
        messages = tuple(OpenMessage(m.id, m.to, State.ACCEPTED, None) for m in self.batch(size).messages)
        return OpenBatch(REFERENCE, SINCE, "100001", messages)

    # what it is

    def test_is_registered_under_its_name(self) -> None:
        """The registry knows the adapter by the name its options and capability use."""
        assert adapter_of(self.adapter.name, self.account.get("protocol")) is self.adapter
        assert self.made().settings.provider == self.adapter.name
        assert self.adapter.capability.provider == self.adapter.name

    @pytest.mark.parametrize(
        ("declared", "method"),
        [
            ("polls_statuses", "statuses"),
            ("polls_replies", "replies"),
            ("replies_by_batch", "replies_to"),
            ("lists_sendings", "resolve"),
            ("pushes", "hook"),
        ],
    )
    def test_capability_is_honest(self, declared: str, method: str) -> None:
        """What the capability declares is what the adapter implements, no more and no less."""
        overridden = getattr(self.adapter, method) is not getattr(Provider, method)
        assert bool(getattr(self.adapter.capability, declared)) == overridden

    def test_last_words_are_of_channels_that_are_sent(self) -> None:
        """A channel that is told of no further than ``accepted`` or ``sent`` is one of those that the adapter sends."""
        can = self.adapter.capability
        assert set(can.last_word) <= can.channels
        assert set(can.last_word.values()) <= set(WITH_THE_PROVIDER)
        assert all(can.furthest(channel) is State.DELIVERED for channel in can.channels - set(can.last_word))

    def test_every_declared_hook_is_heard(self) -> None:
        """Each webhook the capability names has an example here, and the adapter reads it."""
        assert {hook.name for hook in self.hooks} == set(self.adapter.capability.pushes)
        assert all(self.made().hook(hook).news for hook in self.hooks)

    def test_unknown_settings_are_refused(self) -> None:
        """A misspelt key in the settings is an error, not silence."""
        with pytest.raises(ValueError, match="tokne"):
            self.made(tokne="x")

    def test_secrets_are_not_shown(self) -> None:
        """Printing the account's settings shows none of its secrets."""
        assert self.secrets
        assert not any(secret in repr(self.made().settings) for secret in self.secrets)

    def test_the_content_of_a_channel_is_declared(self) -> None:
        """What a message needs and has beyond its text is what the capability says of its channel."""
        can = self.made().account_capability()
        assert set(can.content) <= can.channels
        for channel, content in self.contents.items():
            assert set(content) <= can.content[channel].takes
            assert not can.content[channel].missing(content)

    # sending

    def test_an_ordinary_message_is_not_refused(self) -> None:
        """A message within the guide's limits is sent."""
        assert self.made().refuse(self.message()) is None

    @pytest.mark.parametrize("channel", list(Channel))
    def test_other_channels_are_refused(self, channel: Channel) -> None:
        """A channel the account does not carry is refused, and is the mapping's fault."""
        adapter = self.made()
        to = {"to": "ana@example.com"} if channel is Channel.EMAIL else {}
        refusal = adapter.refuse(self.message(channel=channel, content=self.contents.get(channel, {}), **to))
        assert adapter.account_capability().channels <= self.adapter.capability.channels
        if channel in adapter.account_capability().channels:
            assert refusal is None
        else:
            assert refusal is not None
            assert refusal.fault is Fault.MAPPING

    @pytest.mark.parametrize("character", ["a", "€", "ж", "😀"])
    def test_the_longest_text_is_sent_and_one_character_more_is_refused(self, character: str) -> None:
        """What does not fit is refused before it is sent, and what just fits is not."""
        longest = character * self.longest[character]
        assert self.made().refuse(self.message(pieces=("", ""), values=(longest,))) is None
        too_long = self.made().refuse(self.message(pieces=("", ""), values=(longest + character,)))
        assert too_long is not None
        assert (too_long.code, too_long.fault) == ("too_long", Fault.MESSAGE)

    @pytest.mark.parametrize("text", ["", "\ud83d"])
    def test_what_no_alphabet_holds_is_refused(self, text: str) -> None:
        """An empty text and half a character are the message's fault, and raise nothing."""
        refusal = self.made().refuse(self.message(pieces=(text,), values=()))
        assert refusal is not None
        assert refusal.fault is Fault.MESSAGE

    def test_one_template_is_one_group(self) -> None:
        """Messages that differ in their values only may share a request, or only those of one text where nothing is
        merged; other texts, campaigns or alphabets not."""
        adapter = self.made()
        first = self.message(1)
        alike = self.message(2) if self.adapter.capability.merges_values else self.message(2, values=first.values)
        group = adapter.group(first)
        assert ({group, adapter.group(alike)} == {adapter.group(first)}) is self.shares_requests
        assert group != adapter.group(self.message(2, pieces=("Adiós ", ".")))
        assert group != adapter.group(replace(alike, campaign="another")) or not self.names_campaigns
        assert group != adapter.group(self.message(2, values=("Ж",)))

    def test_a_send_is_marked_and_carries_our_reference(self) -> None:
        """A send is never repeated by whoever talks, and bears our reference wherever the guide has a field for it."""
        request = self.made().send(self.batch())
        assert request.sends
        assert self.reference(request) in (REFERENCE, None)

    @INHERITED
    @given(data=PIECES_AND_VALUES, last=TEXTS)
    def test_merging_gives_exactly_the_text(self, data: list[tuple[str, str]], last: str) -> None:
        """Merged as the guide says, each recipient reads message.text to the letter, whatever the data holds."""
        pieces = (*[piece for piece, _ in data], last)
        message = self.message(1, pieces=pieces, values=tuple(value for _, value in data))
        adapter = self.made()
        if adapter.refuse(message) is not None:
            return
        request = adapter.send(Batch(REFERENCE, (message,)))
        assert self.merged(request) == [(message.to, message.text)]

    def test_data_never_stands_in_the_template(self) -> None:
        """Every recipient reads his own text, and the values of one stand nowhere in another's."""
        batch = self.batch()
        assert self.merged(self.made().send(batch)) == [(m.to, m.text) for m in batch.messages]

    @INHERITED
    @given(data=PIECES_AND_VALUES)
    def test_without_merge_values_the_text_stands_as_it_is_or_is_refused(self, data: list[tuple[str, str]]) -> None:
        """An account that merges nothing sends the text itself, and refuses one that the provider would change."""
        pieces, values = (*[piece for piece, _ in data], ""), tuple(value for _, value in data)
        message = self.message(1, pieces=pieces, values=values)
        adapter = self.made(merge_values=False)
        refusal = adapter.refuse(message)
        if refusal is None:
            assert self.merged(adapter.send(Batch(REFERENCE, (message,)))) == [(message.to, message.text)]
            assert adapter.group(message) != adapter.group(self.message(2))
        else:
            assert refusal.fault is Fault.MESSAGE

    # answers

    def test_outcomes_come_in_the_batch_s_order(self) -> None:
        """One outcome a message, in the order asked, each with the provider's name for it or for the batch."""
        batch = self.batch(4)
        outcomes = self.made().read_send(batch, self.accepting(batch))
        assert [outcome.message_id for outcome in outcomes] == [message.id for message in batch.messages]
        assert {outcome.state for outcome in outcomes} == {State.ACCEPTED}
        assert all(outcome.provider_batch or outcome.provider_id for outcome in outcomes)

    def test_documented_errors_are_sorted(self) -> None:
        """Each error of the guide says whose fault it is and whether to try again, and nothing was sent."""
        assert self.errors
        for error in self.errors:
            with pytest.raises(Refused) as refusal:
                self.made().read_send(self.batch(), error.response)
            failure = refusal.value.failure
            assert (failure.code, failure.fault, failure.retry) == (error.code, error.fault, error.retry)
            assert failure.reason

    @pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b"[]", b"null", b'{"result": 1}', b'{"campaign": {}}'])
    def test_a_success_no_guide_describes_is_unreadable(self, body: bytes) -> None:
        """2xx with a body that says nothing of our messages is neither success nor refusal."""
        with pytest.raises(Unreadable):
            self.made().read_send(self.batch(), Response(200, {}, body))

    @INHERITED
    @given(body=BODIES, status=st.sampled_from([200, 202, 207, 400, 401, 404, 422, 500]))
    def test_any_json_is_sorted(self, body: object, status: int) -> None:
        """Whatever JSON comes, there are outcomes for every message or one of the four errors of the contract."""
        batch = self.batch()
        try:
            outcomes: list[Outcome] = self.made().read_send(batch, answer(status, body))
        except (Refused, MayHaveLeft, Unreadable):
            outcomes = []
        assert len(outcomes) in (0, len(batch.messages))

    # conversations

    @INHERITED
    @given(body=BODIES)
    def test_conversations_bear_any_json(self, body: object) -> None:
        """A poll that is answered with anything at all gives news or says that it cannot read it."""
        adapter = self.made()
        polls = [
            adapter.statuses([self.open_batch()]),
            adapter.replies(SINCE, SINCE + timedelta(hours=1)),
            adapter.resolve(self.open_batch()),
        ]
        for poll in polls:
            try:
                news = told(poll, *[answer(200, body)] * 4)
            except (Refused, MayHaveLeft, Unreadable, EarlyEnd):
                news = []
            assert all(isinstance(item, News) for item in news)

    def test_a_batch_without_the_provider_s_name_is_not_asked_for(self) -> None:
        """A batch whose answer was lost has nothing to be asked by, and costs no request."""
        lost = replace(self.open_batch(), provider_batch=None)
        assert told(self.made().statuses([lost])) == []

    # webhooks

    def test_redelivered_news_has_the_same_key(self) -> None:
        """A webhook that comes again is the same news, and another one is not."""
        adapter = self.made()
        first = [adapter.hook(hook).news[0].key for hook in self.hooks]
        again = [adapter.hook(hook).news[0].key for hook in self.hooks]
        assert first == again
        assert len(set(first)) == len(self.hooks)
        assert all(len(key) == 32 for key in first)

    def test_an_unknown_webhook_is_refused(self) -> None:
        """A webhook the provider does not have is 404, for the receiver to answer."""
        with pytest.raises(Refused) as refusal:
            self.made().hook(HookRequest("nonsense", "GET", {}, {}, b"", ""))
        assert refusal.value.status == 404

    @INHERITED
    @given(fields=st.dictionaries(st.sampled_from(HOOK_FIELDS), st.text(max_size=20)))
    def test_any_webhook_is_read_or_refused(self, fields: dict[str, str]) -> None:
        """No body makes a webhook fail in any other way than by a refusal."""
        for name in self.adapter.capability.pushes:
            try:
                heard = self.made().hook(HookRequest(name, "POST", fields, fields, b"", "")).news
            except Refused as refusal:
                heard = ()
                status = refusal.status
            else:
                status = 200
            assert status == (200 if heard else 400)

    def test_capability_limits_are_the_adapter_s(self) -> None:
        """The declared ceiling of a batch is one the settings accept, and one more is not where there is a ceiling."""
        capability: Capability = self.adapter.capability
        assert self.made(batch_size=min(capability.batch_ceiling, 10**9)).settings.batch_size > 0
        if capability.batch_ceiling < 10**9:
            with pytest.raises(ValueError, match="batch_size"):
                self.made(batch_size=capability.batch_ceiling + 1)


class ProviderContract(AdapterContract):
    """The suite of an adapter whose accounts speak HTTP."""

    def test_its_settings_name_it(self) -> None:
        """An account made in code needs not say again whose it is."""
        assert self.adapter.options.model_fields["provider"].default == self.adapter.name

    def test_a_wrong_credential_is_the_account_s_fault(self) -> None:
        """401 without a readable body still says that a person must mend the account."""
        with pytest.raises(Refused) as refusal:
            self.made().read_send(self.batch(), Response(401, {}, b"Unauthorized"))
        assert (refusal.value.failure.fault, refusal.value.failure.retry) == (Fault.ACCOUNT, Retry.WHEN_MENDED)

    def test_not_now_is_not_a_refusal_of_the_message(self) -> None:
        """429 says that nothing was done, and how long to wait."""
        with pytest.raises(Throttled) as throttled:
            self.made().read_send(self.batch(), answer(429, {}, **{"retry-after": "7"}))
        assert throttled.value.wait == 7
        assert throttled.value.failure.retry is Retry.LATER

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_server_s_fault_leaves_doubt(self, status: int) -> None:
        """After 5xx a message may have been sent, so it is never read as refused."""
        with pytest.raises(MayHaveLeft):
            self.made().read_send(self.batch(), Response(status, {}, b"<html>Bad gateway</html>"))

    def test_no_text_or_number_in_any_error(self) -> None:
        """What a provider says of a text or a number does not reach an exception, and so no log."""
        message = self.message(pieces=(SECRET_TEXT,), values=())
        number = message.to.lstrip("+")
        said = f"{SECRET_TEXT} to {number[2:]} is not accepted ({message.to})"
        for status in (400, 401, 404, 422, 429, 500):
            body = {"error": {"code": 999, "description": said[len(SECRET_TEXT) :], "information": said}}
            with pytest.raises(ConnectorError) as error:
                self.made().read_send(Batch(REFERENCE, (message,)), answer(status, body))
            assert SECRET_TEXT not in str(error.value)
            assert number[2:] not in str(error.value)

    @pytest.mark.parametrize("response", [Response(401, {}, b""), Response(500, {}, b""), Response(200, {}, b"<html>")])
    def test_doctor_hears_of_trouble_as_a_finding(self, response: Response) -> None:
        """What goes wrong with the credentials is a finding with advice, not an exception."""
        findings = returned(self.made().check(), iter([response] * 5))
        assert [finding for finding in findings if not finding.ok and finding.advice]
