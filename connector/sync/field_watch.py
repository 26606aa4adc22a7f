"""Fields that the CRM takes no more: noticed, told as an alarm, looked for again, and written when they are back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.describe import ObjectDescription
from connector.model.errors import CRMError, ExchangeError, QueryFault
from connector.store import lost_fields, writes
from connector.store.lost_fields import Lost, LostField
from connector.sync.parts import Parts

log = structlog.get_logger()

_LOOK_AGAIN_AFTER = timedelta(minutes=10)
_SUBJECT = "writes of "


def look_again(parts: Parts) -> dict[tuple[str, str], LostField]:
    """The fields that are lost now; those not looked for in ten minutes are looked for, with one describe an object.

    What waits for one that is back is due again; one that its mapping no longer writes is forgotten. Sounds and settles
    the alarms as `tell` does.
    """
    with parts.database.read() as connection:
        kept = lost_fields.known(connection)
    known = {place: each for place, each in kept.items() if _is_wanted(parts, each)}
    now = parts.clock()
    stale = {each.object for each in known.values() if now - each.checked_at >= _LOOK_AGAIN_AFTER}
    described = {name: seen for name in sorted(stale) if (seen := _described(parts, name)) is not None}
    lost = {
        place: replace(each, checked_at=now) if each.object in described else each
        for place, each in known.items()
        if each.object not in described or not takes(described[each.object], each.field, each.creates)
    }
    if lost != kept:
        with parts.database.begin() as connection:
            lost_fields.keep(connection, lost.values(), now)
            for name in sorted({each.object for place, each in known.items() if place not in lost}):
                count = writes.bring_back(connection, parts.org, name)
                log.info("field_back", object=name, count=count)
    tell(parts, lost)
    return lost


def _is_wanted(parts: Parts, lost: LostField) -> bool:
    """Whether a mapping that wanted the field still writes it; of mappings that are not loaded nobody can say."""
    return any(
        name not in parts.mappings or lost.field.lower() in _written_by(parts.mappings[name]) for name in lost.mappings
    )


def _written_by(mapping: RecordMapping) -> set[str]:
    """Every field that a mapping writes, whatever the object, in lower case; the keys it knows records by included."""
    names = [assignment.field for _, assignment in mapping.assignments()]
    for consent in (mapping.opt_outs, mapping.opt_ins):
        names += [
            each.field for _, by_object in consent.sections() for several in by_object.values() for each in several
        ]
    names += [mapping.activity.upsert.key] if mapping.activity else []
    names += [mapping.reply.create.key] if mapping.reply else []
    return {name.lower() for name in names}


def takes(description: ObjectDescription, field: str, creates: bool) -> bool:
    """Whether a field can be written: on a record that is there, and, with `creates`, on a new one too."""
    found = next((each for name, each in description.fields.items() if name.lower() == field.lower()), None)
    return found is not None and found.updateable and (found.createable or not creates)


def tell(parts: Parts, lost: Lost) -> None:
    """Sounds an alarm for each mapping with lost fields that names them all; settles those of the others."""
    sentences: dict[str, list[str]] = {}
    for each in lost.values():
        for mapping in each.mappings:
            sentences.setdefault(f"{_SUBJECT}{mapping}", []).append(f"{each.object}.{each.field}: {each.reason}")
    for subject, told in sentences.items():
        parts.alarms.sound(
            subject,
            f"{' '.join(told)} What is written there is set aside and the rest of each record is written; it"
            " follows by itself once the field can be written again. See `connector writes list`.",
        )
    for subject in parts.alarms.standing():
        if subject.startswith(_SUBJECT) and subject not in sentences:
            parts.alarms.settle(subject)


def _described(parts: Parts, object_name: str) -> ObjectDescription | None:
    """The object as it is now; without fields when it is not there, None when the org cannot be asked."""
    try:
        return parts.crm.describe(object_name, not_older_than=timedelta(0))
    except QueryFault:
        return ObjectDescription(object_name, {})
    except (CRMError, ExchangeError) as error:
        log.info("describe_put_off", object=object_name, reason=str(error))
        return None


class Descriptions:
    """Describes as they are during one round of writing: each object is asked for once, when its turn comes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: dict[str, ObjectDescription | None] = {}

    def of(self, object_name: str) -> ObjectDescription | None:
        """The object now, or None when the org cannot be asked."""
        if object_name not in self._seen:
            self._seen[object_name] = _described(self._parts, object_name)
        return self._seen[object_name]

    def lengths(self, object_name: str) -> Mapping[str, int]:
        """How many characters each field holds that has a limit, by its name in lower case."""
        seen = self.of(object_name)
        return {name.lower(): each.length for name, each in seen.fields.items() if each.length} if seen else {}
