"""Short addresses and images (guide, "URL Shortener" and "Image generator")."""

import base64
from hashlib import blake2b
from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.merge import shortened
from connector.sandbox.providers.nrs360.parameters import OBJECTS, TEXT, Parameter, check, is_base64, is_url

_URLS = (Parameter("urls", OBJECTS, required=True, least=1, inside=(Parameter("longUrl", TEXT, required=True),)),)
_IMAGE = (
    Parameter("externalId", TEXT, required=True),
    Parameter("extension", TEXT, required=True, among=("jpg", "png")),
    Parameter("base64", TEXT, required=True),
)
_IMAGES = (Parameter("images", OBJECTS, required=True, least=1, inside=_IMAGE),)
_UPLOADS = "https://dashboard.360nrs.com/uploads/sandbox"


class Files:
    """Keeps nothing: the same address or image always gets the same answer."""

    def operations(self) -> list[Operation]:
        """The two operations."""
        return [("POST", "/shortener/shorten", self.shorten), ("POST", "/images/generate", self.generate)]

    def shorten(self, asked: Asked) -> Answer:
        """``POST /shortener/shorten``: what is no address has its own error, the others get theirs."""
        given = asked.fields()
        check(given, _URLS)
        return answered({"data": [_short(item["longUrl"]) for item in given["urls"]]})

    def generate(self, asked: Asked) -> Answer:
        """``POST /images/generate``: what is not base64 has its own error."""
        given = asked.fields()
        check(given, _IMAGES)
        return answered({"data": [_image(item) for item in given["images"]]})


def _short(url: str) -> dict[str, Any]:
    sound = is_url(url)
    return {"longUrl": url, "shortUrl": shortened(url) if sound else None, "error": not sound}


def _image(item: dict[str, str]) -> dict[str, Any]:
    sound = is_base64(item["base64"])
    address = None
    if sound:
        name = blake2b(base64.b64decode(item["base64"]), digest_size=32).hexdigest()
        address = f"{_UPLOADS}/{name}.{item['extension']}"
    return {"externalId": item["externalId"], "imageUrl": address, "error": not sound}
