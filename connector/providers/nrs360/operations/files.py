"""Short addresses, pictures and certificates (guide: "URL Shortener", "Image generator", "Download certificates")."""

from typing import Annotated, Literal

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import Shown
from connector.providers.operation import Asked, Room, named


class LongUrl(Asked):
    """An address to shorten."""

    long_url: Annotated[str, named("longUrl", min_length=1, description="the address")]


class Shorten(Asked):
    """Addresses to shorten."""

    urls: Annotated[list[LongUrl], Field(min_length=1, description="the addresses, each as longUrl")]


class ShortUrl(Shown):
    """What became of one; `error` is true for what is no address."""

    long_url: Annotated[str, named("longUrl")]
    short_url: Annotated[str | None, named("shortUrl")] = None
    error: bool = False


class ShortUrls(Shown):
    """What became of each address."""

    data: list[ShortUrl]


class Shortener(Room):
    """Short addresses."""

    room = "shortener"

    shorten = NRS360Operation(
        "POST", "shortener/shorten", section="Generation short URLs", asks=Shorten, tells=ShortUrls
    )


class Image(Asked):
    """A picture to keep at 360NRS."""

    external_id: Annotated[str, named("externalId", min_length=1, description="your name for it in the answer")]
    extension: Annotated[Literal["jpg", "png"], Field(description="what kind of picture it is")]
    base64: Annotated[str, Field(min_length=1, description="the picture in base64")]


class GenerateImages(Asked):
    """Pictures to keep."""

    images: Annotated[list[Image], Field(min_length=1, description="the pictures")]


class GeneratedImage(Shown):
    """Where a picture is kept."""

    external_id: Annotated[str, named("externalId")]
    image_url: Annotated[str | None, named("imageUrl")] = None
    error: bool = False


class GeneratedImages(Shown):
    """What became of each picture."""

    data: list[GeneratedImage]


class Images(Room):
    """Pictures."""

    room = "images"

    generate = NRS360Operation(
        "POST", "images/generate", section="Generation of images", asks=GenerateImages, tells=GeneratedImages
    )


class OfMessage(Asked):
    """Which message's certificate."""

    id: Annotated[str, Field(min_length=1, description="the message's id, as the send answered it")]


class Certificates(Room):
    """Certificates of messages sent as certified; the guide does not say what kind of file it is."""

    room = "certificates"

    sms = NRS360Operation("GET", "sms/certificates/{id}", section="Certified SMS", asks=OfMessage, tells=bytes)
    mailing = NRS360Operation(
        "GET", "mailing/certificates/{id}", section="Certified emails", asks=OfMessage, tells=bytes
    )
