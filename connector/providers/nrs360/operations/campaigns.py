"""Campaigns and their sendings (guide: "Campaigns list")."""

from typing import Annotated, Literal

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    EmptyAsList,
    IsoDate,
    Page,
    PageNumber,
    Rows,
    Shown,
    ToldDate,
    UnderData,
    next_page,
)
from connector.providers.operation import Asked, Room, named
from connector.providers.readable import Maybe


class ListCampaigns(Asked):
    """Which campaigns to list (guide: "Campaigns list / Filters")."""

    name: Annotated[str | None, Field(description="campaigns of this name, with * for anything")] = None
    channel: Annotated[
        Literal["sms", "mailing", "landing", "text2speech", "apppush", "webpush"] | None,
        Field(description="campaigns of this channel"),
    ] = None
    before_date: Annotated[IsoDate | None, named("beforeDate", description="made before this time")] = None
    after_date: Annotated[IsoDate | None, named("afterDate", description="made after this time")] = None
    page: PageNumber = None


class SendingEvents(Shown):
    """How many of each event a sending has had."""

    delivered: int = 0
    opened: int = 0
    opened_unique: int = 0
    clicked: int = 0
    clicked_unique: int = 0
    unsubscribed: int = 0
    hard_bounced: int = 0
    complaint: int = 0
    sent: int = 0
    soft_bounced: int = 0
    undelivered: int = 0
    rejected: int = 0
    expired: int = 0
    unsubscribed_landing: int = 0


class Sending(Shown):
    """One sending of a campaign."""

    id: int
    campaign_name: Annotated[Maybe[str], named("campaignName")] = None
    status: Maybe[str] = None
    channel: Maybe[str] = None
    total: Maybe[int] = None
    processed: Maybe[int] = None
    total_sms_parts: Annotated[Maybe[int], named("totalSmsParts")] = None
    cost: Maybe[float] = None
    currency: Maybe[str] = None
    tags: Maybe[tuple[str, ...]] = ()
    scheduled_at: Annotated[Maybe[ToldDate], named("scheduledAt")] = None
    expires_at: Annotated[Maybe[ToldDate], named("expiresAt")] = None
    started_at: Annotated[Maybe[ToldDate], named("startedAt")] = None
    finished_at: Annotated[Maybe[ToldDate], named("finishedAt")] = None
    created_at: Annotated[Maybe[ToldDate], named("createdAt")] = None
    updated_at: Annotated[Maybe[ToldDate], named("updatedAt")] = None
    events: Annotated[Maybe[SendingEvents], EmptyAsList] = None


class Campaign(Shown):
    """A campaign."""

    id: int
    name: str | None = None
    type: Maybe[str] = None
    created_at: Annotated[Maybe[ToldDate], named("createdAt")] = None
    updated_at: Annotated[Maybe[ToldDate], named("updatedAt")] = None
    sendings: Annotated[tuple[Sending, ...], UnderData]


class CampaignPage(Page[Campaign]):
    """A page of the campaigns."""

    data: Rows[Campaign]


class Campaigns(Room):
    """Campaigns."""

    room = "campaigns"

    list = NRS360Operation(
        "GET", "campaigns", section="Campaigns list", asks=ListCampaigns, tells=CampaignPage, follow=next_page
    )
