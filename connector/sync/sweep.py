"""CRM → phone index: reads the phone fields that changed, for no query on free text finds a number."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from connector.model.errors import QueryFault, UnreadablePhone
from connector.model.phone import read_phone
from connector.store import cursors, phones
from connector.store.phones import Seen
from connector.sync.parts import Parts
from connector.sync.record_consent import RecordWord, records_say

log = structlog.get_logger()

_OVERLAP = timedelta(minutes=10)
"""Salesforce documents late commits: a row may appear with a SystemModstamp that lies before the last one seen."""
_BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)
_COUNTRY_FIELDS = ("MailingCountryCode", "CountryCode", "BillingCountryCode")


def sweep(parts: Parts) -> int:
    """Takes over the phone fields of records changed since the last sweep; gives how many fields were seen."""
    wanted: dict[str, dict[str, str | None]] = {}
    for mapping in parts.mappings.values():
        for object_name, field, opt_out in mapping.phone_index():
            known = wanted.setdefault(object_name, {})
            known[field] = opt_out or known.get(field)
    seen = 0
    for object_name, fields in wanted.items():
        try:
            seen += _sweep_object(parts, object_name, fields)
        except QueryFault as error:
            parts.alarms.sound(f"phone index of {object_name}", str(error))
        else:
            parts.alarms.settle(f"phone index of {object_name}")
    return seen


def _sweep_object(parts: Parts, object_name: str, fields: dict[str, str | None]) -> int:
    described = parts.crm.describe(object_name).fields
    country = next((name for name in _COUNTRY_FIELDS if name in described), None)
    opt_outs = {name for name in fields.values() if name}
    read = tuple(sorted({*fields, *opt_outs, *([country] if country else [])}))
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


def _seen(object_name: str, record: dict[str, Any], fields: dict[str, str | None], country: str | None) -> list[Seen]:
    region = record.get(country) if country else None
    return [
        Seen(object_name, record["Id"], field, _e164(record.get(field), region), bool(opt_out and record.get(opt_out)))
        for field, opt_out in fields.items()
    ]


def _words(records: Sequence[dict[str, Any]], seen: Sequence[Seen], fields: dict[str, str | None]) -> list[RecordWord]:
    """What the opt-out fields of the records say of the numbers that these hold."""
    modified = {record["Id"]: datetime.fromisoformat(record["SystemModstamp"]) for record in records}
    by_field: dict[tuple[str, str], list[Seen]] = {}
    for item in seen:
        if opt_out := fields[item.field]:
            by_field.setdefault((item.record_id, opt_out), []).append(item)
    return [
        RecordWord(
            object=several[0].object,
            record_id=record_id,
            field=opt_out,
            numbers=frozenset(item.e164 for item in several if item.e164),
            stopped=several[0].opted_out,
            modified=modified[record_id],
            whole=True,
        )
        for (record_id, opt_out), several in by_field.items()
    ]


def _e164(text: str | None, region: str | None) -> str | None:
    if not text:
        return None
    try:
        return read_phone(text, region).e164
    except UnreadablePhone:
        return None
