"""One mapping, compiled: the pure methods by which the rest of the connector uses it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from connector.mapping import apply, write_back
from connector.mapping.lookups import LookupPart
from connector.mapping.parts import (
    ActivityPart,
    Assignment,
    ConsentPart,
    MessagePart,
    ReadPart,
    ReplyPart,
    RoutePart,
    SendingHours,
    StatusPart,
)
from connector.mapping.plan import kept_fields, read_fields
from connector.mapping.template import Template
from connector.model.messages import Draft, PhoneMatch, Refusal, Reply, StateChange
from connector.model.records import RecordQuery, RecordWrite
from connector.model.states import State


@dataclass(frozen=True)
class RecordMapping:
    """What one mapping file says. Safe to share between threads; nothing here changes, talks or looks at the clock."""

    name: str
    object: str
    source: ReadPart
    message: MessagePart
    routes: tuple[RoutePart, ...]
    statuses: Mapping[State, StatusPart]
    activity: ActivityPart | None
    reply: ReplyPart | None
    opt_outs: ConsentPart
    opt_ins: ConsentPart
    stop_words: frozenset[str]
    start_words: frozenset[str]
    keyword_replies: Mapping[str, str] = field(default_factory=dict)
    lookup: LookupPart | None = None
    file: str = ""

    def accounts(self) -> tuple[str, ...]:
        """The accounts its routes name, each once, in order."""
        return tuple(dict.fromkeys(account.account for route in self.routes for account in route.accounts))

    def read(self, now: datetime) -> RecordQuery:
        """The query for records that ask for a message at `now` (aware)."""
        return apply.query(self, now)

    def draft(self, record: Mapping[str, Any], now: datetime) -> Draft | Refusal:
        """The message that a record (nested, as the CRM answers it) makes, or why it makes none."""
        return apply.draft(self, record, now)

    def claim_fields(self, token: str, expires: datetime, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that claim a record; `fields` are the draft's or refusal's."""
        return write_back.claim_fields(self, token, expires, fields)

    def while_held(self) -> dict[str, Any]:
        """What a record holds as long as nobody touches it while its message is held: the constants we wrote to it."""
        return write_back.while_held(self)

    def tells(self, state: State, passed: frozenset[State]) -> bool:
        """Whether the CRM may be told anything of a message that came to a state, past others."""
        return state in self._told_states or not self._told_states.isdisjoint(passed)

    @cached_property
    def _told_states(self) -> frozenset[State]:
        return frozenset(self.statuses) | (self.activity.on if self.activity is not None else frozenset())

    def on_change(self, change: StateChange) -> list[RecordWrite]:
        """What a new state writes: the record's update, and its activity where the mapping lists the state."""
        return write_back.on_change(self, change)

    def on_reply(self, reply: Reply, match: PhoneMatch | None) -> list[RecordWrite]:
        """What a reply writes; `match` is the record that the phone index found, if it was asked."""
        return write_back.on_reply(self, reply, match)

    def on_opt_out(self, matches: Sequence[PhoneMatch]) -> list[RecordWrite]:
        """What a person's stop writes to the records that hold the number, or the address."""
        return write_back.on_consent(self.opt_outs, matches)

    def on_opt_in(self, matches: Sequence[PhoneMatch]) -> list[RecordWrite]:
        """What taking a stop back writes to these records, which a stop was written to."""
        return write_back.on_consent(self.opt_ins, matches)

    def opt_out_fields(self, match: PhoneMatch) -> frozenset[str]:
        """The fields of a record that a stop writes."""
        return frozenset(each.field for each in self.opt_outs.of(match.object, by_address=match.by_address))

    def reply_phone_fields(self) -> tuple[tuple[str, str], ...]:
        """(object, phone field) in the order in which a reply's number is looked up."""
        return self.reply.phone_fields if self.reply is not None else ()

    def reply_address_fields(self) -> tuple[tuple[str, str], ...]:
        """(object, address field) in the order in which the address of who replied is looked up."""
        return self.reply.address_fields if self.reply is not None else ()

    def phone_index(self) -> tuple[tuple[str, str, str | None], ...]:
        """(object, phone field, opt-out field or None) of all numbers that the phone index must know."""
        return tuple(
            (name, field, self._opt_out_field(name, by_address=False)) for name, field in self.reply_phone_fields()
        )

    def address_index(self) -> tuple[tuple[str, str, str | None], ...]:
        """(object, address field, opt-out field or None) of all e-mail addresses that the phone index must know."""
        return tuple(
            (name, field, self._opt_out_field(name, by_address=True)) for name, field in self.reply_address_fields()
        )

    def status_parts(self) -> tuple[StatusPart, ...]:
        """What the keys of `on_status` became, each once."""
        return tuple({part.word: part for part in self.statuses.values()}.values())

    def assignments(self) -> Iterator[tuple[tuple[str | int, ...], Assignment]]:
        """Every field written from a record's fields, with its path in the mapping file."""
        sections: list[tuple[tuple[str | int, ...], tuple[Assignment, ...]]] = [
            (("source", "claim"), self.source.claim)
        ]
        if self.lookup is not None:
            sections.append((("lookup", "set"), self.lookup.set))
        sections += [(("on_status", part.word, "set"), part.set) for part in self.status_parts()]
        if self.activity is not None:
            sections.append((("activity", "set"), self.activity.upsert.set))
        if self.reply is not None:
            sections.append((("on_reply", "create", "set"), self.reply.create.set))
        for path, assignments in sections:
            yield from (((*path, assignment.field), assignment) for assignment in assignments)

    def templates(self) -> Iterator[tuple[tuple[str | int, ...], Template]]:
        """Every text of the message, and every one that is written, with its path in the mapping file."""
        message = self.message
        for key, template in (
            ("text", message.text),
            ("sender", message.sender),
            ("campaign", message.campaign),
            ("send_at", message.send_at),
        ):
            if template is not None:
                yield ("message", key), template
        for part in message.content:
            yield from part.templates()
        for path, assignment in self.assignments():
            if assignment.template is not None:
                yield path, assignment.template

    @property
    def matches_by(self) -> tuple[str, ...]:
        """The kinds of match (``message``, ``phone``, ``address``) in the order in which a reply tries them."""
        return self.reply.matches_by if self.reply is not None else ()

    @property
    def kind(self) -> str | None:
        """The consent scope."""
        return self.message.kind

    @property
    def hours(self) -> SendingHours | None:
        """When messages may arrive."""
        return self.message.hours

    @cached_property
    def kept_fields(self) -> tuple[str, ...]:
        """The record's fields that stay with the message for what is written later, by dotted name."""
        return kept_fields(assignment for _, assignment in self.assignments())

    @cached_property
    def read_fields(self) -> tuple[str, ...]:
        """All of the record's fields that any section names, by dotted name."""
        return read_fields(self.source, self.message, self.routes, self.kept_fields)

    @cached_property
    def paths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """`read_fields`, each with its steps."""
        return tuple((name, tuple(name.split("."))) for name in self.read_fields)

    def _opt_out_field(self, object_name: str, *, by_address: bool) -> str | None:
        """The field that says a person of this object has opted out: the one that the mapping sets to true."""
        for assignment in self.opt_outs.of(object_name, by_address=by_address):
            if assignment.constant is True:
                return assignment.field
        return None
