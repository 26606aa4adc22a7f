"""What comes from data travels in `sub`, never in the template (guide: "Substitution variables")."""

import re
from collections.abc import Sequence

from connector.model.failures import Failure, Fault
from connector.model.messages import Message
from connector.providers.base import Batch
from connector.providers.nrs360.options import NRS360Options

MARKS_OF_PLACEHOLDERS = frozenset("{}[]")
PLACEHOLDER = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
WHOLE_TEXT_AS_VALUE = "{v0}"


def template_of(settings: NRS360Options, message: Message, *, longest: int | None = None) -> str:
    """The text with placeholders where the values go. The whole text becomes the one value where a literal could be
    read as a placeholder, or where the template, whose placeholders may be longer than what takes their place, is
    longer than `longest` characters."""
    if not settings.merge_values:
        return message.text
    template = marked(message.pieces)
    too_long = longest is not None and len(template) > longest
    if too_long or any(MARKS_OF_PLACEHOLDERS.intersection(piece) for piece in message.pieces):
        return WHOLE_TEXT_AS_VALUE
    return template


def marked(pieces: Sequence[str]) -> str:
    """The pieces with a placeholder between each two."""
    return "".join(f"{piece}{{v{place}}}" for place, piece in enumerate(pieces[:-1])) + pieces[-1]


def substitutions(settings: NRS360Options, batch: Batch, template: str) -> list[dict[str, str]] | None:
    """The values of each message of one template; None where there are none."""
    if not _values(settings, batch.messages[0], template):
        return None
    return [
        {f"v{place}": value for place, value in enumerate(_values(settings, message, template))}
        for message in batch.messages
    ]


def placeholder_refusal(settings: NRS360Options, text: str) -> Failure | None:
    """That a text reads as a template, where the account has no merge value to put it in."""
    if settings.merge_values or not PLACEHOLDER.search(text):
        return None
    reason = "the text holds braces or brackets that 360NRS would read as a placeholder; take them out"
    return Failure("placeholder", reason, Fault.MESSAGE)


def _values(settings: NRS360Options, message: Message, template: str) -> tuple[str, ...]:
    if not settings.merge_values:
        return ()
    return (message.text,) if template == WHOLE_TEXT_AS_VALUE else message.values
