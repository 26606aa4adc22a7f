"""Compiles the channel sections of a mapping, each fault reported where it stands."""

from typing import Any

from connector.mapping import scopes
from connector.mapping.channel_sections import CHANNEL_SECTIONS, ChannelSection
from connector.mapping.content import ContentPart, Value
from connector.mapping.document import Path
from connector.mapping.schema import MessageSection
from connector.mapping.texts import TextCompiler


def compile_content(texts: TextCompiler, message: MessageSection) -> tuple[ContentPart, ...]:
    """The channel sections of a `message` section, each fault reported where it stands."""
    sections = ((key, getattr(message, key)) for key in CHANNEL_SECTIONS)
    return tuple(_part(texts, key, section) for key, section in sections if section is not None)


def _part(texts: TextCompiler, key: str, section: ChannelSection) -> ContentPart:
    written_as = {name: info.alias for name, info in type(section).model_fields.items() if info.alias is not None}
    values: dict[str, Value] = {}
    for name in type(section).model_fields:
        given = getattr(section, name)
        if given is None or given in ([], {}):
            continue
        path: Path = ("message", key, written_as.get(name, name))
        values[name] = (
            texts.markup(path, given, scopes.MESSAGE) if name in section.markup else _compiled(texts, path, given)
        )
    return ContentPart(key, section.channel, values, written_as, section.markup, section.ids)


def _compiled(texts: TextCompiler, path: Path, given: Any) -> Value:
    if isinstance(given, int):
        return given
    if isinstance(given, str):
        return texts.template(path, given, scopes.MESSAGE)
    if isinstance(given, dict):
        return {field: texts.template((*path, field), text, scopes.MESSAGE) for field, text in given.items()}
    return tuple(texts.template((*path, at), text, scopes.MESSAGE) for at, text in enumerate(given))
