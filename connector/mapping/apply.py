"""What a mapping makes of a record: the query that brings it, and the message it becomes. Pure functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.mapping.expression import ExpressionFault, Names
from connector.mapping.fit import Misfit, first_fit
from connector.mapping.parts import FieldChoice, WhatsAppPart
from connector.mapping.plan import flatten
from connector.mapping.template import Template, written
from connector.model.capability import AccountCapability
from connector.model.errors import UnreadablePhone
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Draft, Refusal, merge
from connector.model.phone import Phone, read_phone
from connector.model.records import RecordQuery

if TYPE_CHECKING:
    from connector.mapping.record_mapping import RecordMapping


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
    phone = _recipient(message.phone, message.region, values)
    channel = _channel(message.channel, values)
    values["to.e164"], values["to.country"], values["channel"] = phone.e164, phone.country, channel.value
    names = Names(values)
    texts = message.text.values(names)
    text = merge(message.text.pieces, texts)
    if not text.strip():
        raise _Refused("text_empty", "the text of the message is empty; fill the fields it is made of")
    fit = first_fit(_route(mapping, names), channel, phone.country, text)
    send_at = _instant(message.send_at, names)
    begins = send_at or _read_instant(values.get("CreatedDate"), "CreatedDate") or now
    return Draft(
        object=mapping.object,
        record_id=record_id,
        to=phone.e164,
        country=phone.country,
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
        content=_whatsapp(message.whatsapp, channel, names),
        fields=kept,
        stop=tuple([name for name in message.consent if values[name]]),
        held_reason=fit.held_reason,
    )


def _recipient(field: str, region: FieldChoice, values: dict[str, Any]) -> Phone:
    text = written(values[field])
    if not text.strip():
        raise _Refused("phone_missing", f"{field} is empty; fill in the recipient's phone number", Fault.RECIPIENT)
    try:
        return read_phone(text, _chosen(region, values, "region_unknown") or None)
    except UnreadablePhone as error:
        raise _Refused("phone_unreadable", f"{field}: {error}", Fault.RECIPIENT) from None


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


def _whatsapp(part: WhatsAppPart | None, channel: Channel, names: Names) -> dict[str, Any]:
    if part is None or channel is not Channel.WHATSAPP:
        return {}
    content: dict[str, Any] = {"template": part.template}
    for key, templates in (("header", part.header), ("body", part.body), ("buttons", part.buttons)):
        if templates:
            content[key] = [_filled(template, names, f"whatsapp.{key}") for template in templates]
    return content


def _filled(template: Template, names: Names, where: str) -> str:
    text = written(template.value(names))
    if not text.strip():
        sources = ", ".join(expression.source.strip() for expression in template.expressions)
        raise _Refused("template_value_empty", f"a text of {where} is empty, and WhatsApp takes none; fill {sources}")
    return text
