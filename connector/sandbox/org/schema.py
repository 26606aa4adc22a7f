"""What the org knows of its objects and fields, in the words of describe."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

TEXT_TYPES = frozenset({"string", "textarea", "picklist", "multipicklist", "combobox", "phone", "email", "url"})
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist."""

    value: str
    label: str
    default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `type` is describe's; `length` counts characters; `precision` and `scale` count digits."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    choices: tuple[Choice, ...] = ()
    restricted: bool = False
    default: str | bool | float | None = None
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    on_delete: str = "set_null"  # or "cascade" or "restrict"
    derived: str | None = None  # an SQL expression over the object's own columns
    auto_number: str | None = None
    name_field: bool = False
    long_text: bool = False

    @property
    def custom(self) -> bool:
        """Whether an administrator made the field."""
        return self.name.endswith("__c")

    @property
    def filterable(self) -> bool:
        """Whether a WHERE, GROUP BY or ORDER BY may name it: long text areas it may not."""
        return not self.long_text


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """A formula that refuses the record when it comes out true, and the sentence it refuses with."""

    name: str
    formula: str
    message: str
    field: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """An object (sObject): its fields by name, in order."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    deletable: bool = True
    activities: bool = False
    rules: tuple[ValidationRule, ...] = ()
    by_name: dict[str, Field] = field(init=False, repr=False)
    by_relationship: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name.lower(): each for each in self.fields})
        object.__setattr__(
            self, "by_relationship", {each.relationship.lower(): each for each in self.fields if each.relationship}
        )

    def field(self, name: str) -> Field | None:
        """The field of that name, whatever its case."""
        return self.by_name.get(name.lower())

    @property
    def name_field(self) -> Field | None:
        """The field that names a record, such as Name, Subject or CaseNumber."""
        return next((each for each in self.fields if each.name_field), None)

    def extended(self, fields: Iterable[Field], rules: Iterable[ValidationRule] = ()) -> "Object":
        """The same object with an administrator's fields and rules added."""
        return replace(self, fields=(*self.fields, *fields), rules=(*self.rules, *rules))


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """How a parent reaches its children: `Contact` has `Tasks`, which are `Task` records by `WhoId`."""

    name: str
    child: Object
    field: Field


class Schema:
    """All objects of the org, found whatever the case of the name."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.objects = {each.name.lower(): each for each in objects}
        self._by_prefix = {each.prefix: each for each in self.objects.values()}

    def get(self, name: str) -> Object | None:
        """The object of that name."""
        return self.objects.get(name.lower())

    def of_id(self, record_id: str) -> Object | None:
        """The object whose key prefix an id begins with."""
        return self._by_prefix.get(record_id[:3])

    def children(self, parent: Object) -> list[ChildRelationship]:
        """Every relationship from other objects to `parent`."""
        return [
            ChildRelationship(each.children, child, each)
            for child in self.objects.values()
            for each in child.fields
            if each.children and parent.name in each.reference_to
        ]
