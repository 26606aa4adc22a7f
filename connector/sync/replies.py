"""What a reply makes us owe the CRM."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.address import is_address
from connector.model.messages import NewsKind, PhoneMatch, Reply, StateChange, merge
from connector.model.states import State
from connector.store.writes import Owed
from connector.sync.parts import Parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Heard:
    """News of a person: a reply, an opt-out, or both. `news` is its inbox row, `at` when it was said."""

    news: Any
    message_id: str | None
    opted_out: bool
    at: datetime

    @property
    def is_reply(self) -> bool:
        """Whether it holds words of theirs, and not only a provider's note that they opted out."""
        return bool(self.news.kind == NewsKind.REPLY)

    def number(self, messages: Mapping[str, Any]) -> str | None:
        """Whose number it is: as told, else that of the message it answers."""
        if self.news.phone:
            return str(self.news.phone)
        row = messages.get(self.message_id or "")
        return row.to_number if row is not None else None


def reply_writes(
    parts: Parts,
    heard: Heard,
    messages: Mapping[str, Any],
    holders: Mapping[str, Sequence[PhoneMatch]],
) -> list[Owed]:
    """The activity for a reply; what a stop or a start word does beyond that, `connector.sync.consent` says."""
    row = messages.get(heard.message_id or "")
    number = heard.number(messages) or ""
    mapping = _mapping(parts, row, number)
    if mapping is None:
        if heard.is_reply:
            log.warning("reply_of_no_mapping", account=heard.news.account, news=heard.news.id)
        return []
    matches = holders.get(number, ())
    owed: list[Owed] = []
    if heard.is_reply:
        reply = _reply(heard, row)
        match = _match(mapping, row, matches)
        owed += [Owed(write, mapping.name, heard.message_id) for write in mapping.on_reply(reply, match)]
    return owed


def _mapping(parts: Parts, row: Any, number: str) -> RecordMapping | None:
    """That of the message; else the first that looks for what is told, number or address."""
    if row is not None:
        return parts.mappings.get(row.mapping)
    for mapping in parts.mappings.values():
        if mapping.reply_address_fields() if is_address(number) else mapping.reply_phone_fields():
            return mapping
    return None


def _looked_in(mapping: RecordMapping) -> tuple[tuple[str, str], ...]:
    """(object, field) in the mapping's own order; what a field holds is a number or an address, never both."""
    return (*mapping.reply_phone_fields(), *mapping.reply_address_fields())


def _match(mapping: RecordMapping, row: Any, matches: Sequence[PhoneMatch]) -> PhoneMatch | None:
    """Whose number or address it is: the person the message's record names, else the first by the mapping's order."""
    order = _looked_in(mapping)
    known = [match for match in matches if (match.object, match.field) in order]
    known.sort(key=lambda match: order.index((match.object, match.field)))
    if row is not None:
        named = set(row.fields.values())
        for match in known:
            if match.record_id in named:
                return match
        if "message" in mapping.matches_by and mapping.matches_by[0] == "message":
            return None  # the message knows its person better than a number that several may share
    return known[0] if known else None


def _reply(heard: Heard, row: Any) -> Reply:
    news = heard.news
    answered = None
    if row is not None:
        answered = StateChange(
            message_id=row.id,
            object=row.object,
            record_id=row.record_id,
            state=State(row.state),
            at=row.state_at,
            to=row.to_number,
            text=merge(tuple(row.pieces), tuple(row.values)),
            channel=row.channel,
            sender=row.sender,
            account=row.account,
            provider_id=row.provider_id,
            fields=row.fields,
        )
    return Reply(
        key=f"r-{hashlib.sha256(f'{news.account} {news.key}'.encode()).hexdigest()[:32]}",
        text=news.text or "",
        at=heard.at,
        phone=heard.number({row.id: row} if row is not None else {}),
        account=news.account,
        provider=news.provider,
        opted_out=heard.opted_out,
        message=answered,
    )
