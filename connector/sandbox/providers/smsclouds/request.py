"""What may stand in the body of ``POST api/v3/campaign`` (guide, "Send Messages MT", table of parameters).

Held to the guide and the readings: the merged text is what must fit; one of the five ways to write it is chosen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connector.sandbox.providers.gsm import GSM, UTF_16
from connector.sandbox.providers.smsclouds.dates import parsed
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.routes import COUNTRIES, ROUTES, SmsRoute

MOST_RECIPIENTS = 50_000
_PLAIN = 160
_LIMITS = {"encode": 70, "encode_2": 128, "encode_3": 192, "long_message": 306}
# What one part holds in each way of writing; the guide names only the totals.
_PART = {"encode": 70, "encode_2": 64, "encode_3": 64, "long_message": 153}
_MERGES = {"<+B+>": "name", "<+C+>": "field1", "<+D+>": "field2", "<+E+>": "field3", "<+F+>": "field4"}
_MERGE = re.compile(r"<\+[B-F]\+>")
_KNOWN = frozenset({"text", "recipients", "route", "country", "campaign_name", "scheduled_date", *_LIMITS})
_RECIPIENT = frozenset({"cellphone", *_MERGES.values()})
_CELLPHONE = re.compile(r"[1-9]\d{9}")
# A clock that is a little ahead must not turn "now" into the past.
_GRACE = 60.0


@dataclass(frozen=True)
class CampaignRequest:
    """A campaign whose every parameter is in order: national 10-digit numbers beside merged texts."""

    cellphones: list[str]
    texts: list[str]
    parts: int
    name: str | None
    route: SmsRoute
    schedule: float | None
    encode: bool
    long_message: bool


def read(body: bytes, content_type: str, now: float) -> CampaignRequest:
    """The campaign in `body`. Raises Refusal 400 without JSON, 422 for the first parameter that is wrong."""
    given = json_object(body, content_type)
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        raise Refusal(422, f"El campo {unknown[0]} no es valido.")
    way = _way(given)
    cellphones, merges = _recipients(given.get("recipients"))
    texts, parts = _texts(given.get("text"), merges, way)
    return CampaignRequest(
        cellphones=cellphones,
        texts=texts,
        parts=parts,
        name=_name(given.get("campaign_name")),
        route=_route(given.get("route"), given.get("country")),
        schedule=_schedule(given.get("scheduled_date"), now),
        encode=way in ("encode", "encode_2", "encode_3"),
        long_message=way == "long_message",
    )


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


def _way(given: Mapping[str, Any]) -> str | None:
    """The one flag that is set, or None for a plain text."""
    for key in _LIMITS:
        if not isinstance(given.get(key, False), bool):
            raise Refusal(422, f"El campo {key} debe ser verdadero o falso.")
    chosen = [key for key in _LIMITS if given.get(key)]
    if len(chosen) > 1:
        raise Refusal(422, f"Los campos {' y '.join(chosen)} no se pueden combinar.")
    return chosen[0] if chosen else None


def _recipients(given: Any) -> tuple[list[str], list[dict[str, str]]]:
    if not isinstance(given, list) or not given:
        raise Refusal(422, "El campo recipients es obligatorio.")
    if len(given) > MOST_RECIPIENTS:
        raise Refusal(422, f"El campo recipients no debe tener mas de {MOST_RECIPIENTS} elementos.")
    return [_cellphone(place, item) for place, item in enumerate(given)], given


def _cellphone(place: int, item: Any) -> str:
    where = f"recipients.{place}"
    if not isinstance(item, dict):
        raise Refusal(422, f"El campo {where} debe ser un objeto.")
    number = item.get("cellphone")
    if number is None:
        raise Refusal(422, f"El campo {where}.cellphone es obligatorio.")
    cellphone = str(number)
    if isinstance(number, bool | float) or not _CELLPHONE.fullmatch(cellphone):
        raise Refusal(422, f"El campo {where}.cellphone debe tener 10 digitos.")
    for key, value in item.items():
        if key not in _RECIPIENT:
            raise Refusal(422, f"El campo {where}.{key} no es valido.")
        if key != "cellphone" and not isinstance(value, str):
            raise Refusal(422, f"El campo {where}.{key} debe ser una cadena de caracteres.")
    return cellphone


def _texts(text: Any, recipients: list[dict[str, str]], way: str | None) -> tuple[list[str], int]:
    """The merged texts and the parts that all of them take together."""
    if not isinstance(text, str) or not text:
        raise Refusal(422, "El campo text es obligatorio.")
    wanted = [_MERGES[found] for found in dict.fromkeys(_MERGE.findall(text))]
    for field in sorted({key for item in recipients for key in item} - {"cellphone"} | set(wanted)):
        # "be sure that the length of cellphones array, names and your fields are the same"
        if any(field not in item for item in recipients):
            raise Refusal(422, f"El campo {field} debe estar en todos los recipients.")
    if not wanted:
        return [text] * len(recipients), len(recipients) * _parts(text, way)
    texts = [_merged(text, item) for item in recipients]
    return texts, sum(_parts(merged, way) for merged in texts)


def _merged(text: str, recipient: dict[str, str]) -> str:
    return _MERGE.sub(lambda found: recipient[_MERGES[found[0]]], text)


def _parts(text: str, way: str | None) -> int:
    """How many parts a merged text takes. Raises Refusal(422) when it is empty, too long or not of the alphabet."""
    alphabet = UTF_16 if way in ("encode", "encode_2", "encode_3") else GSM
    limit = _PLAIN if way is None else _LIMITS[way]
    if not text:
        raise Refusal(422, "El campo text es obligatorio.")
    if alphabet.lacks(text):
        raise Refusal(422, "El campo text contiene caracteres especiales; use encode.")
    length = alphabet.length(text)
    if length > limit:
        raise Refusal(422, f"El campo text no debe ser mayor que {limit} caracteres.")
    single = _PLAIN if alphabet is GSM else _LIMITS["encode"]
    return 1 if way is None or length <= single else -(-length // _PART[way])


def _name(name: Any) -> str | None:
    if name is not None and not isinstance(name, str):
        raise Refusal(422, "El campo campaign_name debe ser una cadena de caracteres.")
    return name


def _route(route: Any, country: Any) -> SmsRoute:
    for key, value in (("route", route), ("country", country)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise Refusal(422, f"El campo {key} debe ser un entero.")
    if route is None and country is None:
        raise Refusal(422, "El campo route es obligatorio cuando country no esta presente")
    if country is not None and country not in COUNTRIES:
        raise Refusal(422, "El campo country seleccionado no es valido.")
    if route is None:
        return next(known for known in ROUTES.values() if known.country == country)
    if route not in ROUTES or country not in (None, ROUTES[route].country):
        raise Refusal(422, "El campo route seleccionado no es valido.")
    return ROUTES[route]


def _schedule(given: Any, now: float) -> float | None:
    if given is None:
        return None
    try:
        schedule = parsed(given)
    except ValueError:
        raise Refusal(422, "El campo scheduled_date no corresponde con el formato YYYY-MM-DD HH:mm:ss.") from None
    if schedule < now - _GRACE:
        raise Refusal(422, "El campo scheduled_date debe ser una fecha futura.")
    return schedule
