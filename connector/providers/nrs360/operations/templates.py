"""Templates of mails and pages (guide: "Templates")."""

from typing import Annotated

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import ById, Page, PageNumber, Resource, ToldDate, next_page
from connector.providers.operation import Asked, Room, named


class ListTemplates(Asked):
    """Which page of the templates."""

    page: PageNumber = None


class CreateTemplate(Asked):
    """A new template."""

    name: Annotated[str, Field(min_length=1, description="the template's name")]
    html: Annotated[str, Field(min_length=1, description="its content, with {variables} of the contact")]


class UpdateTemplate(CreateTemplate):
    """What a template becomes."""

    id: Annotated[int, Field(ge=1, description="the template's id at 360NRS")]


class Template(Resource):
    """A template."""

    id: int
    name: str | None = None
    html: str | None = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None
    updated_at: Annotated[ToldDate | None, named("updatedAt")] = None


class Templates(Room):
    """Templates."""

    room = "templates"

    list = NRS360Operation(
        "GET", "templates", section="List templates", asks=ListTemplates, tells=Page[Template], follow=next_page
    )
    show = NRS360Operation("GET", "templates/{id}", section="Show a template", asks=ById, tells=Template)
    create = NRS360Operation("POST", "templates", section="Create a new template", asks=CreateTemplate, tells=Template)
    update = NRS360Operation("PUT", "templates/{id}", section="Update a template", asks=UpdateTemplate, tells=Template)
    delete = NRS360Operation("DELETE", "templates/{id}", section="Delete a template", asks=ById, tells=type(None))
    preview = NRS360Operation("GET", "templates/{id}/preview", section="Preview a template", asks=ById, tells=str)
