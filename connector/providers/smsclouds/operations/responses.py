"""Responses, asked for in one of four ways (guide: "Receive Responses MO (Option 1)")."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from connector.providers.operation import Asked, Room, Told, named
from connector.providers.readable import Maybe
from connector.providers.smsclouds.operations.fields import Cellphone, IdsAsStrings, LocalTime, Rows
from connector.providers.smsclouds.operations.operation import SmscloudsOperation

SECTION = "Receive Responses MO (Option 1)"
PATH = "api/v3/responses"


class ByDate(Asked):
    """Responses received from one time to another, or to now; times are the account's local ones."""

    type: Literal["1"] = "1"
    since: Annotated[LocalTime, named("from", description="the first second, in the account's local time")]
    to: LocalTime | None = Field(default=None, description="the last second, in the account's local time; else now")


class ByMessages(Asked):
    """Responses to these messages."""

    type: Literal["2"] = "2"
    messages: IdsAsStrings = Field(description="Smsclouds' ids of messages")


class ByCellphone(Asked):
    """Responses from this number."""

    type: Literal["3"] = "3"
    cellphone: Cellphone = Field(description="national, digits only")


class ByCampaigns(Asked):
    """Responses to the messages of these campaigns."""

    type: Literal["4"] = "4"
    campaigns: IdsAsStrings = Field(description="Smsclouds' ids of campaigns")


class ResponseRow(Told):
    """One response and the message it answers, which names no number; times are in the account's zone."""

    received_id: int | str | None = None
    campaign_id: int | str | None = None
    campaign_name: str | None = None
    message_id: int | str | None = None
    message: str | None = None
    response: str | int | float
    sent_at: str | None = None
    received_at: str | None = None


class FoundResponses(Told):
    """The responses found, and what was asked, as Smsclouds read it."""

    message: Maybe[str] = None
    type: Maybe[str | int] = None
    since: Annotated[Maybe[str], named("from")] = None
    to: Maybe[str] = None
    results: Rows[ResponseRow]


class Responses(Room):
    """What recipients answered."""

    room: ClassVar[str] = "responses"

    by_date = SmscloudsOperation("POST", PATH, section=SECTION, asks=ByDate, tells=FoundResponses)
    by_messages = SmscloudsOperation("POST", PATH, section=SECTION, asks=ByMessages, tells=FoundResponses)
    by_cellphone = SmscloudsOperation("POST", PATH, section=SECTION, asks=ByCellphone, tells=FoundResponses)
    by_campaigns = SmscloudsOperation("POST", PATH, section=SECTION, asks=ByCampaigns, tells=FoundResponses)
