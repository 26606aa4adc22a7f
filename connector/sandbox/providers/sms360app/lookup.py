"""Verify the phone (guide, "API Configuration for VTP"): what is known of a number, made up from the seed."""

from connector.sandbox.providers.sms360app.request import e164
from connector.sandbox.providers.world import World

# Calling code: country, digits of a national number, those before the space, what is dialled before it, carriers.
_COUNTRIES: dict[str, tuple[str, tuple[int, ...], int, str, tuple[str, ...]]] = {
    "1": ("US", (10,), 3, "", ("Verizon Wireless", "T-Mobile USA, Inc.")),
    "34": ("ES", (9,), 3, "", ("Movistar", "Orange Espagne")),
    "44": ("GB", (10,), 4, "0", ("Hutchison 3G UK (20)", "EE Limited")),
    "52": ("MX", (10,), 3, "", ("Telcel", "AT&T Mexico")),
    "60": ("MY", (9, 10), 2, "0", ("Maxis", "CelcomDigi")),
}
_TYPES = ("mobile", "mobile", "mobile", "landline", "voip")


def verify(world: World, given: str) -> dict[str, object]:
    """The guide's answer, key by key; a number of no known country has `Success` false and an `error`."""
    number = e164(given)
    for code, (country, lengths, head, trunk, carriers) in _COUNTRIES.items():
        national = number.removeprefix(f"+{code}")
        if national != number and len(national) in lengths:
            kind, carrier, named, _ = world.chances(number)
            return _answer(
                success=True,
                carrier=carriers[int(carrier * len(carriers))],
                kind=_TYPES[int(kind * len(_TYPES))],
                caller=("ANA GARCIA", "CONSUMER") if named < 0.2 else (None, ""),
                country=country,
                number=number,
                national=f"{trunk}{national[:head]} {national[head:]}",
            )
    return _answer(number=number, error="Invalid phone number")


def _answer(
    *,
    success: bool = False,
    carrier: str = "",
    kind: str = "",
    caller: tuple[str | None, str] = (None, ""),
    country: str = "",
    number: str,
    national: str = "",
    error: str = "",
) -> dict[str, object]:
    return {
        "Success": success,
        "Carrier Name": carrier,
        "Type": kind,
        "caller_name": caller[0],
        "caller_type": caller[1],
        "Country_Code": country,
        "phone_number": number,
        "national_format": national,
        "error": error,
    }
