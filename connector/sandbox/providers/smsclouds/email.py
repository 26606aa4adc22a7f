"""What may stand in the body of ``POST api/v1/email`` (guide, "Send Email"), by template.

Contradictions of the guide, and how they are read: its table makes `body` required, and template 3 (only an image)
lists none, so there it may be left out; template 4 lists `Attachment` twice and no image, of which it consists, so the
first is taken for the image.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.smsclouds import fields
from connector.sandbox.providers.smsclouds.errors import Refusal

_EVERY = frozenset({"template", "subject", "recipients", "body", "attachment", "scheduledDate", "sender"})
_ALLOWED = {
    1: _EVERY | {"header"},
    2: _EVERY | {"header"},
    3: _EVERY | {"image"},
    4: _EVERY | {"header", "image"},
}
_REQUIRED = {1: ("body", "subject"), 2: ("body", "subject"), 3: ("subject", "image"), 4: ("body", "subject", "image")}
_DEFAULT_TEMPLATE = 2


@dataclass(frozen=True)
class EmailRequest:
    """An email campaign whose every parameter is in order; `texts` are subject and merged body, a recipient each."""

    emails: list[str]
    texts: list[str]
    schedule: float | None


def read_email(given: Mapping[str, Any], now: float) -> EmailRequest:
    """The email campaign in the JSON object `given`. Raises Refusal(422) for the first parameter that is wrong."""
    template = fields.whole_number(given, "template")
    template = _DEFAULT_TEMPLATE if template is None else template
    if template not in _ALLOWED:
        raise Refusal(422, "El campo template seleccionado no es valido.")
    fields.refuse_unknown(given, _ALLOWED[template])
    for key in _REQUIRED[template]:
        fields.required_text(given, key)
    for key in ("header", "sender"):
        fields.optional_text(given, key)
    fields.whole_number(given, "attachment")
    _refuse_image_without_address(given)
    emails, items = fields.recipients(given, "email")
    body = fields.optional_text(given, "body") or ""
    return EmailRequest(
        emails=emails,
        texts=[f"{given['subject']}\n{fields.merged(body, item)}" for item in items],
        schedule=fields.future(given, "scheduledDate", now),
    )


def _refuse_image_without_address(given: Mapping[str, Any]) -> None:
    image = fields.optional_text(given, "image")
    if image is not None and not image.startswith(("http://", "https://")):
        raise Refusal(422, "El campo image debe ser una URL.")
