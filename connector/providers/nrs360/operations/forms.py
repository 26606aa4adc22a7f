"""Forms (guide: "Forms"). The guide writes `form` and `forms`, and updates without an id; `forms` and the id it is."""

from typing import Annotated

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.elements import FormElement
from connector.providers.nrs360.operations.shapes import ById, Page, PageNumber, Resource, ToldDate, next_page
from connector.providers.operation import Asked, Room, named


class ListForms(Asked):
    """Which page of the forms."""

    page: PageNumber = None


class CreateForm(Asked):
    """A new form."""

    name: Annotated[str, Field(min_length=1, description="the form's name, no other's")]
    editable: Annotated[bool | None, Field(description="whoever has sent it can send it again, unless false")] = None
    reject_button: Annotated[bool | None, named("rejectButton", description="a second button, which sends nothing")] = (
        None
    )
    background_url: Annotated[
        str | None, named("backgroundUrl", description="the address of the picture behind it")
    ] = None
    logo_url: Annotated[str | None, named("logoUrl", description="the address of the logo")] = None
    form_fields: Annotated[
        list[FormElement], named("formFields", min_length=1, description="its elements, from top to bottom")
    ]


class UpdateForm(CreateForm):
    """What a form becomes."""

    id: Annotated[int, Field(ge=1, description="the form's id at 360NRS")]


class Form(Resource):
    """A form, and the placeholder by which a text links to it. The guide shows no answer to a form made or changed."""

    id: int | None = None
    name: str | None = None
    placeholder: str | None = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None
    updated_at: Annotated[ToldDate | None, named("updatedAt")] = None


class Forms(Room):
    """Forms."""

    room = "forms"

    create = NRS360Operation("POST", "forms", section="Create a form", asks=CreateForm, tells=Form)
    update = NRS360Operation("PUT", "forms/{id}", section="Update a form", asks=UpdateForm, tells=Form)
    list = NRS360Operation("GET", "forms", section="Form list", asks=ListForms, tells=Page[Form], follow=next_page)
    show = NRS360Operation("GET", "forms/{id}", section="Show a form", asks=ById, tells=Form)
    delete = NRS360Operation("DELETE", "forms/{id}", section="Delete a form", asks=ById, tells=type(None))
    preview = NRS360Operation("GET", "forms/{id}/preview", section="Preview a form", asks=ById, tells=str)
