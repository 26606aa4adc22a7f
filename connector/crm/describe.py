"""The org's describe of an object, read into what mappings are checked against.

Source: "REST API Developer Guide", sObject Describe; "SOAP API Developer Guide", DescribeSObjectResult.
"""

from collections.abc import Mapping
from typing import Any

from connector.model.describe import FieldDescription, ObjectDescription

CLAIM_FIELDS = ("Claim_Token__c", "Claim_Expires__c")
"""The fields of the package's claim rule; in an org with a namespace they carry its prefix."""


def read_object(body: Mapping[str, Any]) -> ObjectDescription:
    """An object's describe.

    `claim_rule` is what describe can tell: that the claim rule's two fields are there. Validation rules are not in a
    describe, so a rule that was switched off is not seen.
    """
    fields = {field["name"]: _read_field(field) for field in body["fields"]}
    claim_rule = all(any(is_claim_field(name, known) for name in fields) for known in CLAIM_FIELDS)
    return ObjectDescription(body["name"], fields, claim_rule)


def is_claim_field(name: str, *known: str) -> bool:
    """Whether a field is one of the claim rule's (`known`, by default both), with or without a namespace."""
    return any(name == each or name.endswith(f"__{each}") for each in known or CLAIM_FIELDS)


def _read_field(field: Mapping[str, Any]) -> FieldDescription:
    return FieldDescription(
        name=field["name"],
        type=field["type"],
        length=field.get("length") or 0,
        updateable=bool(field.get("updateable")),
        createable=bool(field.get("createable")),
        nillable=bool(field.get("nillable")),
        external_id=bool(field.get("externalId")),
        unique=bool(field.get("unique")),
        relationship=field.get("relationshipName"),
        refers_to=tuple(field.get("referenceTo") or ()),
        values=_values(field),
        calculated=bool(field.get("calculated")),
    )


def _values(field: Mapping[str, Any]) -> tuple[str, ...]:
    # a picklist that is not restricted takes any value, so its list forbids nothing
    if not field.get("restrictedPicklist"):
        return ()
    return tuple(choice["value"] for choice in field.get("picklistValues") or () if choice.get("active", True))
