"""What an operation is asked, told from its types: its fields in plain words, and an example of the least it takes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from connector.providers.operation import Asked

_Schema = Mapping[str, Any]
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
}
_FORMATS = {"date-time": "date and time", "password": "secret"}
_TEXTS = {
    "cellphone": "5500000001",
    "code": "1234",
    "countryIso": "ES",
    "email": "ana@example.com",
    "fromEmail": "news@example.com",
    "language": "es_ES",
    "replyTo": "news@example.com",
    "MobileNo": "0034600000001",
    "receiverNumber": "+34600000001",
    "phoneNumber": "+34600000001",
    "recipient": "34600000001",
    "to": "34600000001",
    "from": "TEST",
}
"""Examples by the guide's names of fields; no number of them is anybody's."""
_ANY_TEXTS = ("text", "34600000001", "5500000001", "09:00", "ES", "ana@example.com")
_TIMES = ("2030-01-15T09:30:00+00:00", "2030-01-15T09:30:00")
"""With a zone, as 360NRS's rows take it, and without, as Smsclouds' do."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field in words: its name in the guide, ours where it differs (else ""), and what it holds."""

    name: str
    ours: str
    kind: str
    required: bool
    description: str


def fields_of(asked: type[Asked]) -> Iterator[tuple[str, str, Sequence[FieldRow]]]:
    """The fields of what is asked, then those of each kind of object in it: (name, what it is, fields).

    The first has the name "".
    """
    named, ours = asked.model_json_schema(by_alias=True), asked.model_json_schema(by_alias=False)
    yield "", named.get("description", ""), list(_rows(named, ours))
    for name, schema in named.get("$defs", {}).items():
        if "properties" in schema:
            yield name, schema.get("description", ""), list(_rows(schema, ours["$defs"][name]))


def _rows(named: _Schema, ours: _Schema) -> Iterator[FieldRow]:
    required = named.get("required", ())
    for (name, schema), our_name in zip(named.get("properties", {}).items(), ours.get("properties", {}), strict=True):
        other = our_name if our_name != name else ""
        yield FieldRow(name, other, _kind(schema), name in required, schema.get("description", ""))


def _kind(schema: _Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " or ".join(dict.fromkeys(_kind(one) for one in several if one.get("type") != "null"))
    if "enum" in schema or "const" in schema:
        return " or ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        most = f", {schema['maxItems']:,} at most" if "maxItems" in schema else ""
        return f"list of {_kind(schema.get('items', {}))}{most}"
    if schema.get("type") == "object":
        return f"object of {_kind(schema.get('additionalProperties') or {})} by name"
    kind = _FORMATS.get(schema.get("format", ""), _KINDS.get(schema.get("type", ""), "anything"))
    return ", ".join((kind, *_bounds(schema)))


def _bounds(schema: _Schema) -> Iterator[str]:
    for names, words in (
        (("minimum", "ge"), "at least {:g}"),
        (("maximum", "le"), "at most {:g}"),
        (("maxLength",), "{:,} characters at most"),
    ):
        for name in names:
            if name in schema:
                yield words.format(schema[name])


def example(asked: type[Asked], leave_out: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The least that the type takes, by the guide's names: what is required, and as few of the others as its rules ask
    for beside that. `leave_out` names fields, by our names, that come from elsewhere.

    Raises:
        ValueError: no more than two further fields make it whole.
    """
    schema = asked.model_json_schema(by_alias=True)
    elsewhere = {
        asked.model_fields[name].serialization_alias or name for name in leave_out or () if name in asked.model_fields
    }
    required = [name for name in schema.get("required", ()) if name not in elsewhere]
    others = [name for name in schema.get("properties", {}) if name not in required and name not in elsewhere]
    for count in range(3):
        for further in combinations(others, count):
            for time in _TIMES:
                data = _object(schema, schema.get("$defs", {}), (*required, *further), time)
                if _is_taken(asked, {**dict.fromkeys(elsewhere, "text"), **data}):
                    return data
    raise ValueError(f"no example of {asked.__name__} can be made of its types")


def _is_taken(asked: type[Asked], data: Mapping[str, Any]) -> bool:
    try:
        asked.model_validate(data)
    except ValidationError:
        return False
    return True


def _object(schema: _Schema, kinds: _Schema, names: Sequence[str], time: str) -> dict[str, Any]:
    return {name: _value(name, schema["properties"][name], kinds, time) for name in names}


def _value(name: str, schema: _Schema, kinds: _Schema, time: str) -> Any:
    if "$ref" in schema:
        inner = kinds[schema["$ref"].rpartition("/")[2]]
        return _object(inner, kinds, inner.get("required", ()), time)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return _value(name, several[0], kinds, time)
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    if schema.get("type") == "array":
        return [_value(name, {"description": schema.get("description"), **schema["items"]}, kinds, time)]
    if schema.get("type") == "object":
        return {"name": _value("", schema.get("additionalProperties") or {}, kinds, time)}
    if schema.get("format") == "date-time":
        return time
    if schema.get("type") in ("integer", "number"):
        return schema.get("minimum", schema.get("ge", 1)) or 1
    return True if schema.get("type") == "boolean" else _text(name, schema)


def _text(name: str, schema: _Schema) -> str:
    likely = (_TEXTS[name], *_ANY_TEXTS) if name in _TEXTS else _ANY_TEXTS
    if str(schema.get("description")).startswith("addresses"):
        likely = (_TEXTS["email"], *likely)
    fits = (text for text in likely if re.search(schema.get("pattern", ""), text) and _long_enough(text, schema))
    return next(fits, likely[0])


def _long_enough(text: str, schema: _Schema) -> bool:
    return int(schema.get("minLength", 0)) <= len(text) <= int(schema.get("maxLength", len(text)))
