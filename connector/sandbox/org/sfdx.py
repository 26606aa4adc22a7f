"""Custom objects, fields and validation rules, read from a Salesforce DX source tree.

Source: "Salesforce DX Developer Guide", Source Format; "Metadata API Developer Guide", CustomObject, CustomField,
ValidationRule. The same files are deployed to a real org, so the two have one definition.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from connector.sandbox.org.schema import Choice, Field, Object, Schema, ValidationRule
from connector.sandbox.org.standard import system_fields

_NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
_TYPES = {
    "Text": "string",
    "LongTextArea": "textarea",
    "TextArea": "textarea",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "DateTime": "datetime",
    "Date": "date",
    "Checkbox": "boolean",
    "Phone": "phone",
    "Email": "email",
    "Url": "url",
}
_LENGTHS = {"Phone": 40, "Email": 80, "Url": 255, "Picklist": 255, "MultiselectPicklist": 4099, "TextArea": 255}


class Element:
    """An element of a metadata file, read by its children's names without their namespace."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    def text(self, name: str, default: str = "") -> str:
        """The text of a child, or the default."""
        return self._element.findtext(_NAMESPACE + name, default) or default

    def flag(self, name: str) -> bool:
        """Whether a child says true."""
        return self.text(name) == "true"

    def all(self, path: str) -> list["Element"]:
        """Every element at a path of names."""
        return [
            Element(each) for each in self._element.iterfind("/".join(_NAMESPACE + step for step in path.split("/")))
        ]


def read(path: Path) -> Element:
    """A metadata file's root element."""
    return Element(ElementTree.parse(path).getroot())  # noqa: S314 - the project's own source files


def _choices(element: Element) -> tuple[Choice, ...]:
    return tuple(
        Choice(each.text("fullName"), each.text("label"), each.flag("default"))
        for each in element.all("valueSet/valueSetDefinition/value")
    )


def _default(element: Element, kind: str, choices: tuple[Choice, ...]) -> str | bool | None:
    if kind == "boolean":
        return element.text("defaultValue") == "true"
    return next((each.value for each in choices if each.default), None)


def _field(element: Element) -> Field:
    metadata_type = element.text("type")
    kind = _TYPES[metadata_type]
    name = element.text("fullName")
    choices = _choices(element)
    more: dict[str, Any] = {}
    if kind == "reference":
        child = element.text("relationshipName")
        more = {
            "reference_to": tuple(each for each in [element.text("referenceTo")] if each),
            "relationship": name.removesuffix("__c") + "__r",
            "children": f"{child}__r" if child else None,
            "on_delete": "cascade" if metadata_type == "MasterDetail" else element.text("deleteConstraint").lower(),
            "length": 18,
        }
        more["on_delete"] = {"setnull": "set_null", "": "set_null"}.get(more["on_delete"], more["on_delete"])
    else:
        more["length"] = int(element.text("length") or _LENGTHS.get(metadata_type, 0))
    return Field(
        name=name,
        label=element.text("label"),
        type=kind,
        precision=int(element.text("precision") or 0),
        scale=int(element.text("scale") or 0),
        required=element.flag("required"),
        external_id=element.flag("externalId"),
        unique=element.flag("unique"),
        choices=choices,
        restricted=any(each.flag("restricted") for each in element.all("valueSet")),
        default=_default(element, kind, choices),
        long_text=metadata_type == "LongTextArea",
        **more,
    )


def _fields(folder: Path) -> list[Field]:
    return [_field(read(path)) for path in sorted(folder.glob("fields/*.field-meta.xml"))]


def _rules(folder: Path) -> list[ValidationRule]:
    found = [read(path) for path in sorted(folder.glob("validationRules/*.validationRule-meta.xml"))]
    return [
        ValidationRule(
            name=each.text("fullName"),
            formula=each.text("errorConditionFormula"),
            message=each.text("errorMessage"),
            field=each.text("errorDisplayField") or None,
        )
        for each in found
        if each.flag("active")
    ]


def _custom_object(folder: Path, prefix: str) -> Object:
    element = read(folder / f"{folder.name}.object-meta.xml")
    naming = element.all("nameField")[0]
    auto_number = naming.text("displayFormat") or None
    name = Field(
        "Name",
        naming.text("label"),
        "string",
        length=80,
        name_field=True,
        auto_number=auto_number,
        createable=auto_number is None,
        updateable=auto_number is None,
    )
    return Object(
        name=folder.name,
        label=element.text("label"),
        plural=element.text("pluralLabel"),
        prefix=prefix,
        fields=(*system_fields(owner=True, deletable=True), name),
        custom=True,
        activities=element.flag("enableActivities"),
    )


def extend(standard: list[Object], source: Path) -> Schema:
    """The standard objects and what the source tree adds to them. Fields of Activity are fields of Task and Event."""
    objects = {each.name: each for each in standard}
    folders = sorted(source.glob("*/main/default/objects/*"))
    for folder in folders:
        if folder.name.endswith("__c"):
            number = sum(each.custom for each in objects.values())
            objects[folder.name] = _custom_object(folder, f"a{number:02d}")
    for folder in folders:
        for name in ("Task", "Event") if folder.name == "Activity" else (folder.name,):
            objects[name] = objects[name].extended(_fields(folder), _rules(folder))
    return Schema(_with_activities(each, list(objects.values())) for each in objects.values())


def _with_activities(target: Object, objects: list[Object]) -> Object:
    """Task and Event, able to be about every custom object that enables activities."""
    custom = tuple(each.name for each in objects if each.custom and each.activities)
    if target.name not in ("Task", "Event") or not custom:
        return target
    fields = tuple(
        replace(each, reference_to=(*each.reference_to, *custom)) if each.name == "WhatId" else each
        for each in target.fields
    )
    return replace(target, fields=fields)
