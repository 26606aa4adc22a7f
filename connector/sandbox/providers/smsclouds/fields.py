"""How Smsclouds reads one parameter of a request, and the words of its refusals (HTTP 422)."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from connector.sandbox.providers.smsclouds.dates import parsed
from connector.sandbox.providers.smsclouds.errors import Refusal

MOST_RECIPIENTS = 50_000
# Guide, "Message-Combination". The email section's own list contradicts its example; the example is followed.
MERGES = {"<+B+>": "name", "<+C+>": "field1", "<+D+>": "field2", "<+E+>": "field3", "<+F+>": "field4"}
_MERGE = re.compile(r"<\+[B-F]\+>")
_CELLPHONE = re.compile(r"[1-9]\d{9}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_SHAPES = {
    "cellphone": (_CELLPHONE, "debe tener 10 digitos"),
    "email": (_EMAIL, "debe ser una direccion de correo valida"),
}
# A clock that is a little ahead must not turn "now" into the past.
_GRACE = 60.0


def json_object(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a request. Raises Refusal(400): "You probably forgot to add the json to your request"."""
    if not body or content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400)
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400) from None
    if not isinstance(given, dict):
        raise Refusal(400)
    return given


def refuse_unknown(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse the first parameter that the operation does not have."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise Refusal(422, f"El campo {unknown[0]} no es valido.")


def required_text(given: Mapping[str, Any], key: str) -> str:
    """A text that must be there and not be empty."""
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise Refusal(422, f"El campo {key} es obligatorio.")
    return value


def optional_text(given: Mapping[str, Any], key: str) -> str | None:
    """A text, or None when it is left out."""
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise Refusal(422, f"El campo {key} debe ser una cadena de caracteres.")
    return value


def whole_number(given: Mapping[str, Any], key: str, *, required: bool = False) -> int | None:
    """A JSON integer, or None when it is left out and may be."""
    value = given.get(key)
    if value is None and required:
        raise Refusal(422, f"El campo {key} es obligatorio.")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Refusal(422, f"El campo {key} debe ser un entero.")
    return value


def phone(given: Mapping[str, Any], key: str) -> str | None:
    """A national number of 10 digits as text, or None when it is left out."""
    value = optional_text(given, key)
    if value is not None and not _CELLPHONE.fullmatch(value):
        raise Refusal(422, f"El campo {key} debe tener 10 digitos.")
    return value


def future(given: Mapping[str, Any], key: str, now: float) -> float | None:
    """A date to come as seconds since 1970, or None when it is left out."""
    value = given.get(key)
    if value is None:
        return None
    try:
        date = parsed(value)
    except ValueError:
        raise Refusal(422, f"El campo {key} no corresponde con el formato YYYY-MM-DD HH:mm:ss.") from None
    if date < now - _GRACE:
        raise Refusal(422, f"El campo {key} debe ser una fecha futura.")
    return date


def recipients(given: Mapping[str, Any], address: str) -> tuple[list[str], list[dict[str, str]]]:
    """The addresses (``cellphone`` or ``email``) of the recipients, and the recipients with their merge values."""
    items = given.get("recipients")
    if not isinstance(items, list) or not items:
        raise Refusal(422, "El campo recipients es obligatorio.")
    if len(items) > MOST_RECIPIENTS:
        raise Refusal(422, f"El campo recipients no debe tener mas de {MOST_RECIPIENTS} elementos.")
    return [_address(f"recipients.{place}", item, address) for place, item in enumerate(items)], items


def _address(where: str, item: Any, address: str) -> str:
    if not isinstance(item, dict):
        raise Refusal(422, f"El campo {where} debe ser un objeto.")
    value = item.get(address)
    if value is None:
        raise Refusal(422, f"El campo {where}.{address} es obligatorio.")
    shape, wanted = _SHAPES[address]
    if isinstance(value, bool | float) or not shape.fullmatch(str(value)):
        raise Refusal(422, f"El campo {where}.{address} {wanted}.")
    for key, merge in item.items():
        if key != address and key not in MERGES.values():
            raise Refusal(422, f"El campo {where}.{key} no es valido.")
        if key != address and not isinstance(merge, str):
            raise Refusal(422, f"El campo {where}.{key} debe ser una cadena de caracteres.")
    return str(value)


def merge_fields(text: str) -> list[str]:
    """The recipients' fields that `text` asks for, each once."""
    return [MERGES[found] for found in dict.fromkeys(_MERGE.findall(text))]


def merged(text: str, recipient: Mapping[str, str]) -> str:
    """`text` with the recipient's values, which are not scanned again; one that is not there is empty."""
    return _MERGE.sub(lambda found: recipient.get(MERGES[found[0]], ""), text)
