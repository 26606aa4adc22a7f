"""What a mapping makes of a record: the query that brings it, and the message it becomes. Pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from connector.mapping.content import EmptyText
from connector.mapping.expression import ExpressionFault, Names
from connector.mapping.fit import Misfit, first_fit
from connector.mapping.parts import FieldChoice, MessagePart
from connector.mapping.plan import flatten
from connector.mapping.template import Template, written
from connector.model.address import read_address
from connector.model.capability import AccountCapability
from connector.model.errors import UnreadableAddress, UnreadablePhone
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Draft, Refusal, merge
from connector.model.phone import read_phone
from connector.model.records import RecordQuery

if TYPE_CHECKING:
    from connector.mapping.record_mapping import RecordMapping


COUNTRY_CODE: Final = re.compile("[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class _Recipient:
    """A number in E.164 or an e-mail address, and its country (ISO alpha-2), "" where nothing tells it."""

    written: str
    country: str


class _Refused(Exception):
    def __init__(self, code: str, reason: str, fault: Fault = Fault.MESSAGE) -> None:
        super().__init__(reason)
        self.failure = Failure(code, reason, fault, Retry.WHEN_MENDED)


def query(mapping: "RecordMapping", now: datetime) -> RecordQuery:
    """The records that ask for a message at `now` (aware)."""
    literal = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return RecordQuery(
        object=mapping.object,
        fields=mapping.read_fields,
        where=literal.join(mapping.source.where),
        order=mapping.source.order,
    )


def draft(mapping: "RecordMapping", record: Mapping[str, Any], now: datetime) -> Draft | Refusal:
    """The message a record makes, or why it makes none; the reason is a sentence for who reads the record.

    `record` is nested as the CRM answers it; `now` stands in for a missing CreatedDate.
    """
    values = flatten(record, mapping.paths)
    kept = {name: values[name] for name in mapping.kept_fields}
    record_id = written(record.get("Id"))
    try:
        return _drafted(mapping, record_id, values, kept, now)
    except _Refused as refused:
        failure = refused.failure
    except Misfit as misfit:
        failure = misfit.failure
    except ExpressionFault as fault:
        failure = Failure("expression_failed", f"the mapping's {fault}", Fault.MAPPING, Retry.WHEN_MENDED)
    return Refusal(mapping.object, record_id, failure, kept)


def _drafted(
    mapping: "RecordMapping", record_id: str, values: dict[str, Any], kept: dict[str, Any], now: datetime
) -> Draft:
    message = mapping.message
    channel = _channel(message.channel, values)
    to = _mailbox(message, values) if channel is Channel.EMAIL else _phone(message, values)
    values["to.e164"], values["to.email"] = (None, to.written) if channel is Channel.EMAIL else (to.written, None)
    values["to.country"], values["channel"] = to.country, channel.value
    names = Names(values)
    texts = message.text.values(names)
    text = merge(message.text.pieces, texts)
    if not text.strip():
        raise _Refused("text_empty", "the text of the message is empty; fill the fields it is made of")
    content = _content(message, channel, names)
    fit = first_fit(_route(mapping, names), channel, to.country, text, content)
    send_at = _instant(message.send_at, names)
    begins = send_at or _read_instant(values.get("CreatedDate"), "CreatedDate") or now
    return Draft(
        object=mapping.object,
        record_id=record_id,
        to=to.written,
        country=to.country,
        pieces=message.text.pieces,
        values=texts,
        channel=channel,
        accounts=fit.accounts,
        encoding=fit.encoding,
        parts=fit.parts,
        sender=_optional(message.sender, names),
        campaign=_optional(message.campaign, names),
        kind=message.kind,
        send_at=send_at,
        expires_at=begins + message.valid_for if message.valid_for is not None else None,
        content=content,
        fields=kept,
        stop=tuple([name for name in message.consent if values[name]]),
        held_reason=fit.held_reason,
    )


def _phone(message: MessagePart, values: dict[str, Any]) -> _Recipient:
    field = message.phone
    if field is None:
        reason = "the mapping names no phone field, which all but e-mails need; add `field` to `message.to`"
        raise _Refused("phone_missing", reason, Fault.MAPPING)
    text = written(values[field])
    if not text.strip():
        raise _Refused("phone_missing", f"{field} is empty; fill in the recipient's phone number", Fault.RECIPIENT)
    try:
        phone = read_phone(text, _chosen(message.region, values, "region_unknown") or None)
    except UnreadablePhone as error:
        raise _Refused("phone_unreadable", f"{field}: {error}", Fault.RECIPIENT) from None
    return _Recipient(phone.e164, phone.country)


def _mailbox(message: MessagePart, values: dict[str, Any]) -> _Recipient:
    field = message.email
    if field is None:
        reason = "the mapping names no address field, which e-mails need; add `email` to `message.to`"
        raise _Refused("address_missing", reason, Fault.MAPPING)
    text = written(values[field])
    if not text.strip():
        raise _Refused("address_missing", f"{field} is empty; fill in the recipient's e-mail address", Fault.RECIPIENT)
    region = (_chosen(message.region, values, "region_unknown") or "").strip().upper()
    try:
        return _Recipient(read_address(text), region if COUNTRY_CODE.fullmatch(region) else "")
    except UnreadableAddress as error:
        raise _Refused("address_unreadable", f"{field}: {error}", Fault.RECIPIENT) from None


def _chosen(choice: FieldChoice, values: dict[str, Any], code: str) -> str | None:
    if choice.constant is not None:
        return choice.constant
    if choice.field is None:
        return None
    value = written(values[choice.field])
    if not value:
        return choice.default
    if choice.values is None:
        return value
    if value not in choice.values:
        listed = ", ".join(choice.values)
        raise _Refused(code, f"{choice.field} is `{value[:80]}`, which the mapping does not list; it lists {listed}")
    return choice.values[value]


def _channel(choice: FieldChoice, values: dict[str, Any]) -> Channel:
    chosen = _chosen(choice, values, "channel_unknown")
    if chosen is None:
        raise _Refused("channel_missing", f"{choice.field} is empty and the mapping gives no default channel")
    try:
        return Channel(chosen.lower())
    except ValueError:
        channels = ", ".join(Channel)
        raise _Refused(
            "channel_unknown", f"{choice.field} is `{chosen[:80]}`; a channel is one of {channels}"
        ) from None


def _route(mapping: "RecordMapping", names: Names) -> tuple[AccountCapability, ...]:
    for route in mapping.routes:
        if route.when is None:
            return route.accounts
        taken = route.when.value(names)
        if taken is True:
            return route.accounts
        if taken is not None and taken is not False:
            raise ExpressionFault(f"`{route.when.source}` gives {written(taken)[:40]!r}, neither true nor false")
    channel, country = names.values["channel"], names.values["to.country"]
    reason = f"no route of the mapping takes a message by {channel} to {country or 'this number'}"
    raise _Refused("no_route", f"{reason}; add one, or a last one without `when`", Fault.MAPPING)


def _instant(template: Template | None, names: Names) -> datetime | None:
    return None if template is None else _read_instant(template.value(names), "send_at")


def _read_instant(value: Any, name: str) -> datetime | None:
    """An aware datetime from what the CRM writes (2026-11-21T01:02:03.000+0000); a time without an offset is UTC."""
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(written(value))
    except ValueError:
        reason = f"{name} is `{written(value)[:40]}`, which is no date and time like 2026-11-21T09:00:00Z"
        raise _Refused("time_unreadable", reason) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _optional(template: Template | None, names: Names) -> str | None:
    return None if template is None else written(template.value(names)) or None


def _content(message: MessagePart, channel: Channel, names: Names) -> dict[str, Any]:
    try:
        parts = [part.filled(names) for part in message.content if part.channel is channel]
    except EmptyText as error:
        raise _Refused("template_value_empty", str(error)) from None
    return {key: value for part in parts for key, value in part.items()}
