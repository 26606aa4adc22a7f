"""What a mapping writes to the CRM: claims, states, activities, replies, opt-outs. Pure functions.

A field whose expression cannot be worked out for this record is left out and the rest is written: what became of a
message must reach its record. `check` warns of such expressions before they run.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.mapping.expression import ExpressionFault, Names
from connector.mapping.parts import Assignment, ConsentPart, UpsertPart
from connector.model.address import is_address
from connector.model.messages import PhoneMatch, Reply, StateChange
from connector.model.records import RecordWrite, WriteCause
from connector.model.states import State

if TYPE_CHECKING:
    from connector.mapping.record_mapping import RecordMapping

ACTIVITIES = frozenset({"Task", "Event"})
PEOPLE = ("003", "00Q")
"""Key prefixes of Contact and Lead, the only records a WhoId may name."""

_ON_THE_WAY = (State.ACCEPTED, State.SENT)


def fields_set(assignments: Iterable[Assignment], names: Names) -> dict[str, Any]:
    """The fields and values that assignments give; null and failing ones are left out, long texts are cut to fit."""
    fields: dict[str, Any] = {}
    for assignment in assignments:
        if assignment.template is None:
            fields[assignment.field] = assignment.constant
            continue
        try:
            value = assignment.template.value(names)
        except ExpressionFault:
            continue
        if value is None:
            continue
        if assignment.length and isinstance(value, str) and len(value) > assignment.length:
            value = value[: assignment.length - 1] + "…"
        fields[assignment.field] = value
    return fields


def claim_fields(mapping: "RecordMapping", token: str, expires: datetime, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that claim a record; `fields` are those kept with its draft, by dotted name."""
    values = _kept(mapping, fields)
    values["claim.token"], values["claim.expires"] = token, expires
    return fields_set(mapping.source.claim, Names(values))


def while_held(mapping: "RecordMapping") -> dict[str, Any]:
    """The fields whose value the claim, and what is written for `held` over it, set to the same in every record."""
    status = mapping.statuses.get(State.HELD)
    held = status.set if status is not None else ()
    over = {assignment.field for assignment in held}
    written = (*(assignment for assignment in mapping.source.claim if assignment.field not in over), *held)
    constant = (each for each in written if each.template is None or each.template.literal is not None)
    return fields_set(constant, Names({}))


def on_change(mapping: "RecordMapping", change: StateChange) -> list[RecordWrite]:
    """The update of the record and the upsert of its activity, as far as the mapping asks for them in this state.

    What the mapping wants of a state passed over is owed all the same: its activity, and those of its fields that this
    state does not set itself. Their time is this change's, for nobody told the other.
    """
    status = mapping.statuses.get(change.state)
    passed = [mapping.statuses[state] for state in _ON_THE_WAY if state in change.passed and state in mapping.statuses]
    activity = mapping.activity
    leaves_activity = activity is not None and not activity.on.isdisjoint({change.state, *change.passed})
    told = [*passed, status] if status is not None else passed
    if not told and not leaves_activity:
        return []
    values = _kept(mapping, change.fields)
    word = status.word if status is not None else change.state.value
    values.update(_of_change(change, word))
    names = Names(values)
    writes = []
    if told:
        fields = {name: value for part in told for name, value in fields_set(part.set, names).items()}
        writes.append(RecordWrite(change.object, fields, record_id=change.record_id))
    if activity is not None and leaves_activity:
        fields = _activity_fields(activity.upsert, names)
        writes.append(_upsert(activity.upsert, fields, change.key, WriteCause.ACTIVITY))
    return writes


def _of_change(change: StateChange, word: str) -> dict[str, Any]:
    failure = change.failure
    reason = change.reason or (failure.reason if failure is not None else None)
    return {
        "provider.id": change.provider_id,
        "provider.name": change.provider,
        "at": change.at,
        "status": word,
        "state": change.state.value,
        "text": change.text,
        "failure.code": failure.code if failure is not None else change.state.value,
        "failure.reason": failure.reason if failure is not None else reason,
        "reason": reason,
        "account": change.account,
        "channel": change.channel,
        "to.e164": None if is_address(change.to) else change.to,
        "to.email": change.to if is_address(change.to) else None,
    }


def on_reply(mapping: "RecordMapping", reply: Reply, match: PhoneMatch | None) -> list[RecordWrite]:
    """The record made for a reply. `match` is what the phone index found; without it, the message's record is meant.

    A WhoId that would name neither Contact nor Lead is taken from the activity's, for the message knows its person.
    """
    if mapping.reply is None:
        return []
    message = reply.message
    values = _kept(mapping, message.fields if message is not None else {})
    values.update(
        {
            "match.id": match.record_id if match is not None else message.record_id if message is not None else None,
            "match.object": match.object if match is not None else message.object if message is not None else None,
            "reply.text": reply.text,
            "reply.phone": None if is_address(reply.phone or "") else reply.phone,
            "reply.email": reply.phone if is_address(reply.phone or "") else None,
            "at": reply.at,
            "account": reply.account,
            "provider.name": reply.provider,
            "text": message.text if message is not None else None,
        }
    )
    names = Names(values)
    create = mapping.reply.create
    fields = _activity_fields(create, names)
    if message is not None and "WhoId" not in fields and mapping.activity is not None and create.object in ACTIVITIES:
        person = [each for each in mapping.activity.upsert.set if each.field == "WhoId"]
        fields |= _with_people_only(fields_set(person, names))
    return [_upsert(create, fields, reply.key, WriteCause.REPLY)]


def on_consent(consent: ConsentPart, matches: Sequence[PhoneMatch]) -> list[RecordWrite]:
    """One write for each record that holds the number, or the address, and has a field for it; the same record stands
    once."""
    records = {(match.object, match.record_id, match.by_address): None for match in matches}
    writes = []
    for object_name, record_id, by_address in records:
        assignments = consent.of(object_name, by_address=by_address)
        if assignments:
            names = Names({"match.id": record_id, "match.object": object_name})
            fields = fields_set(assignments, names)
            writes.append(RecordWrite(object_name, fields, record_id=record_id, cause=WriteCause.OPT_OUT))
    return writes


def _kept(mapping: "RecordMapping", fields: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(mapping.kept_fields)
    values.update(fields)
    return values


def _activity_fields(upsert: UpsertPart, names: Names) -> dict[str, Any]:
    fields = fields_set(upsert.set, names)
    return _with_people_only(fields) if upsert.object in ACTIVITIES else fields


def _with_people_only(fields: dict[str, Any]) -> dict[str, Any]:
    who = fields.get("WhoId")
    if who is not None and not str(who).startswith(PEOPLE):
        del fields["WhoId"]
    return fields


def _upsert(upsert: UpsertPart, fields: dict[str, Any], key: str, cause: WriteCause) -> RecordWrite:
    return RecordWrite(upsert.object, fields, key_field=upsert.key, key=key, cause=cause)
