"""The shape of a mapping file, as pydantic models: read top to bottom in the order data flows.

`schema_json` gives it to editors, for completion. What only meaning can tell (names, expressions, routes) is checked
when the file is compiled and checked, not here.
"""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from connector.mapping.channel_sections import Clic, Email, Landing, Voice, WhatsApp
from connector.mapping.lookup_section import LookupSection
from connector.mapping.notation import (
    Accounts,
    Clock,
    Duration,
    FieldOfObject,
    FieldPath,
    Name,
    Rank,
    Setting,
    Settings,
    Text,
    Truth,
    Version,
    as_text,
)
from connector.mapping.section import Section
from connector.model.messages import Channel, Encoding


class Source(Section):
    """Which records ask for a message, how one is claimed, and which come first."""

    object: FieldPath
    where: Text
    claim: Settings
    rank: list[Rank] = Field(default=[])


class Choice(Section):
    """A field's value, translated by `values` if they are given; `default` stands in for null only."""

    field: FieldPath
    values: dict[str, Text] | None = None
    default: Text | None = None


def _choice(value: Any) -> Any:
    """A plain word stands for itself."""
    return value if isinstance(value, dict) else as_text(value)


ChoiceOrText = Annotated[
    Choice | str,
    BeforeValidator(_choice),
]


class Recipient(Section):
    """The phone field, the field of the e-mail address, and the region: a field, a country code, or a choice. National
    numbers are read in it, and an e-mail's hours kept."""

    field: FieldPath | None = None
    email: FieldPath | None = None
    region: ChoiceOrText | None = None

    @model_validator(mode="after")
    def _somewhere_to_send(self) -> "Recipient":
        if self.field is None and self.email is None:
            raise ValueError("the key `field` is missing in `message.to`; name the phone field, or `email` for e-mails")
        return self


class Hours(Section):
    """When messages may arrive; `zone` is `recipient` or an IANA time zone."""

    from_: Clock = Field(alias="from")
    to: Clock
    zone: Text = "recipient"


class ResendUnknown(Section):
    """Sends again what may have been sent: only for who says twice that a person may get it twice."""

    resend_after: Duration
    may_send_twice: Truth = False

    @model_validator(mode="after")
    def _said_twice(self) -> "ResendUnknown":
        if not self.may_send_twice:
            raise ValueError(
                "sending again after an unknown outcome can send a message twice; "
                "say so with `may_send_twice: true`, or write `on_unknown: hold`"
            )
        return self


def _on_unknown(value: Any) -> Any:
    if isinstance(value, dict) or value == "hold":
        return value
    raise ValueError("write `hold`, or {resend_after: 30m, may_send_twice: true}")


OnUnknown = Annotated[Literal["hold"] | ResendUnknown, BeforeValidator(_on_unknown)]


class MessageSection(Section):
    """The message that a record makes."""

    to: Recipient
    text: Text
    channel: ChoiceOrText = Channel.SMS.value
    sender: Text | None = None
    campaign: Text | None = None
    whatsapp: WhatsApp | None = None
    email: Email | None = None
    voice: Voice | None = None
    landing: Landing | None = None
    clic: Clic | None = None
    kind: Name | None = None
    send_at: Text | None = None
    valid_for: Duration | None = None
    consent: list[FieldPath] = Field(default=[])
    hours: Hours | None = None
    on_unknown: OnUnknown = "hold"


class Route(Section):
    """The account that takes a message; of several, the next takes what never left the one before."""

    when: Text | None = None
    account: Accounts


class StatusWrite(Section):
    """What is written to the record."""

    set: Settings


class OnStatus(Section):
    """What each end of a message writes; `failed` stands for rejected, failed, undelivered and expired without a word
    of their own."""

    accepted: StatusWrite | None = None
    sent: StatusWrite | None = None
    delivered: StatusWrite | None = None
    failed: StatusWrite | None = None
    rejected: StatusWrite | None = None
    undelivered: StatusWrite | None = None
    expired: StatusWrite | None = None
    held: StatusWrite | None = None
    unknown: StatusWrite | None = None
    cancelled: StatusWrite | None = None


StatusWord = Literal[
    "accepted", "sent", "delivered", "failed", "rejected", "undelivered", "expired", "held", "unknown", "cancelled"
]


class Activity(Section):
    """The activity a message leaves, upserted by `key`."""

    on: Annotated[list[StatusWord], Field(min_length=1)]
    object: FieldPath
    key: FieldPath
    set: Settings


class MatchBy(Section):
    """How a reply or a stop finds its record: by the message it answers, or by the number, or the e-mail address, in
    one of the fields `in`."""

    by: Literal["message", "phone", "address"]
    in_: list[FieldOfObject] = Field(default=[], alias="in")

    @model_validator(mode="after")
    def _fields_fit(self) -> "MatchBy":
        if self.by == "phone" and not self.in_:
            raise ValueError("a match by phone needs the fields to look in: in: [Contact.MobilePhone]")
        if self.by == "address" and not self.in_:
            raise ValueError("a match by address needs the fields to look in: in: [Contact.Email]")
        if self.by == "message" and self.in_:
            raise ValueError("`in` belongs to a match by phone or by address")
        return self


class Create(Section):
    """A record made for a reply, upserted by `key`."""

    object: FieldPath
    key: FieldPath
    set: Settings


class OnReply(Section):
    """What a reply does."""

    match: Annotated[list[MatchBy], Field(min_length=1)]
    create: Create


ConsentSettings = Annotated[dict[FieldOfObject, Setting], Field(min_length=1)]


class ConsentSection(Section):
    """Fields written to records found by their number (`set`), and to those found by their e-mail address."""

    words: list[Text] = Field(default=[])
    set: ConsentSettings | None = None
    set_by_address: ConsentSettings | None = None

    @model_validator(mode="after")
    def _writes_something(self) -> Self:
        if self.set is None and self.set_by_address is None:
            raise ValueError(
                "the key `set` is missing; say what is written to records found by their number, or with "
                "`set_by_address` to those found by their e-mail address"
            )
        return self


class OnOptOut(ConsentSection):
    """Fields written, on every record that holds the number (`set`) or the e-mail address (`set_by_address`), when a
    person says stop to it; `words` are stop words besides the usual ones."""


class OnOptIn(ConsentSection):
    """Fields written, on every record that their stop was written to, when a person takes it back; `words` are start
    words besides the usual ones."""


class Expect(Section):
    """What a test expects; what is not named is not looked at."""

    to: Text | None = None
    country: Text | None = None
    text: Text | None = None
    channel: Text | None = None
    account: Text | None = None
    sender: Text | None = None
    campaign: Text | None = None
    parts: Annotated[int, Field(strict=True)] | None = None
    encoding: Encoding | None = None
    stop: list[Text] | None = None
    held: Truth | None = None
    refused: Text | None = Field(default=None, description="the code of the refusal, like phone_unreadable")
    stopped: Truth | None = Field(default=None, description="whether `lookup.stop` rejects the message")
    set: dict[str, Setting] | None = Field(default=None, description="what `lookup.set` writes to the record")


class Rehearsal(Section):
    """A record and what must come of it; fields that `given` leaves out are null, and so is what `lookup` leaves out of
    the result of the recipient's lookup."""

    name: Text | None = None
    given: dict[str, Any]
    lookup: dict[str, Any] | None = None
    expect: Expect


class MappingFile(Section):
    """One kind of message: what is read from the CRM, what is sent, and what is written back."""

    version: Version
    name: Name
    source: Source
    message: MessageSection
    lookup: LookupSection | None = None
    route: Annotated[list[Route], Field(min_length=1)]
    on_status: OnStatus
    activity: Activity | None = None
    on_reply: OnReply | None = None
    on_opt_out: OnOptOut | None = None
    on_opt_in: OnOptIn | None = None
    on_keyword: dict[Text, Text] = Field(default={}, description="what who sends a keyword is told, a text a keyword")
    tests: list[Rehearsal] = Field(default=[])


def schema_json() -> str:
    """The JSON Schema of a mapping file, for editors; `mappings/mapping.schema.json` is this text."""
    schema = MappingFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
