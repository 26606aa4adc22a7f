"""What a message says beyond its text: the channel sections, filled from a record."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from connector.mapping.document import Path
from connector.mapping.expression import Names
from connector.mapping.template import Template, written
from connector.model.messages import Channel, merge

_NUMBER = re.compile("[0-9]{1,18}")

Value = int | Template | tuple[Template, ...] | Mapping[str, Template]


class EmptyText(Exception):
    """A text that may not be empty is: `where` names it by its keys, `sources` are the expressions in it."""

    def __init__(self, where: str, sources: str) -> None:
        super().__init__(f"a text of {where} is empty, and WhatsApp takes none; fill {sources}")


@dataclass(frozen=True, slots=True)
class ContentPart:
    """A channel section: its `key` in `message`, and its values by their keys in `Message.content`.

    `written_as` are their keys in the mapping, where these differ; `markup` are those that are HTML, `ids` those that
    may be numbers.
    """

    key: str
    channel: Channel
    values: Mapping[str, Value]
    written_as: Mapping[str, str]
    markup: frozenset[str]
    ids: frozenset[str]

    def templates(self) -> Iterator[tuple[Path, Template]]:
        """Every text, with its path in the mapping file."""
        for name, value in self.values.items():
            path: Path = ("message", self.key, self.written_as.get(name, name))
            if isinstance(value, Template):
                yield path, value
            elif isinstance(value, tuple):
                yield from (((*path, at), text) for at, text in enumerate(value))
            elif not isinstance(value, int):
                yield from (((*path, field), text) for field, text in value.items())

    def filled(self, names: Names) -> dict[str, Any]:
        """The content of one message; a text that comes out empty is left out.

        Raises:
            EmptyText: one text of a list is empty, which would move those after it.
            ExpressionFault: an expression cannot be worked out.
        """
        found = {name: self._filled(name, value, names) for name, value in self.values.items()}
        return {name: value for name, value in found.items() if value not in (None, "", [], {})}

    def _filled(self, name: str, value: Value, names: Names) -> Any:
        if isinstance(value, int):
            return value
        if isinstance(value, Template):
            if name in self.markup:
                return _marked_up(value, names)
            text = written(value.value(names)).strip()
            return int(text) if name in self.ids and _NUMBER.fullmatch(text) else text
        if isinstance(value, tuple):
            return [_not_empty(text, names, f"{self.key}.{name}") for text in value]
        return {field: written(text.value(names)) for field, text in value.items()}


def _marked_up(template: Template, names: Names) -> str:
    """HTML with what comes from data escaped; a field alone is HTML itself."""
    if template.lone:
        return written(template.value(names))
    return merge(template.pieces, tuple(escape(value) for value in template.values(names)))


def _not_empty(template: Template, names: Names, where: str) -> str:
    text = written(template.value(names))
    if not text.strip():
        raise EmptyText(where, ", ".join(expression.source.strip() for expression in template.expressions))
    return text
