"""Messages on their way out, and what the people and providers at the other end say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.model.failures import Failure
from connector.model.states import State


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    VOICE = "voice"
    EMAIL = "email"
    LANDING = "landing"
    MMS = "mms"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    VIBER = "viber"
    LINE = "line"
    KAKAO_TALK = "kakaotalk"
    VOICEMAIL = "voicemail"


class Encoding(StrEnum):
    """The alphabet a text message is sent in (3GPP TS 23.038)."""

    GSM7 = "GSM-7"
    GSM_PT = "GSM-PT"
    UCS2 = "UCS-2"


def merge(pieces: tuple[str, ...], values: tuple[str, ...]) -> str:
    """The text that n+1 literal `pieces` around n `values` make."""
    if not values:
        return pieces[0]
    return "".join([text for pair in zip(pieces, values, strict=False) for text in pair]) + pieces[-1]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a mapping makes of one record: a message to be, with everything later steps need.

    `pieces` and `values` are the text taken apart: n+1 literal pieces around n values that came from data, so that a
    provider's merge fields can carry the values and data never stands inside a provider's template.
    `accounts` are the route's accounts in order. `fields` holds the record's values that write-backs will ask for.
    `stop` names the CRM consent fields that say no; `held_reason` a reason not to send yet.
    """

    object: str
    record_id: str
    to: str
    country: str
    pieces: tuple[str, ...]
    values: tuple[str, ...]
    channel: Channel
    accounts: tuple[str, ...]
    encoding: Encoding | None = None
    parts: int = 0
    sender: str | None = None
    campaign: str | None = None
    kind: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    held_reason: str | None = None

    @property
    def text(self) -> str:
        """The whole text as the recipient will read it."""
        return merge(self.pieces, self.values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record of which no message can be made; it goes onto the record as ``rejected``."""

    object: str
    record_id: str
    failure: Failure
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a provider's adapter sees it; `to` is E.164 with its plus, `id` is ours."""

    id: str
    to: str
    country: str
    pieces: tuple[str, ...]
    values: tuple[str, ...]
    channel: Channel = Channel.SMS
    sender: str | None = None
    campaign: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole text as the recipient will read it."""
        return merge(self.pieces, self.values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a provider's answer to a send says of one message.

    `state` is accepted, rejected (a documented refusal) or unknown. `provider_id` is the provider's id of the message,
    `provider_batch` its id of the campaign or sending that the request made.
    """

    message_id: str
    state: State
    provider_id: str | None = None
    provider_batch: str | None = None
    failure: Failure | None = None
    parts: int | None = None


class NewsKind(StrEnum):
    """What news is about."""

    STATUS = "status"
    REPLY = "reply"
    PART = "part"  # of a reply: `provider_id` names the whole, `word` its place as "2/3"; `connector.sync.joining`
    LOOKUP = "lookup"  # of no message: `provider_id` is the provider's id of a lookup that goes on


@dataclass(frozen=True, slots=True)
class News:
    """Something a provider told us, pushed or polled.

    `key` is made of the content, so that the same news told twice is one. The message it is about is named by any of
    `message_id` (ours, given back), `provider_id`, or `provider_batch` (or our `reference`) with `phone` (E.164).
    A status without `state` is a word we do not know: it is kept and shown, and moves nothing.
    `counts_again`: the same content told again is news again, for its guide says that the last one received is final.
    """

    kind: NewsKind
    key: str
    at: datetime | None = None
    state: State | None = None
    word: str = ""
    failure: Failure | None = None
    message_id: str | None = None
    reference: str | None = None
    provider_id: str | None = None
    provider_batch: str | None = None
    phone: str | None = None
    text: str | None = None
    opted_out: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)
    counts_again: bool = False


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A sent message of which news is still wanted; `sender` is its own, None where it was the account's."""

    id: str
    to: str
    state: State
    provider_id: str | None = None
    channel: Channel = Channel.SMS
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """One send request of which news is still wanted. `reference` is ours, `provider_batch` the provider's id of it.

    `goes_out_at` is when its messages are to go out, where the provider holds them for longer than `sent_at`.
    """

    reference: str
    sent_at: datetime
    provider_batch: str | None
    messages: tuple[OpenMessage, ...]
    goes_out_at: datetime | None = None

    @property
    def on_its_way_since(self) -> datetime:
        """From when on news of it can be expected, which may be to come."""
        return self.goes_out_at or self.sent_at

    @property
    def channel(self) -> Channel:
        """The channel of its messages, which is one, for only messages of one channel share a request."""
        return self.messages[0].channel if self.messages else Channel.SMS


@dataclass(frozen=True, slots=True)
class StateChange:
    """A message's new state with all that a write-back may speak of.

    `fields` are the record's values that the mapping asked to keep; `key` is ours, the same for every change of this
    message, so that an activity is upserted and never made twice. `passed` are states that the new one proves and
    nobody told of.
    """

    message_id: str
    object: str
    record_id: str
    state: State
    at: datetime
    to: str = ""
    text: str = ""
    channel: str = ""
    sender: str | None = None
    account: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    failure: Failure | None = None
    reason: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    passed: frozenset[State] = frozenset()

    @property
    def key(self) -> str:
        """The external id of this message's activity."""
        return f"m-{self.message_id}"


@dataclass(frozen=True, slots=True)
class PhoneMatch:
    """A CRM record that holds a number, or with `by_address` an e-mail address, as the phone index knows it."""

    object: str
    record_id: str
    field: str
    opted_out: bool = False
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply (MO) with what it answers, as far as that is known. `key` is the external id of its activity."""

    key: str
    text: str
    at: datetime
    phone: str | None
    account: str
    provider: str
    opted_out: bool = False
    message: StateChange | None = None
