"""What may stand in the body of ``POST api/v3/campaign`` (guide, "Send Messages MT", table of parameters).

Held to the guide and the readings: the merged text is what must fit; one of the five ways to write it is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.gsm import GSM, UTF_16
from connector.sandbox.providers.smsclouds import fields
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.routes import COUNTRIES, ROUTES, SmsRoute

_PLAIN = 160
_LIMITS = {"encode": 70, "encode_2": 128, "encode_3": 192, "long_message": 306}
# What one part holds in each way of writing; the guide names only the totals.
_PART = {"encode": 70, "encode_2": 64, "encode_3": 64, "long_message": 153}
_KNOWN = frozenset({"text", "recipients", "route", "country", "campaign_name", "scheduled_date", *_LIMITS})


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


def read_campaign(given: Mapping[str, Any], now: float) -> CampaignRequest:
    """The campaign in the JSON object `given`. Raises Refusal(422) for the first parameter that is wrong."""
    fields.refuse_unknown(given, _KNOWN)
    way = _way(given)
    cellphones, items = fields.recipients(given, "cellphone")
    texts, parts = _texts(fields.required_text(given, "text"), items, way)
    return CampaignRequest(
        cellphones=cellphones,
        texts=texts,
        parts=parts,
        name=fields.optional_text(given, "campaign_name"),
        route=_route(fields.whole_number(given, "route"), fields.whole_number(given, "country")),
        schedule=fields.future(given, "scheduled_date", now),
        encode=way in ("encode", "encode_2", "encode_3"),
        long_message=way == "long_message",
    )


def _way(given: Mapping[str, Any]) -> str | None:
    """The one flag that is set, or None for a plain text."""
    for key in _LIMITS:
        if not isinstance(given.get(key, False), bool):
            raise Refusal(422, f"El campo {key} debe ser verdadero o falso.")
    chosen = [key for key in _LIMITS if given.get(key)]
    if len(chosen) > 1:
        raise Refusal(422, f"Los campos {' y '.join(chosen)} no se pueden combinar.")
    return chosen[0] if chosen else None


def _texts(text: str, items: list[dict[str, str]], way: str | None) -> tuple[list[str], int]:
    """The merged texts and the parts that all of them take together."""
    wanted = fields.merge_fields(text)
    for field in sorted({key for item in items for key in item} - {"cellphone"} | set(wanted)):
        # "be sure that the length of cellphones array, names and your fields are the same"
        if any(field not in item for item in items):
            raise Refusal(422, f"El campo {field} debe estar en todos los recipients.")
    if not wanted:
        return [text] * len(items), len(items) * _parts(text, way)
    texts = [fields.merged(text, item) for item in items]
    return texts, sum(_parts(merged_text, way) for merged_text in texts)


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


def _route(route: int | None, country: int | None) -> SmsRoute:
    if route is None and country is None:
        raise Refusal(422, "El campo route es obligatorio cuando country no esta presente")
    if country is not None and country not in COUNTRIES:
        raise Refusal(422, "El campo country seleccionado no es valido.")
    if route is None:
        return next(known for known in ROUTES.values() if known.country == country)
    if route not in ROUTES or country not in (None, ROUTES[route].country):
        raise Refusal(422, "El campo route seleccionado no es valido.")
    return ROUTES[route]
