"""YAML for people: one document as plain values, every key and value with its line and column.

The only file that imports yaml. Values are read by YAML 1.2's core rules, made narrower where they surprise: `no`,
`on`, `012`, `1:30` and `+4917…` stay text. Aliases, anchors, tags, duplicate keys, tabs and no-break spaces are
problems, and so is anything deeper or larger than a mapping can be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from connector.mapping.yaml_faults import Fault, Place, Quoted, told
from connector.model.errors import Problem

LARGEST_FILE = 256 * 1024
"""Bytes. Some nestings cost libyaml quadratic time; this, and `DEEPEST`, keep any file under a second."""

DEEPEST = 16
MOST_NODES = 20_000

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNSEEN = {
    "\t": "a tab stands here; use spaces (in a text, write \\t between double quotes)",
    **dict.fromkeys(
        "\u00a0\u2007\u202f",
        "a no-break space stands here, most likely pasted; type a plain space "
        "(if a text needs it, write \\u00a0 between double quotes)",
    ),
    **dict.fromkeys("\u200b\u2060\ufeff", "an invisible character stands here, most likely pasted; remove it"),
    **dict.fromkeys("\u0085\u2028\u2029", "an unusual line break stands here, most likely pasted; type a plain one"),
}
_UNSEEN_ANY = re.compile("[" + "".join(_UNSEEN) + "]")
_SMART_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value and its key stand; lines and columns count from 1, indexes (of characters) from 0."""

    line: int
    column: int
    start: int
    end: int
    key_line: int
    key_column: int
    comment_follows: bool = False


@dataclass(slots=True)
class Document:
    """One file's `value` (dicts, lists, str, int, float, bool, None), its `marks` by path, and its `problems`."""

    file: str
    text: str = ""
    value: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, path: Path) -> Mark:
        """The mark of the value at `path`, or of the nearest thing around it that exists."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1, 0, 0, 1, 1))

    def report(self, path: Path, text: str, *, key: bool = False, warning: bool = False, near: str = "") -> None:
        """Adds a problem at `path`: at its key, or where `near` stands in the value as it was written."""
        mark = self.mark(path)
        line, column = (mark.key_line, mark.key_column) if key else (mark.line, mark.column)
        found = self.text.find(near, mark.start, mark.end) if near else -1
        if found >= 0:
            before = self.text[mark.start : found]
            line, column = mark.line + before.count("\n"), len(before) - before.rfind("\n")
            column += mark.column - 1 if "\n" not in before else 0
        self.problems.append(Problem(self.file, line, column, text, warning))


class _Stop(Exception):
    """Reading cannot go on; the problem is reported already."""


def read_document(file: str, raw: bytes) -> Document:
    """Reads one YAML document; never raises, whatever the bytes: what is wrong stands in `problems`."""
    document = Document(file)
    if len(raw) > LARGEST_FILE:
        document.report((), f"the file has {len(raw)} bytes; a mapping has at most {LARGEST_FILE}. Split it in two")
        return document
    try:
        document.text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        text = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        document.problems.append(Problem(file, line, 1, text))
        return document
    _find_unseen(document)
    try:
        _Reader(document).read()
    except _Stop:
        document.value = None
    return document


def _find_unseen(document: Document) -> None:
    for found in _UNSEEN_ANY.finditer(document.text):
        start = document.text.rfind("\n", 0, found.start()) + 1
        line = document.text.count("\n", 0, start) + 1
        document.problems.append(Problem(document.file, line, found.start() - start + 1, _UNSEEN[found.group()]))
        if len(document.problems) >= 20:
            break
    document.text = _UNSEEN_ANY.sub(" ", document.text)  # told already; reading on finds the rest


@dataclass(slots=True)
class _Open:
    """A map or list that is being read. `key` waits for its value; `at` is where that key stands."""

    path: Path
    value: Any
    key: str | None = None
    at: tuple[int, int] = (1, 1)


class _Reader:
    """Builds the value from the parser's events, without recursion, so that no depth can hurt."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.open: list[_Open] = []
        self.nodes = 0
        self.last: Quoted | None = None

    def read(self) -> None:
        try:
            for event in self._events():
                self._take(event)
        except yaml.MarkedYAMLError as error:
            fault = Fault(
                error.problem or "", _place(error.problem_mark), error.context or "", _place(error.context_mark)
            )
            self._stop(*told(self.document.text, fault, self.last))
        except yaml.YAMLError as error:
            self._stop(None, f"this is not YAML: {str(error).splitlines()[0]}")
        if not self.nodes:
            self._stop(None, "the file is empty; a mapping begins with `version: 1`")

    def _events(self) -> Iterator[Any]:
        yield from yaml.parse(self.document.text, Loader=yaml.CSafeLoader)

    def _stop(self, mark: Any, text: str) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.document.problems.append(Problem(self.document.file, line, column, text))
        raise _Stop

    def _note(self, mark: Any, text: str) -> None:
        self.document.problems.append(Problem(self.document.file, mark.line + 1, mark.column + 1, text))

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.nodes:
            self._stop(event.start_mark, "a second document begins here; one file holds one mapping")
        if isinstance(event, yaml.AliasEvent):
            self._stop(event.start_mark, f"`*{event.anchor}` is an alias; write the value out, or put quotes around it")
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(event)
        elif isinstance(event, yaml.NodeEvent):
            self._begin(event)

    def _begin(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self._stop(event.start_mark, f"the file holds more than {MOST_NODES} values; split it in two")
        if event.anchor:
            self._note(event.start_mark, f"`&{event.anchor}` is an anchor; leave it out, or put quotes around the text")
        if event.tag and event.tag != "!":
            self._note(event.start_mark, f"`{event.tag}` is a tag; leave it out, or put quotes around the text")
        self.last = _quoted(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        else:
            self._container(event, {} if isinstance(event, yaml.MappingStartEvent) else [])

    def _container(self, event: Any, value: Any) -> None:
        path = self._place(event, value)
        if len(self.open) >= DEEPEST:
            self._stop(event.start_mark, f"this is nested deeper than {DEEPEST} levels; no mapping is")
        self.open.append(_Open(path, value))

    def _close(self, event: Any) -> None:
        closed = self.open.pop()
        mark = self.document.marks[closed.path]
        self.document.marks[closed.path] = Mark(
            mark.line, mark.column, mark.start, event.end_mark.index, mark.key_line, mark.key_column
        )

    def _scalar(self, event: Any) -> None:
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._key(event, parent)
            return
        plain = not event.style  # libyaml's word for plain is the empty string
        self._place(event, _resolve(event.value) if plain else event.value)
        if plain and event.value[:1] in _SMART_QUOTES and event.value:
            self._note(event.start_mark, f"`{event.value[0]}` is a typographic quote; use \" or ' around a text")

    def _key(self, event: Any, parent: _Open) -> None:
        parent.key, parent.at = event.value, (event.start_mark.line + 1, event.start_mark.column + 1)
        if event.value in parent.value:
            first = self.document.marks[(*parent.path, event.value)]
            self._note(
                event.start_mark, f"the key `{event.value}` stands here twice; the first is in line {first.key_line}"
            )

    def _place(self, event: Any, value: Any) -> Path:
        """Puts a value where it belongs and marks it."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        path, at = self._slot(event, value, (line, column))
        start, end = event.start_mark.index, event.end_mark.index
        rest = self.document.text[end : end + 80].split("\n", 1)[0] if isinstance(event, yaml.ScalarEvent) else ""
        comment = rest.lstrip(" ").startswith("#") and not event.style
        self.document.marks[path] = Mark(line, column, start, end, at[0], at[1], comment)
        return path

    def _slot(self, event: Any, value: Any, here: tuple[int, int]) -> tuple[Path, tuple[int, int]]:
        if not self.open:
            self.document.value = value
            return (), here
        parent = self.open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
            return (*parent.path, len(parent.value) - 1), here
        if parent.key is None:
            self._stop(event.start_mark, "a map or list stands here as a key; put quotes around it if it is a text")
        key, parent.key = str(parent.key), None
        parent.value[key] = value
        return (*parent.path, key), parent.at


def _place(mark: Any) -> Place | None:
    return None if mark is None else Place(mark.line, mark.column, mark.index)


def _quoted(event: Any) -> Quoted | None:
    """What a scalar in quotes spans; libyaml's word for a plain one is no style, and for a block `|` or `>`."""
    if not isinstance(event, yaml.ScalarEvent) or event.style not in {"'", '"'}:
        return None
    start, end = _place(event.start_mark), _place(event.end_mark)
    return Quoted(start, end, event.style) if start is not None and end is not None else None


def _resolve(text: str) -> Any:
    """YAML 1.2's core schema, but for what a phone number, a time or a code could be taken for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text
