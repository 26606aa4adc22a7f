"""A mapping against the types of the org's fields, where one cannot mean what is written: a warning each."""

import re
from collections.abc import Iterator

from connector.mapping.document import Document, Path
from connector.mapping.org import Org, UnknownName
from connector.mapping.parts import Assignment
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import MappingFile
from connector.mapping.scopes import CLAIM, REPLY, STATUS
from connector.model.describe import FieldDescription

NUMBERS = frozenset({"double", "int", "currency", "percent", "long"})
TEXTS = frozenset({"string", "textarea", "phone", "email", "url", "picklist", "combobox", "multipicklist"})
MOMENTS = frozenset({"datetime", "date"})

_NO_PHONES = frozenset(
    {"id", "reference", "boolean", "date", "datetime", "time", "email", "url", "currency", "percent", "multipicklist"}
)
_NO_ADDRESSES = _NO_PHONES - {"email"} | {"phone", "double", "int", "long"}
_OUR_MOMENTS = STATUS.moments | REPLY.moments | CLAIM.moments
_OUR_TEXTS = (STATUS.words | REPLY.words | CLAIM.words) - _OUR_MOMENTS
_MAY_BE_NUMBERS = frozenset({"provider.id", "failure.code", "to.e164", "reply.phone", "reply.text"})
_IN_QUOTES = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NAME, _NUMBER, _SIGN = (
    r"(?<![\w.])([A-Za-z][\w.]*)(?![\w.(])",
    r"(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])",
    r"\s*(?:[<>=!]=|[<>])\s*",
)
_COMPARED = re.compile(f"{_NAME}{_SIGN}{_NUMBER}")
_COMPARED_TO = re.compile(f"{_NUMBER}{_SIGN}{_NAME}")


def check_kinds(document: Document, file: MappingFile, mapping: RecordMapping, org: Org) -> None:
    """Reports fields whose type does not fit their use."""
    checker = _KindsCheck(document, mapping, org)
    checker.recipients()
    checker.matches(file)
    checker.conditions(file)
    checker.assignments()


class _KindsCheck:
    def __init__(self, document: Document, mapping: RecordMapping, org: Org) -> None:
        self.document = document
        self.mapping = mapping
        self.org = org

    def recipients(self) -> None:
        """The fields that say whom a message goes to."""
        message = self.mapping.message
        if message.phone is not None:
            self._holds(
                ("message", "to", "field"), message.phone, self._field(message.phone), _NO_PHONES, "phone numbers"
            )
        if message.email is not None:
            field = self._field(message.email)
            self._holds(("message", "to", "email"), message.email, field, _NO_ADDRESSES, "e-mail addresses")

    def matches(self, file: MappingFile) -> None:
        """The fields in which a reply's number is looked for; those of addresses are refused elsewhere."""
        for index, match in enumerate(file.on_reply.match if file.on_reply is not None else ()):
            for at, name in enumerate(match.in_ if match.by == "phone" else ()):
                object_name, _, last = name.partition(".")
                field = self._field(last, object_name)
                self._holds(("on_reply", "match", index, "in", at), name, field, _NO_PHONES, "phone numbers")

    def conditions(self, file: MappingFile) -> None:
        """The `when` of every route."""
        for index, route in enumerate(self.mapping.routes):
            if route.when is None:
                continue
            path: Path = ("route", index, "when")
            field = self._field(route.when.direct) if route.when.direct in route.when.fields else None
            if field is not None and field.type != "boolean":
                text = f"`{field.name}` is of the type {field.type}, and never true or false; compare it by == or !="
                self.document.report(path, text, warning=True)
            for name, number in _compared(route.when.source):
                compared = self._field(name) if name in route.when.fields else None
                if compared is not None and compared.type in TEXTS:
                    text = f"`{name}` is a text; put '…' around the {number}, or use a number's field"
                    self.document.report(path, text, near=name, warning=True)

    def assignments(self) -> None:
        """What is written of ours alone, to fields of another type."""
        for path, assignment in self.mapping.assignments():
            field = self._field(assignment.field, self._object(path))
            name = _ours(assignment)
            if field is None or name is None:
                continue
            wanted = _wanted(field)
            fits = name in (_OUR_MOMENTS if field.type in MOMENTS else _MAY_BE_NUMBERS if field.type in NUMBERS else ())
            if wanted is not None and not fits:
                text = f"`{field.name}` is {wanted}, and `{name}` is not; the org would refuse it"
                self.document.report(path, text, warning=True)

    def _holds(self, path: Path, name: str, field: FieldDescription | None, wrong: frozenset[str], held: str) -> None:
        if field is None:
            return
        if field.type in wrong:
            text = f"`{name}` is of the type {field.type} in the org and holds no {held}"
            self.document.report(path, text, warning=True)
        elif field.name.endswith("Name"):
            self.document.report(path, f"`{name}` is a name and holds no {held}", warning=True)

    def _object(self, path: Path) -> str:
        if path[0] == "activity" and self.mapping.activity is not None:
            return self.mapping.activity.upsert.object
        if path[0] == "on_reply" and self.mapping.reply is not None:
            return self.mapping.reply.create.object
        return self.mapping.object

    def _field(self, name: str | None, object_name: str = "") -> FieldDescription | None:
        """None where the org has no such field, which is told elsewhere."""
        try:
            return self.org.field(object_name or self.mapping.object, name) if name is not None else None
        except UnknownName:
            return None


def _compared(source: str) -> Iterator[tuple[str, str]]:
    """Names that are compared with numbers, each with its number."""
    plain = _IN_QUOTES.sub("''", source)
    yield from ((found.group(1), found.group(2)) for found in _COMPARED.finditer(plain))
    yield from ((found.group(2), found.group(1)) for found in _COMPARED_TO.finditer(plain))


def _ours(assignment: Assignment) -> str | None:
    """The word of ours that is all of what is written."""
    template = assignment.template
    name = template.expressions[0].direct if template is not None and template.lone else None
    return name if name is not None and name in _OUR_TEXTS | _OUR_MOMENTS else None


def _wanted(field: FieldDescription) -> str | None:
    """What alone a field of this type takes; None where a text can be right."""
    if field.type in MOMENTS:
        return f"a {field.type}"
    if field.type in NUMBERS:
        return "a number"
    return "true or false" if field.type == "boolean" else None
