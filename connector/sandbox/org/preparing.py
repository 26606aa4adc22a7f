"""From the fields a client sent to the values a record will hold, or the error that refuses them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.records import Records
from connector.sandbox.org.schema import Field, Object, Schema
from connector.sandbox.org.values import Stored, stored


@dataclass(slots=True)
class Draft:
    """A record on its way in: where it stood in the call, its values, and what is wrong with it."""

    index: int
    values: dict[str, Stored] = field(default_factory=dict)
    id: str | None = None
    created: bool = False
    error: OrgError | None = None


class Preparer:
    """Checks what can be told from the fields alone, and what needs other records, a set at a time."""

    def __init__(self, schema: Schema, records: Records) -> None:
        self._schema = schema
        self._records = records

    def prepare(self, target: Object, draft: Draft, sent: Mapping[str, Any], *, new: bool, system: bool) -> None:
        """Fill a draft from what was sent; `system` lets the fields be written that no client may."""
        try:
            for name, value in sent.items():
                known = target.field(name)
                if known is None:
                    if name != "attributes":
                        lookup, parent = self._by_relationship(target, name, value)
                        draft.values[lookup.name] = parent
                    continue
                if known.name == "Id":
                    continue
                if not system and not (known.createable if new else known.updateable):
                    raise _not_writeable(known)
                draft.values[known.name] = stored(known, value)
        except OrgError as error:
            if error.code == "JSON_PARSER_ERROR":
                raise  # the body is not well formed: the whole call is refused
            draft.error = error

    def _by_relationship(self, target: Object, name: str, value: Any) -> tuple[Field, Stored]:
        """A lookup given as `{"Contact__r": {"External_Id__c": "17"}}`."""
        lookup = target.by_relationship.get(name.lower())
        if lookup is None:
            raise OrgError("INVALID_FIELD", f"No such column '{name}' on sobject of type {target.name}")
        if value is None:
            return lookup, None
        given = {k: v for k, v in value.items() if k != "attributes"} if isinstance(value, dict) else {}
        for parent_name in lookup.reference_to:
            parent = self._schema.get(parent_name)
            key = parent.field(next(iter(given))) if parent and len(given) == 1 else None
            if parent is None or key is None or not key.external_id:
                continue
            found = self._records.by_field(parent, key.name, given.values(), ["Id"], deleted=False)
            if found:
                return lookup, str(found[0][0])
        message = f"Foreign key external ID: {next(iter(given.values()), '')} not found for field {name}"
        raise OrgError("INVALID_FIELD", message)

    def complete(self, target: Object, drafts: Iterable[Draft]) -> None:
        """Give new records their defaults."""
        defaults = {
            each.name: stored(each, each.default)
            for each in target.fields
            if each.default is not None and not each.derived
        }
        for draft in drafts:
            draft.values = {**defaults, **draft.values}

    def require(self, target: Object, drafts: Iterable[Draft], *, new: bool) -> None:
        """Refuse records whose required fields are missing, or are being emptied."""
        required = [each.name for each in target.fields if each.required]
        for draft in drafts:
            values = draft.values
            missing = [name for name in required if values.get(name) is None and (new or name in values)]
            if missing:
                message = f"Required fields are missing: [{', '.join(missing)}]"
                draft.error = OrgError("REQUIRED_FIELD_MISSING", message, tuple(missing))

    def check_lookups(self, target: Object, drafts: list[Draft]) -> None:
        """Refuse records that point at nothing, at the wrong object, or into the recycle bin."""
        lookups = [each for each in target.fields if each.type == "reference"]
        for lookup in lookups:
            pointing = [(each, str(each.values[lookup.name])) for each in drafts if each.values.get(lookup.name)]
            if not pointing:
                continue
            by_object: defaultdict[str, set[str]] = defaultdict(set)
            for _, value in pointing:
                found = self._schema.of_id(value)
                if found is not None and found.name in lookup.reference_to:
                    by_object[found.name].add(value)
            states: dict[str, int] = {}
            for name, ids in by_object.items():
                states.update(self._states(name, ids))
            for draft, value in pointing:
                draft.error = draft.error or _lookup_error(lookup, value, states, self._schema)

    def _states(self, name: str, ids: set[str]) -> list[tuple[str, int]]:
        target = self._schema.get(name)
        return self._records.by_field(target, "Id", ids, ["Id", "IsDeleted"]) if target else []

    def check_unique(self, target: Object, drafts: list[Draft]) -> None:
        """Refuse records whose unique value another record holds, or one earlier in the same call."""
        for each in target.fields:
            holding = [draft for draft in drafts if draft.values.get(each.name) is not None] if each.unique else []
            if not holding:
                continue
            values = [draft.values[each.name] for draft in holding]
            found = self._records.by_field(target, each.name, values, [each.name, "Id"], deleted=False)
            holders: dict[str, str] = {str(value).lower(): holder for value, holder in found}
            for draft in holding:
                key = str(draft.values[each.name]).lower()
                holder = holders.setdefault(key, str(draft.id))
                if holder != draft.id:
                    message = f"duplicate value found: {each.name} duplicates value on record with id: {holder[:15]}"
                    draft.error = draft.error or OrgError("DUPLICATE_VALUE", message, ())


def _not_writeable(target: Field) -> OrgError:
    message = (
        f"Unable to create/update fields: {target.name}. Please check the security settings of this field and verify "
        "that it is read/write for your profile or permission set."
    )
    return OrgError("INVALID_FIELD_FOR_INSERT_UPDATE", message, (target.name,))


def _lookup_error(lookup: Field, value: str, states: dict[str, int], schema: Schema) -> OrgError | None:
    if value not in states:
        pointed = schema.of_id(value)
        if pointed is not None and pointed.name in lookup.reference_to:
            return OrgError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (lookup.name,))
        message = f"{lookup.label}: id value of incorrect type: {value}"
        return OrgError("FIELD_INTEGRITY_EXCEPTION", message, (lookup.name,))
    return OrgError("ENTITY_IS_DELETED", "entity is deleted", (lookup.name,)) if states[value] else None
