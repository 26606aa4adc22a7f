"""CRM → phone index: reads the fields of numbers and e-mail addresses that changed, for no query finds free text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.address import read_address
from connector.model.errors import QueryFault, UnreadableAddress, UnreadablePhone
from connector.model.phone import read_phone
from connector.store import cursors, phones
from connector.store.phones import Seen
from connector.sync.parts import Parts
from connector.sync.record_consent import RecordWord, Swept, records_say

log = structlog.get_logger()

_OVERLAP = timedelta(minutes=10)
"""Salesforce documents late commits: a row may appear with a SystemModstamp that lies before the last one seen."""
_BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)
_COUNTRY_FIELDS = ("MailingCountryCode", "CountryCode", "BillingCountryCode")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that holds numbers or e-mail addresses, with that of the same record which says the person opted out."""

    name: str
    holds_addresses: bool
    opt_out: str | None


def sweep(parts: Parts) -> int:
    """Takes over the fields of numbers and addresses of records changed since the last sweep; gives how many fields
    were seen."""
    wanted: dict[str, dict[str, _Field]] = {}
    for mapping in parts.mappings.values():
        for object_name, field in _indexed(mapping):
            fields = wanted.setdefault(object_name, {})
            if field.opt_out is not None or field.name not in fields:
                fields[field.name] = field
    seen = 0
    for object_name, fields in wanted.items():
        try:
            seen += _sweep_object(parts, object_name, list(fields.values()))
        except QueryFault as error:
            parts.alarms.sound(f"phone index of {object_name}", str(error))
        else:
            parts.alarms.settle(f"phone index of {object_name}")
    return seen


def _indexed(mapping: RecordMapping) -> list[tuple[str, _Field]]:
    numbers = [(name, _Field(field, False, opt_out)) for name, field, opt_out in mapping.phone_index()]
    return numbers + [(name, _Field(field, True, opt_out)) for name, field, opt_out in mapping.address_index()]


def _sweep_object(parts: Parts, object_name: str, fields: Sequence[_Field]) -> int:
    described = parts.crm.describe(object_name).fields
    country = next((name for name in _COUNTRY_FIELDS if name in described), None)
    names = {name for field in fields for name in (field.name, field.opt_out, country) if name}
    read = tuple(sorted(names))
    cursor_name = f"sweep {object_name} {','.join(read)}"
    with parts.database.read() as connection:
        kept = cursors.get(connection, cursor_name)
    since = datetime.fromisoformat(kept["modstamp"]) - _OVERLAP if kept else _BEGINNING
    count = 0
    for page in parts.crm.changed(object_name, read, since):
        seen = [item for record in page.records for item in _seen(object_name, record, fields, country)]
        newest = max((record["SystemModstamp"] for record in page.records), default=None)
        now = parts.clock()
        with parts.database.begin() as connection:
            phones.see(connection, parts.org, seen, now)
            records_say(parts, connection, _words(page.records, seen, fields), now)
            if newest is not None:
                cursors.keep(connection, cursor_name, {"modstamp": newest}, now)
        count += len(seen)
        if parts.stopping.is_set():
            break
    return count


def _seen(object_name: str, record: dict[str, Any], fields: Sequence[_Field], country: str | None) -> list[Seen]:
    region = record.get(country) if country else None
    seen = []
    for field in fields:
        text = record.get(field.name)
        number = _address(text) if field.holds_addresses else _e164(text, region)
        opted_out = bool(field.opt_out and record.get(field.opt_out))
        seen.append(Seen(object_name, record["Id"], field.name, number, opted_out))
    return seen


def _words(records: Sequence[dict[str, Any]], seen: Sequence[Seen], fields: Sequence[_Field]) -> list[RecordWord]:
    """What the opt-out fields of the records say of the numbers and addresses that these hold."""
    modified = {record["Id"]: datetime.fromisoformat(record["SystemModstamp"]) for record in records}
    opt_outs = {field.name: field.opt_out for field in fields}
    addresses, numbers = (any(field.holds_addresses is each for field in fields) for each in (True, False))
    held: dict[str, set[str]] = {}
    by_field: dict[tuple[str, str], list[Seen]] = {}
    for item in seen:
        held.setdefault(item.record_id, set()).update([item.number] if item.number else [])
        if opt_out := opt_outs[item.field]:
            by_field.setdefault((item.record_id, opt_out), []).append(item)
    return [
        RecordWord(
            object=several[0].object,
            record_id=record_id,
            field=opt_out,
            numbers=frozenset(item.number for item in several if item.number),
            stopped=several[0].opted_out,
            modified=modified[record_id],
            swept=Swept(frozenset(held[record_id]), numbers, addresses),
        )
        for (record_id, opt_out), several in by_field.items()
    ]


def _address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return read_address(text)
    except UnreadableAddress:
        return None


def _e164(text: str | None, region: str | None) -> str | None:
    if not text:
        return None
    try:
        return read_phone(text, region).e164
    except UnreadablePhone:
        return None
