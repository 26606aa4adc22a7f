"""``GET api/v3/hlr/NUMBER`` (guide, "HLR API")."""

import re
from typing import Any

from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.world import World

HLR_PRICE = 0.05
_NUMBER = re.compile(r"[1-9]\d{9}")
_CARRIERS = ("Telcel", "AT&T", "Movistar", "Altan")


def looked_up(world: World, cellphone: str) -> dict[str, Any]:
    """What the network knows of a number, by the seed.

    The guide shows no answer: this object is made up, in the manner of the other answers. About nine numbers in ten
    are active. Raises Refusal(422) for anything but 10 digits ("always with 10 digits", Mexico alone).
    """
    if not _NUMBER.fullmatch(cellphone):
        raise Refusal(422, "El numero debe tener 10 digitos.")
    alive, carrier, kind, moved = world.chances(f"hlr/{cellphone}")
    return {
        "message": "Completado Correctamente",
        "cellphone": cellphone,
        "country": "Mexico",
        "status": "active" if alive < 0.9 else "inactive",
        "carrier": _CARRIERS[int(carrier * len(_CARRIERS))],
        "type": "mobile" if kind < 0.95 else "landline",
        "ported": moved < 0.2,
    }
