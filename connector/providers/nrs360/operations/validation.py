"""Whether e-mail addresses exist (guide: "Email validation"). A validation runs at 360NRS and tells how it goes."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import ById, Page, PageNumber, Resource, ToldDate, next_page
from connector.providers.nrs360.report import ValidationReport
from connector.providers.operation import Asked, Room, named


class ListValidations(Asked):
    """Which page of the validations."""

    page: PageNumber = None


class StartValidation(Asked):
    """Addresses to look up, by groups of contacts or one by one."""

    groups_ids: Annotated[list[int] | None, named("groupsIds", description="groups whose addresses are looked up")] = (
        None
    )
    emails: Annotated[list[str] | None, Field(description="addresses that are looked up")] = None
    force: Annotated[bool | None, Field(description="look addresses up again that have been before")] = None
    notification_url: Annotated[str | None, named("notificationUrl", description="where its progress is told")] = None

    @model_validator(mode="after")
    def _something_to_look_up(self) -> Self:
        if not (self.groups_ids or self.emails):
            raise ValueError("a validation needs addresses; give groupsIds or emails")
        return self


def addresses(asked: Any) -> int:
    """How many addresses are looked up; of a group it is not told how many it has, and it counts as one."""
    return len(asked.emails or ()) + len(asked.groups_ids or ())


class ShownValidation(Resource):
    """How far a validation is: pending, started, finished or failed."""

    id: int
    status: str
    total: int | None = None
    processed: int | None = None
    valid: int | None = None
    estimated_cost: Annotated[float | None, named("estimatedCost")] = None
    cost: float | None = None
    currency: str | None = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None
    updated_at: Annotated[ToldDate | None, named("updatedAt")] = None
    finished_at: Annotated[ToldDate | None, named("finishedAt")] = None
    result_url: Annotated[str | None, named("resultUrl")] = None
    error: str | None = None


class Validation(Room):
    """Validations of e-mail addresses."""

    room = "validation"

    list = NRS360Operation(
        "GET",
        "validation/emails",
        section="Validation list",
        asks=ListValidations,
        tells=Page[ShownValidation],
        follow=next_page,
    )
    show = NRS360Operation(
        "GET", "validation/emails/{id}", section="Show a validation", asks=ById, tells=ShownValidation
    )
    result = NRS360Operation(
        "GET",
        "validation/emails/{id}/result",
        section="Validation results (CSV)",
        asks=ById,
        tells=ValidationReport,
        rows=ValidationReport,
    )
    start = NRS360Operation(
        "POST",
        "validation/emails",
        section="Validate emails",
        asks=StartValidation,
        tells=ShownValidation,
        lookups=addresses,
    )
    delete = NRS360Operation(
        "DELETE", "validation/emails/{id}", section="Delete a validation", asks=ById, tells=type(None)
    )
