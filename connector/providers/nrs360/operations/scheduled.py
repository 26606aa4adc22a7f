"""Messages that are to be sent later (guide: "Scheduled messages"). It knows SMS and MAILING only."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import CompactDate, Shown, ToldDate
from connector.providers.operation import Asked, Room, named

Guid = Annotated[int | list[int] | None, Field(description="the message's guid, or several")]
Kind = Annotated[Literal["SMS", "MAILING"] | None, Field(description="messages of this kind only")]


class ListScheduled(Asked):
    """Which messages to list; all without a filter. The content is told of a single guid only."""

    guid: Guid = None
    type: Kind = None
    sending_id: Annotated[int | None, named("sendingId", description="messages of this sending")] = None


class ChooseScheduled(Asked):
    """Which messages to act on. Without a guid 360NRS acts on every one of the account, or of the kind: that must be
    said, by `everything`, which does not travel."""

    guid: Guid = None
    type: Kind = None
    everything: Annotated[
        bool, Field(exclude=True, description="act on every scheduled message of the account, or of the kind")
    ] = False

    @model_validator(mode="after")
    def _which_ones(self) -> Self:
        if self.guid in (None, []) and not self.everything:
            raise ValueError(
                "without a guid this acts on every scheduled message of the account; "
                "give the guid, or say everything=true if all of them are meant"
            )
        if self.guid is not None and self.everything:
            raise ValueError("guid names some messages and everything means all; say one of them")
        return self


class UpdateScheduled(ChooseScheduled):
    """When they are to be sent instead."""

    schedule_date: Annotated[CompactDate, named("scheduleDate", description="when to send")]


class ScheduledContent(Shown):
    """A scheduled message's content."""

    to: str | None = None
    sender: Annotated[str | None, named("from")] = None
    encoding: str | None = None
    message: str | None = None
    campaign_id: Annotated[int | None, named("campaignId")] = None
    sending_id: Annotated[int | None, named("sendingId")] = None


class ScheduledMessage(Shown):
    """A scheduled message; its times are UTC."""

    guid: str
    type: str | None = None
    sending_id: int | None = None
    content: ScheduledContent | None = None
    created_at: ToldDate | None = None
    updated_at: ToldDate | None = None
    scheduled_at: ToldDate | None = None


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class ScheduledMessages(Shown):
    """Scheduled messages: a single one, which the guide shows without a list, is a list of one here."""

    result: Annotated[list[ScheduledMessage], BeforeValidator(_as_list)]
    total: int | None = None


class Updated(Shown):
    """How many were moved."""

    result: bool
    updated: int = 0


class Deleted(Shown):
    """How many were deleted."""

    result: bool
    deleted: int = 0


class Scheduled(Room):
    """Messages that are to be sent later."""

    room = "scheduled"

    list = NRS360Operation(
        "GET", "scheduled", section="Scheduled messages / List", asks=ListScheduled, tells=ScheduledMessages
    )
    update = NRS360Operation(
        "PUT",
        "scheduled",
        section="Scheduled messages / Update",
        asks=UpdateScheduled,
        tells=Updated,
        changes_everything=True,
    )
    delete = NRS360Operation(
        "DELETE",
        "scheduled",
        section="Scheduled messages / Delete",
        asks=ChooseScheduled,
        tells=Deleted,
        query=frozenset(),  # a DELETE with a body
        changes_everything=True,
    )
