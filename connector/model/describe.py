"""What the CRM says of its objects and fields (its describe), as far as mappings are checked against it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """One field. `type` is the CRM's own word (string, picklist, reference, datetime …); `length` in characters.

    `calculated` where the org works it out: a formula or a roll-up summary.
    """

    name: str
    type: str
    length: int = 0
    updateable: bool = True
    createable: bool = True
    nillable: bool = True
    external_id: bool = False
    unique: bool = False
    relationship: str | None = None
    refers_to: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    calculated: bool = False


@dataclass(frozen=True, slots=True)
class ObjectDescription:
    """One object and its fields by name (the CRM's own spelling)."""

    name: str
    fields: Mapping[str, FieldDescription]
    claim_rule: bool = False
