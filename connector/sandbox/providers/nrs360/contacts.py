"""Contacts (guide, "Databases", "Contacts"). A contact keeps its groups by number and its custom fields by name."""

from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.groups import Groups
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import (
    ADDRESS,
    ANY,
    OBJECTS,
    PHONE,
    TEXT,
    TEXTS,
    WHOLES,
    Parameter,
    check,
    is_iso_date,
)
from connector.sandbox.providers.nrs360.shelf import Shelf
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_SHOWN = ("email", "phone", "countryIso", "landline", "name", "surname")
_INCLUDES = ("customFields", "groups")
_FILTERS = ("email", "phone", "landline", "countryIso", "externalId")
_TYPES = ("string", "date", "decimal")
_CONTACT = (
    Parameter("email", ADDRESS),
    Parameter("phone", PHONE),
    Parameter("landline", TEXT),
    Parameter("countryIso", TEXT, least=2, most=2),
    Parameter("groupsIds", WHOLES),
    Parameter("groupsNames", TEXTS),
    Parameter("name", TEXT),
    Parameter("surname", TEXT),
    Parameter(
        "customFields",
        OBJECTS,
        inside=(
            Parameter("key", TEXT, required=True),
            Parameter("type", TEXT, among=_TYPES),
            Parameter("value", ANY),
        ),
    ),
)


@dataclass
class Contact:
    """One contact. Times are seconds since 1970."""

    told: dict[str, Any]
    custom: list[dict[str, Any]]
    groups: list[int]
    created: float
    updated: float


class Contacts:
    """The account's contacts."""

    def __init__(self, world: World, groups: Groups) -> None:
        self.world = world
        self.groups = groups
        self._contacts: Shelf[Contact] = Shelf()

    def operations(self) -> list[Operation]:
        """The five operations of the section."""
        return [
            ("GET", "/contacts", self.listed),
            ("GET", "/contacts/{id:int}", self.shown),
            ("POST", "/contacts", self.create),
            ("PUT", "/contacts/{id:int}", self.update),
            ("DELETE", "/contacts/{id:int}", self.delete),
        ]

    def addresses(self, groups: list[int]) -> list[str]:
        """The email addresses of the contacts in any of these groups, oldest contact first, each once."""
        wanted = set(groups)
        found = (contact.told["email"] for _, contact in self._contacts.rows() if wanted & set(contact.groups))
        return list(dict.fromkeys(address for address in found if address))

    def listed(self, asked: Asked) -> Answer:
        """``GET /contacts``."""
        check_filters(asked, (*_FILTERS, "include"))
        include = _include(asked)
        wanted = {name: asked.query[name] for name in _FILTERS if name in asked.query}
        rows = [
            row
            for row in self._contacts.rows()
            # No operation gives a contact an external id.
            if all(row[1].told.get(name) == text for name, text in wanted.items())
        ]
        return answered(page(asked, rows, lambda row: self._show(*row, include), "/contacts", joint="&"))

    def shown(self, asked: Asked) -> Answer:
        """``GET /contacts/<ID>``."""
        check_filters(asked, ("include",))
        number = asked.path["id"]
        return answered({"data": self._show(number, self._contacts.find(number), _include(asked))})

    def create(self, asked: Asked) -> Answer:
        """``POST /contacts``."""
        now = self.world.now()
        return self._saved(self._contacts.put(self._read(asked, now, now)), 201)

    def update(self, asked: Asked) -> Answer:
        """``PUT /contacts/<ID>``: the contact is as the request says, whatever it was before."""
        number = asked.path["id"]
        created = self._contacts.find(number).created
        self._contacts.replace(number, self._read(asked, created, self.world.now()))
        return self._saved(number, 200)

    def delete(self, asked: Asked) -> Answer:
        """``DELETE /contacts/<ID>``."""
        self._contacts.drop(asked.path["id"])
        return gone()

    def _read(self, asked: Asked, created: float, updated: float) -> Contact:
        given = asked.fields()
        check(given, _CONTACT)
        _check_ways(given)
        custom = [_custom(place, field) for place, field in enumerate(given.get("customFields") or [])]
        return Contact({name: given.get(name) for name in _SHOWN}, custom, self._joined(given), created, updated)

    def _joined(self, given: dict[str, Any]) -> list[int]:
        numbers, names = given.get("groupsIds") or [], given.get("groupsNames") or []
        if not numbers and not names:
            raise Refusal(422, "The groupsIds field is required when groupsNames is not present.")
        for number in numbers:
            if number not in self.groups:
                raise Refusal(422, f"The groupsIds field names the group {number}, which does not exist.")
        return list(dict.fromkeys([*numbers, *map(self.groups.named, names)]))

    def _saved(self, number: int, status: int) -> Answer:
        shown = self._show(number, self._contacts.find(number), ())
        return answered({"data": {**shown, "links": {"self": f"{BASE}/contacts/{number}"}}}, status)

    def _show(self, number: int, contact: Contact, include: tuple[str, ...]) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": number,
            **contact.told,
            "createdAt": written(contact.created),
            "updatedAt": written(contact.updated),
        }
        if "customFields" in include:
            shown["customFields"] = {"data": contact.custom}
        if "groups" in include:
            shown["groups"] = {"data": [self.groups.show(group) for group in contact.groups if group in self.groups]}
        return shown


def _include(asked: Asked) -> tuple[str, ...]:
    include = tuple(filter(None, asked.query.get("include", "").split(",")))
    for name in include:
        if name not in _INCLUDES:
            raise Refusal(422, f"The include filter has no value {name}.")
    return include


def _check_ways(given: dict[str, Any]) -> None:
    """A contact needs one way to be reached, and a country when that is a number."""
    if not any(given.get(name) for name in ("email", "phone", "landline")):
        raise Refusal(422, "The email field is required.")
    if (given.get("phone") or given.get("landline")) and not given.get("countryIso"):
        raise Refusal(422, "The countryIso field is required.")
    country = given.get("countryIso")
    if country and not (country.isascii() and country.isalpha() and country.isupper()):
        raise Refusal(422, "The countryIso field must be a two-letter ISO code.")


def _custom(place: int, field: dict[str, Any]) -> dict[str, Any]:
    kind, value = field.get("type") or "string", field.get("value")
    sound = value is None or (
        is_iso_date(value) if kind == "date" else _is_decimal(value) if kind == "decimal" else isinstance(value, str)
    )
    if not sound:
        raise Refusal(422, f"The customFields.{place}.value field must be a {kind}.")
    return {"key": field["key"], "type": kind, "value": value}


def _is_decimal(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
