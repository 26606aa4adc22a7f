"""Texts as people will read them: names that lack their braces, and what the braces of other languages would give."""

import re

from connector.mapping.document import Document, Path
from connector.mapping.expression import FIELD_NAME, Expression
from connector.mapping.org import Org, UnknownName
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.scopes import CLAIM, MESSAGE, REPLY, STATUS, is_field
from connector.mapping.template import Template
from connector.model.describe import FieldDescription

_NEGATED = re.compile(r"\s*!\s*([A-Za-z][A-Za-z0-9_.]*)\s*\Z")
_MOMENTS = {"date": "2026-01-01", "datetime": "2026-01-01T09:00:00.000+0000", "time": "09:00:00.000Z"}
"""Types of fields that hold a date or a time, each with how the org writes one."""
_READ_BY_MACHINES = frozenset({"send_at", "conversation"})
_WORDS = {
    "message": MESSAGE.words,
    "source": CLAIM.words,
    "on_status": STATUS.words,
    "activity": STATUS.words,
    "on_reply": REPLY.words,
    "lookup": frozenset({"at"}),
}


def check_texts(document: Document, mapping: RecordMapping, org: Org | None) -> None:
    """Reports texts that are most likely not meant so; without `org`, only what needs no field's type."""
    checker = _TextCheck(document, mapping, org)
    for path, template in mapping.templates():
        checker.check(path, template)


class _TextCheck:
    def __init__(self, document: Document, mapping: RecordMapping, org: Org | None) -> None:
        self.document = document
        self.mapping = mapping
        self.org = org

    def check(self, path: Path, template: Template) -> None:
        if template.literal is not None:
            self._letters(path, template.literal.strip())
        for expression in template.expressions:
            negated = _NEGATED.match(expression.source)
            if negated is not None:
                self._negated(path, expression, negated.group(1))
            elif path[0] == "message" and path[-1] not in _READ_BY_MACHINES:
                self._moment(path, expression)

    def _letters(self, path: Path, name: str) -> None:
        """One that is certainly meant as a name is an error already; this is for words that may be meant as such."""
        named = name in _WORDS[str(path[0])] and "." not in name
        if not named and (name.endswith("__c") or self._field(self.mapping.object, name) is None):
            return
        written = self._written_field(path)
        if written is not None and written.type in {"picklist", "combobox", "multipicklist"}:
            return
        done = "sent" if path[0] == "message" else "written"
        what = "one of the connector's words" if named else f"a field of {self.mapping.object}"
        text = f'`{name}` is {done} as these letters; it is {what} too, and if that is meant, write "{{{name}}}"'
        self.document.report(path, text, warning=True)

    def _negated(self, path: Path, expression: Expression, name: str) -> None:
        if name.startswith("lookup."):
            return
        field = self._field(self.mapping.object, name) if name in expression.fields else None
        untold = name in expression.fields and field is None
        if (field is not None and field.type == "boolean") or (untold and path[0] != "message"):
            return
        text = f'`!` means "not", which only a checkbox has; leave the `!` out: {{{name}}}'
        self.document.report(path, text, near="{" + expression.source, warning=untold)

    def _moment(self, path: Path, expression: Expression) -> None:
        """A date as the org writes it, where people read it."""
        name = expression.direct if expression.direct in expression.fields else None
        field = self._field(self.mapping.object, name) if name is not None else None
        if field is None or field.type not in _MOMENTS:
            return
        text = (
            f"people would read `{_MOMENTS[field.type]}`; make a text formula field in the org that says it in words, "
            "and name that here"
        )
        self.document.report(path, text, near="{" + expression.source, warning=True)

    def _field(self, object_name: str, name: str) -> FieldDescription | None:
        if self.org is None or not (FIELD_NAME.match(name) and is_field(name)):
            return None
        try:
            return self.org.field(object_name, name)
        except UnknownName:
            return None

    def _written_field(self, path: Path) -> FieldDescription | None:
        """The field that the text at a path is written to."""
        if path[0] == "message":
            return None
        made = {
            "activity": self.mapping.activity.upsert if self.mapping.activity is not None else None,
            "on_reply": self.mapping.reply.create if self.mapping.reply is not None else None,
        }.get(str(path[0]))
        return self._field(made.object if made is not None else self.mapping.object, str(path[-1]))
