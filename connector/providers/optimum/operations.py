"""Optimum Measures' operations, a row each (guide: "Send SMS", "Get Status", "Voice Call").

The guide's samples are not valid JSON; they are read as one object with `Destination` as a list of objects.
"""

from typing import Annotated, Any, ClassVar, Literal, ParamSpec, TypeVar

from pydantic import AliasChoices, ConfigDict, Field
from typing_extensions import TypedDict

from connector.providers.exchange import Response
from connector.providers.operation import Asked, Operation, Room, Told, named
from connector.providers.optimum.codes import NAME
from connector.providers.optimum.errors import raise_for

P = ParamSpec("P")
T = TypeVar("T")


class OptimumOperation(Operation[P, T]):
    """A row of this guide."""

    provider: ClassVar[str] = NAME

    def raise_for(self, response: Response) -> None:
        """See `errors.raise_for`."""
        raise_for(response)


class Destination(TypedDict):
    """One recipient, such as 0016175551212."""

    MobileNo: str


Destinations = Annotated[list[Destination], named("Destination", min_length=1, description="who it is for")]


def destinations(asked: Any) -> list[str]:
    """Whom a request reaches, as it writes them."""
    return [destination["MobileNo"] for destination in asked.destination]


class SendSMS(Asked):
    """One text to one number or more."""

    destination: Destinations
    message: Annotated[str, named("Message", min_length=1, description="the text")]
    sender: Annotated[str, named("Sender", min_length=1, description="who it comes from")]
    reference_id: Annotated[str | None, named("ReferenceID", description="our name for it, given back")] = None
    callback: Annotated[
        Literal["Yes", "No"] | None, named("CallBack", description="whether its statuses are pushed")
    ] = None


class Received(Told):
    """The answer to a send or a call. One `id` stands for all destinations."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: Annotated[str, named("ID", min_length=1)]
    status: Annotated[str, named("Status")]


class AskStatus(Asked):
    """Which SMS."""

    id: Annotated[str, named("ID", min_length=1, description="as the send answered it")]


class Status(Told):
    """What became of an SMS; it names no number. `at` bears no zone."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: Annotated[str | None, named("ID")] = None
    status: Annotated[str, named("Status", min_length=1)]
    at: str | None = Field(
        default=None, validation_alias=AliasChoices("Delivery Date", "DateTime"), serialization_alias="Delivery Date"
    )
    error: Annotated[str | None, named("Error")] = None
    error_id: Annotated[str | None, named("ErrorLogsID")] = None


class SMS(Room):
    """Texts."""

    room: ClassVar[str] = "sms"
    send = OptimumOperation(
        "POST",
        "api/SMS/Send",
        section="Send SMS",
        asks=SendSMS,
        tells=Received,
        sends=True,
        recipients=destinations,
        text=lambda asked: asked.message,
        batch=lambda told: told.id,
    )
    status = OptimumOperation("GET", "api/SMS/GetStatus", section="Get Status", asks=AskStatus, tells=Status)
    status_by_post = OptimumOperation("POST", "api/SMS/GetStatus", section="Get Status", asks=AskStatus, tells=Status)


class CallWithMessage(Asked):
    """A text to be spoken to one number or more."""

    destination: Destinations
    message: Annotated[str, named("Message", min_length=1, description="the text that is spoken")]
    sender: Annotated[str, named("Sender", min_length=1, description="the number that calls")]
    locale: Annotated[str, named("Locale", min_length=1, description="the language it is spoken in, such as hi-IN")]


class CallWithCampaign(Asked):
    """A campaign prepared at Optimum Measures, called out to one number or more."""

    destination: Destinations
    campaign_id: Annotated[str, named("CampaignID", min_length=1, description="the campaign's id")]
    sender: Annotated[str, named("Sender", min_length=1, description="the number that calls")]


class Voice(Room):
    """Calls."""

    room: ClassVar[str] = "voice"
    call_with_message = OptimumOperation(
        "POST",
        "api/Voice/Call",
        section="Voice Call",
        asks=CallWithMessage,
        tells=Received,
        sends=True,
        recipients=destinations,
        batch=lambda told: told.id,
    )
    call_with_campaign = OptimumOperation(
        "POST",
        "api/Voice/Call",
        section="Voice Call",
        asks=CallWithCampaign,
        tells=Received,
        sends=True,
        recipients=destinations,
        batch=lambda told: told.id,
    )
