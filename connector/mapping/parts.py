"""A mapping taken apart and compiled: what its sections became, ready to be applied to records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from connector.mapping.content import ContentPart
from connector.mapping.expression import Expression
from connector.mapping.template import Template
from connector.model.capability import AccountCapability
from connector.model.records import Ranked
from connector.model.states import State

FAILED = (State.REJECTED, State.FAILED, State.UNDELIVERED, State.EXPIRED)
"""The states that the word `failed` of a mapping stands for."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A field and what is written to it: a template, or a constant that is no text. `length` in characters, 0: any."""

    field: str
    template: Template | None
    constant: bool | int | float | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A constant, or a field's value, translated by `values` if they are given; `default` stands in for null."""

    constant: str | None = None
    field: str | None = None
    values: Mapping[str, str] | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class RoutePart:
    """Accounts, in order, for messages of which `when` is true (None: for all)."""

    when: Expression | None
    accounts: tuple[AccountCapability, ...]


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When messages may arrive: from `start` to `end` in `zone`, which is ``recipient`` or an IANA name."""

    start: time
    end: time
    zone: str


@dataclass(frozen=True, slots=True)
class ReadPart:
    """Which records are read. `where` still holds its ``{now}``."""

    where: tuple[str, ...]
    order: tuple[Ranked, ...]
    claim: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class MessagePart:
    """How a record becomes a message. `phone` and `email` are the fields that say whom it goes to."""

    phone: str | None
    email: str | None
    region: FieldChoice
    channel: FieldChoice
    text: Template
    sender: Template | None
    campaign: Template | None
    send_at: Template | None
    content: tuple[ContentPart, ...]
    kind: str | None
    valid_for: timedelta | None
    consent: tuple[str, ...]
    hours: SendingHours | None
    resend_unknown_after: timedelta | None


@dataclass(frozen=True, slots=True)
class UpsertPart:
    """A record made or brought up to date by its external id `key`."""

    object: str
    key: str
    set: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class ActivityPart:
    """The activity a message leaves in the states of `on`."""

    on: frozenset[State]
    upsert: UpsertPart


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """How a reply finds its record, and what is made of it. The fields to look in are (object, field)."""

    matches_by: tuple[str, ...]
    phone_fields: tuple[tuple[str, str], ...]
    address_fields: tuple[tuple[str, str], ...]
    create: UpsertPart


@dataclass(frozen=True, slots=True)
class ConsentPart:
    """What a stop, or its end, writes by object: to records found by their number, and to those by their address."""

    by_number: Mapping[str, tuple[Assignment, ...]]
    by_address: Mapping[str, tuple[Assignment, ...]]

    def of(self, object_name: str, *, by_address: bool) -> tuple[Assignment, ...]:
        """What is written to a record of the object."""
        return (self.by_address if by_address else self.by_number).get(object_name, ())

    def sections(self) -> tuple[tuple[str, Mapping[str, tuple[Assignment, ...]]], ...]:
        """Both, each with its key in the mapping file."""
        return ("set", self.by_number), ("set_by_address", self.by_address)


@dataclass(frozen=True, slots=True)
class StatusPart:
    """What a state writes to the record; `word` is the key of the mapping that says so."""

    word: str
    set: tuple[Assignment, ...]
