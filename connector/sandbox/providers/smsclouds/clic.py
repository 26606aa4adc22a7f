"""What may stand in the body of ``POST api/v3/smsclic/campaign`` (guide, "SMS Service (SMS CLIC)"): a campaign with a
link that is shortened.

The guide prints the path in three spellings; the product's own name is used. It does not say whether each recipient
gets a short link of his own: here a campaign has one. Its answers show dates without a time of day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.fields import required_text, whole_number
from connector.sandbox.providers.smsclouds.request import CampaignRequest, read_campaign


@dataclass(frozen=True)
class Link:
    """A link of the account's page of links: where it leads and the address of its short forms."""

    target: str
    base: str


LINKS = {4: Link("https://www.facebook.com/", "https://mx4.mx")}
_PLACEHOLDER = re.compile(r"<\+DYNAMICSHORTURL_\w+\+>")


def read_clic(given: Mapping[str, Any], now: float) -> CampaignRequest:
    """The campaign in the JSON object `given`, its texts with the short link. Raises Refusal(422)."""
    link = _link(given.get("url"))
    whole_number(given, "route", required=True)
    text = required_text(given, "text")
    if not _PLACEHOLDER.search(text):
        raise Refusal(422, "El campo text debe contener la liga <+DYNAMICSHORTURL_...+>.")
    campaign = {key: value for key, value in given.items() if key != "url"}
    return read_campaign(campaign | {"text": _PLACEHOLDER.sub(_short(link, text, now), text)}, now)


def _link(url: Any) -> Link:
    """The table of parameters says integer and the example has text: both are read."""
    if url is None:
        raise Refusal(422, "El campo url es obligatorio.")
    if isinstance(url, bool) or not isinstance(url, int | str) or not str(url).isdecimal():
        raise Refusal(422, "El campo url debe ser un entero.")
    if int(url) not in LINKS:
        raise Refusal(422, "El campo url seleccionado no es valido.")
    return LINKS[int(url)]


def _short(link: Link, text: str, now: float) -> str:
    code = blake2b(f"{text}/{now}".encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
    return f"{link.base}/{code}"
