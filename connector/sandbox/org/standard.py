"""The standard objects, read from the table beside this file."""

import re
import tomllib
from importlib import resources
from typing import Any

from connector.sandbox.org.schema import Choice, Field, Object


def words(name: str) -> str:
    """A label for an API name: `MailingCountryCode` is "Mailing Country Code", `AccountId` is "Account ID"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name.removesuffix("__c"))
    return re.sub(r"\bId\b", "ID", spaced)


def field(name: str, spec: dict[str, Any]) -> Field:
    """A field from its line of the table."""
    derived = "derived" in spec or "auto_number" in spec
    given = dict(spec)
    default = given.get("default")
    given["choices"] = tuple(Choice(each, each, each == default) for each in spec.get("choices", ()))
    given["reference_to"] = tuple(spec.get("reference_to", ()))
    if spec["type"] == "reference":
        given["length"] = 18
    if derived:
        given |= {"createable": False, "updateable": False}
    return Field(name=name, label=spec.get("label", words(name)), **{k: v for k, v in given.items() if k != "label"})


def system_fields(*, owner: bool, deletable: bool) -> tuple[Field, ...]:
    """The fields every record has and nobody writes, but for its owner."""
    untouched: dict[str, Any] = {"createable": False, "updateable": False}

    def user(name: str, relationship: str, **more: Any) -> Field:
        return Field(
            name, words(name), "reference", length=18, reference_to=("User",), relationship=relationship, **more
        )

    fields = [Field("Id", "Record ID", "id", length=18, **untouched)]
    if deletable:
        fields.append(Field("IsDeleted", "Deleted", "boolean", default=False, **untouched))
    if owner:
        fields.append(user("OwnerId", "Owner"))
    fields.append(Field("CreatedDate", "Created Date", "datetime", **untouched))
    fields.append(user("CreatedById", "CreatedBy", **untouched))
    fields.append(Field("LastModifiedDate", "Last Modified Date", "datetime", **untouched))
    fields.append(user("LastModifiedById", "LastModifiedBy", **untouched))
    fields.append(Field("SystemModstamp", "System Modstamp", "datetime", **untouched))
    return tuple(fields)


def objects() -> list[Object]:
    """Every standard object, in the table's order."""
    text = resources.files("connector.sandbox.org").joinpath("standard.toml").read_text(encoding="utf-8")
    return [
        Object(
            name=name,
            label=spec["label"],
            plural=spec["plural"],
            prefix=spec["prefix"],
            fields=(
                *system_fields(owner=spec.get("owner", False), deletable=spec.get("deletable", True)),
                *(field(each, details) for each, details in spec["fields"].items()),
            ),
            createable=spec.get("createable", True),
            deletable=spec.get("deletable", True),
            activities=spec.get("activities", False),
        )
        for name, spec in tomllib.loads(text).items()
    ]
