"""Saves records: create, update, upsert and delete, a list of one object's records at a time.

Each record succeeds or fails by itself; who wants all or nothing wraps the call in a transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.sandbox.org import formula, ids
from connector.sandbox.org.clock import Clock
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.preparing import Draft, Preparer
from connector.sandbox.org.records import Records
from connector.sandbox.org.schema import Object, Schema, ValidationRule

Sent = Mapping[str, Any]
Lock = Callable[[Object, Draft], OrgError | None]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record."""

    id: str | None
    created: bool = False
    error: OrgError | None = None


class Writer:
    """Writes to the records of an org, as one user. `lock`, when set, may refuse a record as locked by another."""

    def __init__(self, schema: Schema, records: Records, clock: Clock) -> None:
        self._schema = schema
        self._records = records
        self._clock = clock
        self._sequence = ids.Sequence()
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._prepare = Preparer(schema, records)
        self._rules = {
            each.name: [(rule, formula.compiled(rule.formula, each)) for rule in each.rules]
            for each in schema.objects.values()
        }
        self.user: str | None = None
        self.lock: Lock | None = None

    def insert(self, target: Object, sent: Sequence[Sent], *, system: bool = False) -> list[Result]:
        """Create records; `system` lets audit fields be set, as a data migration may."""
        drafts = [Draft(index, created=True) for index in range(len(sent))]
        for draft, fields in zip(drafts, sent, strict=True):
            if "Id" in fields or "id" in fields:
                message = "cannot specify Id in an insert call"
                draft.error = OrgError("INVALID_FIELD_FOR_INSERT_UPDATE", message, ("Id",))
                continue
            self._prepare.prepare(target, draft, fields, new=True, system=system)
        self._save(target, drafts)
        return _results(drafts)

    def update(self, target: Object, sent: Sequence[tuple[Any, Sent]]) -> list[Result]:
        """Change records, given as pairs of id and fields. An id given twice is refused the second time."""
        drafts = [Draft(index) for index in range(len(sent))]
        seen: set[str] = set()
        for draft, (given, fields) in zip(drafts, sent, strict=True):
            try:
                draft.id = self._own_id(target, given)
            except OrgError as error:
                draft.error = error
                continue
            if draft.id in seen:
                draft.error = OrgError("DUPLICATE_VALUE", f"Duplicate id specified: {draft.id}", ("Id",))
                continue
            seen.add(draft.id)
            self._prepare.prepare(target, draft, fields, new=False, system=False)
        self._save(target, drafts)
        return _results(drafts)

    def upsert(self, target: Object, key: str, sent: Sequence[Sent]) -> list[Result]:
        """Update the record that holds the external id, or create one."""
        drafts = [Draft(index) for index in range(len(sent))]
        values: list[Any] = []
        for fields in sent:
            own = next((value for name, value in fields.items() if name.lower() == key.lower()), None)
            values.append(None if own is None else str(own))
        holders: defaultdict[str, list[str]] = defaultdict(list)
        for value, holder in self._records.by_field(target, key, set(filter(None, values)), [key, "Id"], deleted=False):
            holders[str(value).lower()].append(holder)
        seen: set[str] = set()
        for draft, fields, value in zip(drafts, sent, values, strict=True):
            draft.error = _key_error(key, value, seen, holders)
            if draft.error is None:
                seen.add(value.lower())
                draft.id = next(iter(holders[value.lower()]), None)
                draft.created = draft.id is None
                self._prepare.prepare(target, draft, fields, new=draft.created, system=False)
        self._save(target, drafts)
        return _results(drafts)

    def delete(self, target: Object, given: Sequence[Any]) -> list[Result]:
        """Move records to the recycle bin."""
        drafts = [Draft(index) for index in range(len(given))]
        for draft, each in zip(drafts, given, strict=True):
            try:
                draft.id = self._own_id(target, each)
            except OrgError as error:
                draft.error = error
        self._find(target, [each for each in drafts if each.error is None], ())
        self._refuse_locked(target, drafts)
        deletable = [str(each.id) for each in drafts if each.error is None]
        self._bin(target, deletable)
        return _results(drafts)

    def _own_id(self, target: Object, given: Any) -> str:
        found = ids.canonical(given)
        if found is None or not found.startswith(target.prefix):
            message = f"{target.label} ID: id value of incorrect type: {given}"
            raise OrgError("MALFORMED_ID", message, ("Id",))
        return found

    def _save(self, target: Object, drafts: list[Draft]) -> None:
        new = [each for each in drafts if each.error is None and each.created]
        known = [each for each in drafts if each.error is None and not each.created]
        for draft in new:
            draft.id = self._sequence.take(target.prefix)
        self._prepare.complete(target, new)
        prior = self._find(target, known, self._rule_fields(target))
        self._prepare.require(target, new, new=True)
        self._prepare.require(target, (each for each in known if each.error is None), new=False)
        live = [each for each in drafts if each.error is None]
        self._prepare.check_lookups(target, live)
        self._prepare.check_unique(target, [each for each in live if each.error is None])
        self._apply_rules(target, [each for each in live if each.error is None], prior)
        self._refuse_locked(target, drafts)
        self._write_new(target, [each for each in new if each.error is None])
        self._write_changed(target, [each for each in known if each.error is None])

    def _rule_fields(self, target: Object) -> tuple[str, ...]:
        return tuple(each.name for each in target.fields) if self._rules[target.name] else ()

    def _find(self, target: Object, drafts: list[Draft], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The records being changed, by id; those that are not there, or in the bin, are refused."""
        names = ("Id", "IsDeleted", *columns)
        rows = self._records.by_field(target, "Id", (each.id for each in drafts), names)
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
        for draft in drafts:
            record = found.get(str(draft.id))
            if record is None:
                draft.error = draft.error or OrgError(
                    "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404
                )
            elif record["IsDeleted"]:
                draft.error = draft.error or OrgError("ENTITY_IS_DELETED", "entity is deleted")
        return found

    def _apply_rules(self, target: Object, drafts: list[Draft], prior: dict[str, dict[str, Any]]) -> None:
        now = self._clock.now()
        for rule, refuses in self._rules[target.name]:
            for draft in drafts:
                before = None if draft.created else prior[str(draft.id)]
                if refuses(formula.Saving({**(before or {}), **draft.values}, before, now)):
                    draft.error = draft.error or _broken(rule)

    def _refuse_locked(self, target: Object, drafts: list[Draft]) -> None:
        if self.lock is not None:
            for draft in drafts:
                draft.error = draft.error or self.lock(target, draft)

    def _write_new(self, target: Object, drafts: list[Draft]) -> None:
        now = self._clock.stamp()
        for draft in drafts:
            own = {"Id": draft.id, "IsDeleted": 0, "CreatedDate": now, "CreatedById": self.user}
            own |= {"LastModifiedById": self.user}
            if target.field("OwnerId"):
                own["OwnerId"] = self.user
            for each in target.fields:
                if each.auto_number:
                    own[each.name] = self._number(target, each.auto_number)
            draft.values = {**own, **draft.values}
            draft.values.setdefault("LastModifiedDate", draft.values["CreatedDate"])
            draft.values.setdefault("SystemModstamp", draft.values["LastModifiedDate"])
        for columns, group in _by_columns(drafts):
            self._records.insert(target, columns, (tuple(each.values.values()) for each in group))

    def _number(self, target: Object, pattern: str) -> str:
        self._numbers[target.name] += 1
        before, _, rest = pattern.partition("{")
        zeros, _, after = rest.partition("}")
        return f"{before}{self._numbers[target.name]:0{len(zeros)}d}{after}"

    def _write_changed(self, target: Object, drafts: list[Draft]) -> None:
        now = self._clock.stamp()
        for draft in drafts:
            draft.values |= {"LastModifiedDate": now, "LastModifiedById": self.user, "SystemModstamp": now}
        for columns, group in _by_columns(drafts):
            self._records.update(target, columns, ((*each.values.values(), each.id) for each in group))

    def _bin(self, target: Object, deleted: list[str]) -> None:
        if not deleted:
            return
        now = self._clock.stamp()
        columns = ("IsDeleted", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
        self._records.update(target, columns, ((1, now, self.user, now, each) for each in deleted))
        for relationship in self._schema.children(target):
            lookup, child = relationship.field, relationship.child
            held = self._records.by_field(child, lookup.name, deleted, ["Id"], deleted=False)
            if held and lookup.on_delete == "cascade":
                self._bin(child, [row[0] for row in held])
            elif held:
                self._records.update(child, (lookup.name, "SystemModstamp"), ((None, now, row[0]) for row in held))


def _by_columns(drafts: Iterable[Draft]) -> Iterable[tuple[tuple[str, ...], list[Draft]]]:
    groups: defaultdict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in drafts:
        groups[tuple(draft.values)].append(draft)
    return groups.items()


def _key_error(key: str, value: str | None, seen: set[str], holders: Mapping[str, list[str]]) -> OrgError | None:
    if not value:
        return OrgError("MISSING_ARGUMENT", f"{key} not specified", (key,))
    if value.lower() in seen:
        return OrgError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (key,))
    if len(holders.get(value.lower(), ())) > 1:
        message = f"{key}: more than one record found for external id field: {holders[value.lower()]}"
        return OrgError("DUPLICATE_EXTERNAL_ID", message, (key,), status=300)
    return None


def _broken(rule: ValidationRule) -> OrgError:
    return OrgError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, (rule.field,) if rule.field else ())


def _results(drafts: list[Draft]) -> list[Result]:
    return [Result(None if each.error and each.created else each.id, each.created, each.error) for each in drafts]
