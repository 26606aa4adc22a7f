"""Contacts and their groups (guide: "Databases")."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    ById,
    Page,
    PageLimit,
    PageNumber,
    Resource,
    Shown,
    ToldDate,
    UnderData,
    next_page,
)
from connector.providers.operation import Asked, Room, named

Include = Annotated[
    list[Literal["customFields", "groups"]] | None, Field(description="what to tell beside each contact")
]


class ListContacts(Asked):
    """Which contacts to list (guide: "Contact list / Filters")."""

    limit: PageLimit = None
    page: PageNumber = None
    include: Include = None
    email: Annotated[str | None, Field(description="contacts with this address")] = None
    phone: Annotated[str | None, Field(description="contacts with this mobile number, digits with prefix")] = None
    landline: Annotated[str | None, Field(description="contacts with this landline number")] = None
    country_iso: Annotated[str | None, named("countryIso", description="contacts of this country, two letters")] = None
    external_id: Annotated[str | None, named("externalId", description="the contact with this id of yours")] = None


class ShowContact(ById):
    """Which contact to show."""

    include: Include = None


class CustomField(Asked):
    """A field of your own on a contact."""

    key: Annotated[str | None, Field(description="the field's name")] = None
    type: Annotated[
        Literal["string", "date", "decimal"] | None, Field(description="what it holds, string where none is said")
    ] = None
    value: Annotated[str | None, Field(description="its value, for dates in ISO 8601")] = None


class CreateContact(Asked):
    """A new contact. It is reached by e-mail, phone or landline, and stands in a group at least."""

    email: Annotated[str | None, Field(description="the contact's address")] = None
    phone: Annotated[str | None, Field(description="the mobile number, digits with prefix")] = None
    landline: Annotated[str | None, Field(description="the landline number")] = None
    country_iso: Annotated[
        str | None, named("countryIso", min_length=2, max_length=2, description="the country, for a phone or landline")
    ] = None
    groups_ids: Annotated[list[int] | None, named("groupsIds", description="its groups by their ids")] = None
    groups_names: Annotated[list[str] | None, named("groupsNames", description="its groups by their names")] = None
    name: Annotated[str | None, Field(description="the first name")] = None
    surname: Annotated[str | None, Field(description="the last name")] = None
    custom_fields: Annotated[
        list[CustomField] | None, named("customFields", description="fields of your own, each key, type and value")
    ] = None

    @model_validator(mode="after")
    def _as_the_guide_requires(self) -> Self:
        if not (self.email or self.phone or self.landline):
            raise ValueError("a contact needs an email, a phone or a landline; give one of them")
        if (self.phone or self.landline) and not self.country_iso:
            raise ValueError("a phone or landline needs its country; give countryIso, such as ES")
        if not (self.groups_ids or self.groups_names):
            raise ValueError("a contact needs a group; give groupsIds or groupsNames")
        return self


class UpdateContact(CreateContact):
    """What a contact becomes: the guide asks for what a new one needs."""

    id: Annotated[int, Field(ge=1, description="the contact's id at 360NRS")]


class Group(Resource):
    """A group of contacts."""

    id: int
    name: str | None = None


class ToldCustomField(Shown):
    """A contact's field, as it is told."""

    key: str
    type: str | None = None
    value: str | None = None


class Contact(Resource):
    """A contact. `custom_fields` and `groups` are told where they were asked for."""

    id: int
    email: str | None = None
    phone: str | None = None
    landline: str | None = None
    country_iso: Annotated[str | None, named("countryIso")] = None
    name: str | None = None
    surname: str | None = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None
    updated_at: Annotated[ToldDate | None, named("updatedAt")] = None
    custom_fields: Annotated[list[ToldCustomField] | None, UnderData, named("customFields")] = None
    groups: Annotated[list[Group] | None, UnderData] = None


class Contacts(Room):
    """The contacts of the account."""

    room = "contacts"

    list = NRS360Operation(
        "GET", "contacts", section="Contact list", asks=ListContacts, tells=Page[Contact], follow=next_page
    )
    show = NRS360Operation("GET", "contacts/{id}", section="Show a contact", asks=ShowContact, tells=Contact)
    create = NRS360Operation("POST", "contacts", section="Create a new contact", asks=CreateContact, tells=Contact)
    update = NRS360Operation("PUT", "contacts/{id}", section="Update a contact", asks=UpdateContact, tells=Contact)
    delete = NRS360Operation("DELETE", "contacts/{id}", section="Delete a contact", asks=ById, tells=type(None))


class ListGroups(Asked):
    """Which groups to list (guide: "Groups list / Filters")."""

    limit: PageLimit = None
    page: PageNumber = None


class CreateGroup(Asked):
    """A new group."""

    name: Annotated[str, Field(min_length=1, description="the group's name")]


class UpdateGroup(CreateGroup):
    """A group's new name."""

    id: Annotated[int, Field(ge=1, description="the group's id at 360NRS")]


class Groups(Room):
    """The groups of contacts."""

    room = "groups"

    list = NRS360Operation("GET", "groups", section="Groups list", asks=ListGroups, tells=Page[Group], follow=next_page)
    show = NRS360Operation("GET", "groups/{id}", section="Show a group", asks=ById, tells=Group)
    create = NRS360Operation("POST", "groups", section="Create a new group", asks=CreateGroup, tells=Group)
    update = NRS360Operation("PUT", "groups/{id}", section="Update a group", asks=UpdateGroup, tells=Group)
    delete = NRS360Operation("DELETE", "groups/{id}", section="Delete a group", asks=ById, tells=type(None))
