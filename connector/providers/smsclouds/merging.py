"""Templates and what fills them (guide: "Message-Combination"; the email section's example has the same order)."""

from collections.abc import Callable

from connector.model.failures import Failure, Fault
from connector.model.messages import Encoding, Message
from connector.model.text import fits
from connector.providers.smsclouds.codes import MERGE_FIELDS
from connector.providers.smsclouds.options import SmscloudsOptions

MARK_OF_PLACEHOLDERS = "<+"
WHOLE_TEXT_AS_VALUE = MERGE_FIELDS[0][0]


def text_refusal(text: str) -> Failure | None:
    """Why nothing can carry the text: it is empty, or no text. None where it can be carried."""
    if not text:
        return Failure("no_text", "the text is empty; fill it in on the record", Fault.MESSAGE)
    if not fits(text, Encoding.UCS2):
        return Failure("unsendable_character", "the text holds half a character; change it", Fault.MESSAGE)
    return None


def placeholder_refusal(text: str) -> Failure | None:
    """Why the text cannot stand in a template: Smsclouds would read a part of it as a placeholder. None where not."""
    if MARK_OF_PLACEHOLDERS not in text:
        return None
    reason = f"the text holds {MARK_OF_PLACEHOLDERS!r}, which Smsclouds would read as a placeholder; take it out"
    return Failure("placeholder", reason, Fault.MESSAGE)


def template_of(settings: SmscloudsOptions, message: Message, *, holds: Callable[[str], bool] | None = None) -> str:
    """The text with placeholders where the values go.

    The whole text becomes the one value where the pieces cannot be a template: more values than there are fields, a
    literal that could be read as a placeholder, or a template that the campaign does not hold.
    """
    if not settings.merge_values:
        return message.text
    if len(message.values) > len(MERGE_FIELDS) or any(MARK_OF_PLACEHOLDERS in piece for piece in message.pieces):
        return WHOLE_TEXT_AS_VALUE
    template = marked(message)
    return template if holds is None or holds(template) else WHOLE_TEXT_AS_VALUE


def marked(message: Message) -> str:
    """The pieces, with a placeholder between each two; at most as many values as there are fields."""
    marks = [mark for mark, _ in MERGE_FIELDS[: len(message.values)]]
    return "".join(piece + mark for piece, mark in zip(message.pieces, marks, strict=False)) + message.pieces[-1]


def values_of(settings: SmscloudsOptions, message: Message, template: str) -> tuple[str, ...]:
    """What fills the template for this recipient, in the order of name, field1 … field4."""
    if not settings.merge_values:
        return ()
    return (message.text,) if template == WHOLE_TEXT_AS_VALUE else message.values
