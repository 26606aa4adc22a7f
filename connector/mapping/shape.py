"""From a document to a `MappingFile`: pydantic's findings told as sentences, each at its line and column."""

from collections.abc import Collection, Iterator
from copy import deepcopy
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connector.mapping.document import Document, Path
from connector.mapping.schema import MappingFile
from connector.mapping.section import Section

_FILLERS: dict[str, Any] = {
    "version": 1,
    "name": "unnamed",
    "source": {"object": "Unnamed", "where": "", "claim": {"Unnamed__c": ""}},
    "object": "Unnamed",
    "where": "",
    "claim": {"Unnamed__c": ""},
    "message": {"to": {"field": "Id"}, "text": "text"},
    "to": {"field": "Id"},
    "field": "Id",
    "text": "text",
    "on_status": {},
}


_DECIDING = frozenset(
    {"hours", "consent", "send_at", "valid_for", "when", "lookup", "activity", "on_reply", "on_opt_out", "on_opt_in"}
)
"""Keys that decide who gets a message, when, and what is told of it."""


def read_shape(document: Document) -> MappingFile | None:
    """The file's sections, or None when its shape is wrong; what is wrong is reported to the document."""
    if not isinstance(document.value, dict):
        document.report((), "a mapping is a map of keys; it begins with `version: 1`")
        return None
    details: list[ErrorDetails] = []
    file = None
    try:
        file = MappingFile.model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    for detail in details:
        _report(document, detail)
    _report_empty(document, {_path(document.value, detail["loc"]) for detail in details})
    return file


def _report_empty(document: Document, told: Collection[Path]) -> None:
    """Keys under which nothing stands, as if they were not there: most likely it was forgotten, or commented out."""
    for path, mark in document.marks.items():
        written = path and isinstance(path[-1], str) and path[0] != "tests"
        if not written or mark.start != mark.end or path in told:
            continue
        decides = path[-1] in _DECIDING
        advice = "write what belongs there, or take the key out" if decides else "it is as if the key were not there"
        document.report(path, f"nothing stands under `{path[-1]}`; {advice}", key=True, warning=not decides)


def sound_rest(document: Document, account: str) -> MappingFile | None:
    """The file without what is wrong with its shape, so that the rest can be searched for problems in the same run.

    What must be there is filled with what raises no problem of its own; `account` is the name of any account.
    """
    value = deepcopy(document.value)
    fillers = {**_FILLERS, "account": account, "route": [{"account": account}]}
    for _ in range(5):
        try:
            return MappingFile.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _mend(value, detail, fillers)
    return None


def _mend(value: dict[str, Any], detail: ErrorDetails, fillers: dict[str, Any]) -> None:
    path = _path(value, detail["loc"])
    wanted = detail["loc"][-1] if detail["type"] == "missing" else None
    if wanted in fillers:
        around = _at(value, path)
        if isinstance(around, dict):
            around[str(wanted)] = deepcopy(fillers[str(wanted)])
            return
    while path and isinstance(path[-1], int):  # taking an item out would move the marks of those after it
        path = path[:-1]
    around = _at(value, path[:-1]) if path else None
    if isinstance(around, dict):
        around.pop(str(path[-1]), None)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _report(document: Document, detail: ErrorDetails) -> None:
    location = detail["loc"]
    path = _path(document.value, location)
    if detail["type"] in {"string_type", "literal_error"} and location[-1:] != path[-1:] and path:
        return  # the branch of a union that the value was not meant for; the other branch says what is wrong
    if detail["type"] == "missing":
        document.report(path, f"the key `{location[-1]}` is missing{_in(path)}", key=True)
    elif detail["type"] == "extra_forbidden":
        document.report(path, _unknown_key(path), key=True)
    else:
        document.report(path, _sentence(detail), key=location[-1] == "[key]")


def _path(value: Any, location: tuple[str | int, ...]) -> Path:
    """The steps of a pydantic location that exist in the document; the names of union branches do not."""
    path: list[str | int] = []
    for step in location:
        inside = isinstance(value, dict) and step in value
        inside = inside or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        if inside:
            path.append(step)
            value = value[step]
    return tuple(path)


def _in(path: Path) -> str:
    words = [str(step) for step in path if isinstance(step, str)]
    return f" in `{'.'.join(words)}`" if words else ""


def _sentence(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "enum"}:
        return f"this must be {context['expected']}"
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "a map of keys must stand here"
    if kind == "list_type":
        return "a list must stand here: [a, b]"
    if kind == "too_short":
        return "this must not be empty"
    if kind == "string_pattern_mismatch":
        return "a name is made of letters, digits, - and _, and has at most 63 of them"
    if kind in {"int_type", "int_from_float", "greater_than", "int_parsing"}:
        return "a whole number above 0 must stand here, without quotes"
    return detail["msg"]


def _unknown_key(path: Path) -> str:
    keys = _keys_of(path[:-1])
    close = get_close_matches(str(path[-1]), keys, 1)
    hint = f"did you mean `{close[0]}`?" if close else f"the keys here are: {', '.join(keys)}"
    return f"the key `{path[-1]}` is not known{_in(path[:-1])}; {hint}"


def _keys_of(path: Path) -> list[str]:
    """The keys of the section at `path`."""
    section: type[Section] = MappingFile
    for step in path:
        if isinstance(step, str):
            found = {alias: inner for alias, inner in _sections(section) if inner is not None}
            section = found.get(step, section)
    return [alias for alias, _ in _sections(section)]


def _sections(section: type[Section]) -> Iterator[tuple[str, type[Section] | None]]:
    for name, info in section.model_fields.items():
        yield info.alias or name, _section_in(info.annotation)


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _section_in(inner))), None)
