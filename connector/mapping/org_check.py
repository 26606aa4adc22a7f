"""A mapping against the org's describe: every name is there, every written field takes what is written to it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches

from connector.mapping.document import Document, Path
from connector.mapping.kinds_check import MOMENTS, NUMBERS, TEXTS
from connector.mapping.org import Org, UnknownName
from connector.mapping.parts import Assignment, UpsertPart
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import Choice, MappingFile
from connector.mapping.where import bare_words, comparisons, field_names
from connector.model.describe import FieldDescription

_ADDRESSES = frozenset({"email", "string", "textarea"})


class _OrgCheck:
    def __init__(self, document: Document, org: Org) -> None:
        self.document = document
        self.org = org

    def found(self, path: Path, object_name: str, name: str, *, key: bool = False) -> FieldDescription | None:
        try:
            return self.org.field(object_name, name)
        except UnknownName as error:
            self.document.report(path, str(error), key=key, near="" if key else name)
            return None

    def has_object(self, path: Path, object_name: str) -> bool:
        try:
            self.org.object(object_name)
        except UnknownName as error:
            self.document.report(path, str(error))
            return False
        return True


def check_org(document: Document, file: MappingFile, mapping: RecordMapping, org: Org) -> None:
    """Reports what the org does not have or would not take."""
    checker = _OrgCheck(document, org)
    if checker.has_object(("source", "object"), mapping.object):
        for path, name in _read_names(file, mapping):
            checker.found(path, mapping.object, name)
        _where_values(checker, file.source.where, mapping.object)
        _channel_values(checker, file, mapping.object)
        _updates(checker, ("source", "claim"), mapping.object, mapping.source.claim)
        if mapping.lookup is not None:
            _updates(checker, ("lookup", "set"), mapping.object, mapping.lookup.set)
        for part in mapping.status_parts():
            _updates(checker, ("on_status", part.word, "set"), mapping.object, part.set)
    if mapping.activity is not None:
        _upserts(checker, ("activity",), mapping.activity.upsert)
    if mapping.reply is not None:
        _upserts(checker, ("on_reply", "create"), mapping.reply.create)
    _match_fields(checker, file)
    _opt_outs(checker, mapping)


def _read_names(file: MappingFile, mapping: RecordMapping) -> Iterator[tuple[Path, str]]:
    """Every field that is read from the record, with where the mapping names it."""
    message = mapping.message
    bare = bare_words(file.source.where)
    yield from ((("source", "where"), name) for name in field_names(file.source.where) if name not in bare)
    yield from ((("source", "rank", index), ranked.field) for index, ranked in enumerate(mapping.source.order))
    for word, field in (("field", message.phone), ("email", message.email)):
        if field is not None:
            yield ("message", "to", word), field
    for key, choice, section in (
        (("to", "region"), message.region, file.message.to.region),
        (("channel",), message.channel, file.message.channel),
    ):
        if choice.field is not None:
            path: Path = ("message", *key, "field") if isinstance(section, Choice) else ("message", *key)
            yield path, choice.field
    yield from ((("message", "consent", index), name) for index, name in enumerate(message.consent))
    for path, template in mapping.templates():
        for expression in template.expressions:
            yield from ((path, name) for name in expression.fields)
    for index, route in enumerate(mapping.routes):
        names = route.when.fields if route.when is not None else ()
        yield from ((("route", index, "when"), name) for name in names)


def _where_values(checker: _OrgCheck, where: str, object_name: str) -> None:
    path: Path = ("source", "where")
    for word in bare_words(where):
        text = f"`{word}` stands where a value must; put '…' around a text: '{word}'"
        checker.document.report(path, text, near=word)
    for name, text in comparisons(where):
        try:
            field = checker.org.field(object_name, name)
        except UnknownName:
            continue  # told already
        wrong = _picklist_mismatch(field, text)
        if wrong is not None and text.casefold() not in {value.casefold() for value in field.values}:
            checker.document.report(path, f"no record is found by this: {wrong}", near=f"'{text}'", warning=True)


def _channel_values(checker: _OrgCheck, file: MappingFile, object_name: str) -> None:
    channel = file.message.channel
    if not isinstance(channel, Choice) or channel.values is None:
        return
    try:
        field = checker.org.field(object_name, channel.field)
    except UnknownName:
        return  # told already
    path: Path = ("message", "channel", "values")
    for value in field.values:
        if value not in channel.values:
            text = f"{channel.field} can be `{value}`, which is not listed here; such records are refused"
            checker.document.report(path, text, warning=True)
    for value in channel.values:
        if field.values and value not in field.values:
            text = f"`{value}` is not among the values of {channel.field} in the org: {', '.join(field.values)}"
            checker.document.report((*path, value), text, key=True, warning=True)


def _updates(checker: _OrgCheck, path: Path, object_name: str, assignments: Iterable[Assignment]) -> None:
    for assignment in assignments:
        _written(checker, (*path, assignment.field), object_name, assignment)


def _upserts(checker: _OrgCheck, path: Path, upsert: UpsertPart) -> None:
    if not checker.has_object((*path, "object"), upsert.object):
        return
    key = checker.found((*path, "key"), upsert.object, upsert.key)
    if key is not None and not (key.external_id and key.unique):
        text = (
            f"`{upsert.key}` must be marked as external id and as unique in the org, or a repeat makes a second record"
        )
        checker.document.report((*path, "key"), text)
    for assignment in upsert.set:
        _written(checker, (*path, "set", assignment.field), upsert.object, assignment, creates=True)


def _opt_outs(checker: _OrgCheck, mapping: RecordMapping) -> None:
    for key, consent in (("on_opt_out", mapping.opt_outs), ("on_opt_in", mapping.opt_ins)):
        for section, by_object in consent.sections():
            for object_name, assignments in by_object.items():
                for assignment in assignments:
                    path: Path = (key, section, f"{object_name}.{assignment.field}")
                    if checker.has_object(path, object_name):
                        _written(checker, path, object_name, assignment)


def _match_fields(checker: _OrgCheck, file: MappingFile) -> None:
    for index, match in enumerate(file.on_reply.match if file.on_reply is not None else ()):
        for at, name in enumerate(match.in_):
            object_name, field = name.split(".")
            path: Path = ("on_reply", "match", index, "in", at)
            if not checker.has_object(path, object_name):
                continue
            described = checker.found(path, object_name, field)
            if described is not None and match.by == "address" and described.type not in _ADDRESSES:
                text = f"`{name}` is a {described.type} in the org and holds no e-mail addresses"
                checker.document.report(path, text, near=field)


def _written(
    checker: _OrgCheck, path: Path, object_name: str, assignment: Assignment, *, creates: bool = False
) -> None:
    field = checker.found(path, object_name, assignment.field, key=True)
    if field is None:
        return
    if not field.updateable or (creates and not field.createable):
        text = (
            f"`{field.name}` of {object_name} cannot be written by the connector's user; grant it in the permission set"
        )
        checker.document.report(path, text, key=True)
    elif wrong := _mismatch(field, assignment):
        checker.document.report(path, wrong)


def _mismatch(field: FieldDescription, assignment: Assignment) -> str | None:
    """Why the field cannot take what is written, as far as that is known before there is a value."""
    template = assignment.template
    if template is None:
        return _constant_mismatch(field, assignment.constant)
    if template.lone:
        return None
    if field.type == "boolean":
        return f"`{field.name}` is true or false; write that without quotes, or one expression in braces"
    if field.type in NUMBERS:
        return f"`{field.name}` is a number; write that without quotes, or one expression in braces"
    if field.type in MOMENTS and not _is_moment(template.literal):
        return f'`{field.name}` is a {field.type}; write one expression in braces, like "{{at}}"'
    literal = sum(len(piece) for piece in template.pieces)
    if field.length and literal > field.length:
        return f"this text has {literal} characters; `{field.name}` holds {field.length}"
    return _picklist_mismatch(field, template.literal)


def _constant_mismatch(field: FieldDescription, constant: float | bool | None) -> str | None:
    if isinstance(constant, bool) and field.type != "boolean":
        return f"`{field.name}` is a {field.type}, not true or false; put quotes around a text"
    if not isinstance(constant, bool) and field.type in TEXTS:
        return f"`{field.name}` is a text; put quotes around the number"
    if not isinstance(constant, bool) and field.type == "boolean":
        return f"`{field.name}` is true or false"
    return None


def _is_moment(literal: str | None) -> bool:
    try:
        return literal is not None and (literal == "" or bool(datetime.fromisoformat(literal)))
    except ValueError:
        return False


def _picklist_mismatch(field: FieldDescription, literal: str | None) -> str | None:
    if literal is None or not literal or field.type != "picklist" or not field.values or literal in field.values:
        return None
    close = get_close_matches(literal, field.values, 1)
    hint = f"did you mean `{close[0]}`?" if close else f"the org lists {', '.join(field.values)}"
    return f"`{literal}` is not among the values of `{field.name}`; {hint}"
