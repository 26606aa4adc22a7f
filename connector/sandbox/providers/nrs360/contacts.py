"""Contacts (guide, "Databases", "Contacts"). A contact keeps its groups by number and its custom fields by name."""

from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360.asking import Asked
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.groups import Groups
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
from connector.sandbox.providers.nrs360.records import Records
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


class Contacts(Records[Contact]):
    """The account's contacts."""

    path = "/contacts"
    filters = (*_FILTERS, "include")
    joint = "&"
    linked = ("self",)

    def __init__(self, world: World, groups: Groups) -> None:
        super().__init__()
        self.world = world
        self.groups = groups

    def addresses(self, groups: list[int]) -> list[str]:
        """The email addresses of the contacts in any of these groups, oldest contact first, each once.

        Raises Refusal(422) for a group that does not exist.
        """
        self.check_groups(groups)
        wanted = set(groups)
        found = (contact.told["email"] for _, contact in self.shelf.rows() if wanted & set(contact.groups))
        return list(dict.fromkeys(address for address in found if address))

    def variables(self) -> dict[str, dict[str, Any]]:
        """What may stand in a text for each phone and each email address: the contact's fields, its own ones first."""
        known: dict[str, dict[str, Any]] = {}
        for _, contact in self.shelf.rows():
            fields = {name: value for name, value in contact.told.items() if value is not None}
            values = {**fields, **{field["key"]: field["value"] for field in contact.custom}}
            known.update((contact.told[way], values) for way in ("phone", "email") if contact.told[way])
        return known

    def check_groups(self, groups: list[int]) -> None:
        """Raises Refusal(422) for the first group that does not exist."""
        for group in groups:
            if group not in self.groups.shelf:
                raise Refusal(422, f"The groupsIds field names the group {group}, which does not exist.")

    def wanted(self, thing: Contact, asked: Asked) -> bool:
        """Whether every filter fits; no operation gives a contact an external id."""
        return all(thing.told.get(name) == asked.query[name] for name in _FILTERS if name in asked.query)

    def show(self, number: int, thing: Contact, asked: Asked) -> dict[str, Any]:
        """One contact as the guide shows it, with what the request wants included."""
        include = _include(asked)
        shown: dict[str, Any] = {
            "id": number,
            **thing.told,
            "createdAt": written(thing.created),
            "updatedAt": written(thing.updated),
        }
        if "customFields" in include:
            shown["customFields"] = {"data": thing.custom}
        if "groups" in include:
            known = dict(self.groups.shelf.rows())
            shown["groups"] = {
                "data": [{"id": group, "name": known[group]} for group in thing.groups if group in known]
            }
        return shown

    def read(self, asked: Asked, before: Contact | None) -> Contact:
        """The contact in a request; groups that are named and not there yet are made. Raises Refusal."""
        given, now = asked.fields(), self.world.now()
        check(given, _CONTACT)
        _check_ways(given)
        custom = [_custom(place, field) for place, field in enumerate(given.get("customFields") or [])]
        told = {name: given.get(name) for name in _SHOWN}
        return Contact(told, custom, self._joined(given), before.created if before else now, now)

    def _joined(self, given: dict[str, Any]) -> list[int]:
        numbers, names = given.get("groupsIds") or [], given.get("groupsNames") or []
        if not numbers and not names:
            raise Refusal(422, "The groupsIds field is required when groupsNames is not present.")
        self.check_groups(numbers)
        return list(dict.fromkeys([*numbers, *map(self.groups.named, names)]))


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
