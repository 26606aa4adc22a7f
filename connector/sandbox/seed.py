"""Records that a CRM full of queued messages would hold, made from a seed: the same seed makes the same records.

Every message has a text of its own with a serial (``#000001``), and a contact of its own with a valid mobile number
that nobody else has.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any

Row = dict[str, Any]
Insert = Callable[[str, list[Row]], list[str]]

_LOOKUPS = {"Contact__c": "Contact", "Campaign__c": "Campaign"}
_ROWS_AT_ONCE = 1000
_BAD_SHARE = 0.01
_LEADS_SHARE = 0.02
_FIRST_NAMES = ("Ana", "José", "María", "Luis", "Íñigo", "Zoë", "Carmen", "Pablo", "Lucía", "Jorge", "Noa", "Sofía")
_LAST_NAMES = ("García", "Muñoz", "Hernández", "López", "O'Brien", "Núñez", "Smith", "Castillo", "Peña", "Ruiz")
_UNREADABLE = ("n/a", "call the office", "55-12", "+52 1", "00000000", "449 898 72x2")

Country = tuple[str, int, str, tuple[str, ...], int]
# Country, weight, and prefixes of mobile numbers after which any digits make a valid number.
_COUNTRIES: tuple[Country, ...] = (
    ("MX", 55, "52", ("449", "222", "664", "998", "477"), 7),
    ("ES", 33, "34", ("61", "62", "65", "66", "67"), 7),
    ("GB", 6, "44", ("7400", "7455", "7520"), 6),
    ("US", 6, "1", ("2122", "3054", "4155"), 6),
)
# Countries that live in the population only when they are asked for by name.
_FURTHER: tuple[Country, ...] = (("MY", 40, "60", ("122", "133", "164", "175", "196"), 6),)
_PLAIN = (
    "Hi {first}, your appointment is tomorrow at {hour}:00. Ref #{serial}",
    "{first}: your order has left our store and comes on {day}. #{serial}",
    "Reminder for {first}: reply YES to confirm {day} at {hour}:00 #{serial}",
)
_SPANISH = (
    "Hola {first}, ¿vienes mañana a las {hour}:00? #{serial}",
    "Ñandú y café: {day} 2x1 para ti, ¡te esperamos! #{serial}",
)
_ACCENTS = ("Cita el {day}. Dirección: Jardín 8. #{serial}", "Último día: página web #{serial}")
_EUROS = ("Only {hour} € today [code A{hour}] #{serial}", "Pay {hour},50 € by {day} ~ #{serial}")
_EMOJI = ("Happy birthday {first} 🎂🎉 #{serial}", "Gracias 🙏 ¡nos vemos! #{serial}")
_WORKS = (
    "Dear {first}, this is to let you know that the works in our building last until {day}. Please come in by the side "
    "door in Garden Street, where somebody will be glad to help you from {hour}:00 on. Thank you! #{serial}"
)
_LONG = (_WORKS,)
_KINDS = ((_PLAIN, 55), (_SPANISH, 20), (_ACCENTS, 8), (_EUROS, 7), (_EMOJI, 5), (_LONG, 5))
_DAYS = ("Monday", "Tuesday", "Friday", "Saturday")


def records(
    messages: int, seed: int, *, bad: bool = True, first: int = 1, countries: Collection[str] | None = None
) -> Iterator[tuple[str, Row]]:
    """The object and fields of each record, in an order in which they can be inserted.

    `messages` is how many SMS_Message__c rows there are, with serials from `first` on; about one in a hundred cannot
    or must not be sent (unreadable phone, empty body, opted-out contact) unless `bad` is False. Lookups (Contact__c,
    Campaign__c) hold the External_Id__c of the record they point to, which comes before. `countries` names those whose
    numbers people have, out of ES, GB, MX, MY and US; without it all but MY. Raises ValueError for another one.
    """
    homes = _homes(countries)
    chance = random.Random(f"{seed}/{first}")
    campaign = f"campaign-{seed}-{first}"
    yield "Campaign", {"Name": "Autumn reminders", "IsActive": True, "External_Id__c": campaign}
    for serial in range(first, first + messages):
        contact = _contact(serial, seed, homes, chance)
        message = _message(serial, campaign, contact, chance)
        if bad and chance.random() < _BAD_SHARE:
            _spoil(contact, message, chance)
        yield "Contact", contact
        yield "SMS_Message__c", message
    # Leads' serials lie above those of the messages, so that their numbers are their own.
    for serial in range(first + messages, first + messages + round(messages * _LEADS_SHARE)):
        yield "Lead", _lead(serial, seed, homes, chance)


def plant(
    insert: Insert,
    messages: int,
    seed: int,
    *,
    bad: bool = True,
    first: int = 1,
    countries: Collection[str] | None = None,
) -> dict[str, int]:
    """Insert the records by ``insert(object, rows) -> ids``, many rows at a time, with lookups turned into ids.

    Returns how many rows of each object there are now.
    """
    made = records(messages, seed, bad=bad, first=first, countries=countries)
    ids: dict[str, str] = {}
    counts: Counter[str] = Counter()
    while chunk := list(islice(made, _ROWS_AT_ONCE)):
        for name in ("Campaign", "Contact", "Lead", "SMS_Message__c"):
            rows = [_linked(row, ids) for object_name, row in chunk if object_name == name]
            if rows:
                given = insert(name, rows)
                counts[name] += len(given)
                if name in _LOOKUPS.values():
                    ids.update(zip((row["External_Id__c"] for row in rows), given, strict=True))
    return dict(counts)


def _linked(row: Row, ids: dict[str, str]) -> Row:
    return {field: ids[value] if field in _LOOKUPS and value else value for field, value in row.items()}


def _homes(countries: Collection[str] | None) -> tuple[Country, ...]:
    if countries is None:
        return _COUNTRIES
    known = {country[0]: country for country in _COUNTRIES + _FURTHER}
    unknown = [name for name in countries if name not in list(known)]  # by equality: a wish may be anything
    if unknown or not countries:
        raise ValueError(f"The countries {unknown} are not known; name some out of {sorted(known)}.")
    return tuple(known[name] for name in countries)


def _number(serial: int, seed: int, country: Country, chance: random.Random) -> str:
    """The national number: a prefix, then digits that no other serial (of the next million) has."""
    _, _, _, prefixes, width = country
    return chance.choice(prefixes) + f"{(serial * 7_654_321 + seed * 104_729) % 10**width:0{width}d}"


def _written(national: str, code: str, chance: random.Random) -> str:
    """A number as people write it: nationally or with the country's code, in groups or not."""
    spaced = f"{national[:3]} {national[3:6]} {national[6:]}"
    return chance.choice((spaced, national, spaced.replace(" ", "-"), f"+{code} {spaced}", f"+{code}{national}"))


def _person(serial: int, seed: int, homes: tuple[Country, ...], chance: random.Random) -> tuple[Row, str]:
    """Name and mobile phone, and the country."""
    country = chance.choices(homes, [weight for _, weight, *_ in homes])[0]
    national = _number(serial, seed, country, chance)
    person = {
        "FirstName": chance.choice(_FIRST_NAMES),
        "LastName": chance.choice(_LAST_NAMES),
        "MobilePhone": _written(national, country[2], chance),
    }
    return person, country[0]


def _contact(serial: int, seed: int, homes: tuple[Country, ...], chance: random.Random) -> Row:
    person, country = _person(serial, seed, homes, chance)
    return {
        **person,
        "MailingCountryCode": country,
        "SMS_Opt_Out__c": False,
        "DoNotCall": False,
        "External_Id__c": f"contact-{serial:06d}",
    }


def _lead(serial: int, seed: int, homes: tuple[Country, ...], chance: random.Random) -> Row:
    person, _ = _person(serial, seed, homes, chance)
    return {**person, "Company": "Casa Azul", "SMS_Opt_Out__c": False, "External_Id__c": f"lead-{serial:06d}"}


def _message(serial: int, campaign: str, contact: Row, chance: random.Random) -> Row:
    templates = chance.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    body = chance.choice(templates).format(
        first="Ana" if not contact["FirstName"].isascii() else contact["FirstName"],
        hour=chance.randint(9, 20),
        day=chance.choice(_DAYS),
        serial=f"{serial:06d}",
    )
    return {
        "Status__c": "Queued",
        "Channel__c": "SMS",
        "Body__c": body,
        "Contact__c": contact["External_Id__c"],
        "Campaign__c": campaign if chance.random() < 0.8 else None,
        "Sender__c": "Acme" if chance.random() < 0.5 else None,
        "Priority__c": chance.choice((None, 1, 2, 3, 4, 5)),
        "External_Id__c": f"message-{serial:06d}",
    }


def _spoil(contact: Row, message: Row, chance: random.Random) -> None:
    """Make the message one that cannot or must not be sent."""
    fault = chance.choice(("phone", "body", "opt-out"))
    if fault == "phone":
        contact["MobilePhone"] = chance.choice(_UNREADABLE)
    elif fault == "body":
        message["Body__c"] = None
    else:
        contact["SMS_Opt_Out__c"] = True
