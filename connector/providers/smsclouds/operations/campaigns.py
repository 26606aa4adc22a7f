"""SMS campaigns, plain and with a link (guide: "Send Messages MT", "Messages: ID and Status DLR", "SMS CLIC")."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from connector.providers.operation import Asked, Room, Told
from connector.providers.readable import Maybe
from connector.providers.smsclouds.codes import LIMITS, Form
from connector.providers.smsclouds.operations.fields import Cellphone, Id, LocalTime, Rows
from connector.providers.smsclouds.operations.operation import SmscloudsOperation

MOST_RECIPIENTS = 50_000
LONGEST_TEXT = max(LIMITS.values())


@dataclass(slots=True)
class Recipient:
    """One number and what fills the placeholders for it; a plain class, for a campaign has thousands."""

    __pydantic_config__ = ConfigDict(extra="forbid", revalidate_instances="always")

    cellphone: Annotated[Cellphone, Field(description="national, digits only")]
    name: Annotated[str | None, Field(description="fills <+B+>")] = None
    field1: Annotated[str | None, Field(description="fills <+C+>")] = None
    field2: Annotated[str | None, Field(description="fills <+D+>")] = None
    field3: Annotated[str | None, Field(description="fills <+E+>")] = None
    field4: Annotated[str | None, Field(description="fills <+F+>")] = None


def cellphones(asked: Any) -> list[str]:
    """Whom a campaign reaches, by their national numbers."""
    return [recipient.cellphone for recipient in asked.recipients]


class SMS(Asked):
    """The parameters of every SMS campaign. One text for all, within the limit of the form it is asked to travel in."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT, description="with placeholders <+B+> … <+F+>")
    recipients: list[Recipient] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    encode: bool | None = Field(default=None, description="accents and other characters, up to 70")
    encode_2: bool | None = Field(default=None, description="accents and other characters, up to 128")
    encode_3: bool | None = Field(default=None, description="accents and other characters, up to 192")
    long_message: bool | None = Field(default=None, description="up to 306 characters, as two messages")
    campaign_name: str | None = None
    scheduled_date: LocalTime | None = Field(default=None, description="when to send, in the account's local time")

    @model_validator(mode="after")
    def _fits_its_form(self) -> Self:
        asked = [form for form in Form if form is not Form.PLAIN and getattr(self, form)]
        longest = max((LIMITS[form] for form in asked), default=LIMITS[Form.PLAIN])
        if len(self.text) > longest:
            form = ", ".join(asked) or "none of encode, encode_2, encode_3 and long_message"
            raise ValueError(f"text has {len(self.text)} characters, and {longest} are allowed with {form}; shorten it")
        return self


class CreateCampaign(SMS):
    """An SMS campaign (guide: "Send Messages MT / Parameters")."""

    route: Id | None = Field(default=None, description="an ID route of the account; needed without a country")
    country: Id | None = Field(default=None, description="an ID country of the account; needed without a route")

    @model_validator(mode="after")
    def _route_or_country(self) -> Self:
        if self.route is None and self.country is None:
            raise ValueError("a campaign needs a route or a country; give one of them")
        return self


class CreateClicCampaign(SMS):
    """An SMS campaign with a link whose clicks are told apart (guide: "SMS Service (SMS CLIC) / Parameters")."""

    url: Id = Field(description="the ID URL of one of the account's links")
    route: Id = Field(description="an ID route of the account")
    country: Id | None = Field(default=None, description="an ID country of the account")


class Campaign(Told):
    """A campaign as its creation is answered. Only its id is sure; dates are in the account's zone."""

    campaign: Id = Field(gt=0)
    message: Maybe[str] = None
    campaign_name: Maybe[str] = None
    route: Maybe[str] = None
    country: Maybe[str] = None
    scheduled_date: Maybe[str] = None
    recipients_count: Maybe[int] = None
    encode: Maybe[bool] = None
    long_message: Maybe[bool] = None
    balance: Maybe[float] = None
    token_expires: Maybe[str] = None


class ShowMessages(Asked):
    """Whose messages."""

    campaign: Id = Field(description="Smsclouds' id of the campaign")


class CampaignMessage(Told):
    """One message of a campaign; `sent_date` is in the account's zone."""

    id: Id | None = None
    cellphone: int | str | None = None
    status: str | None = None
    sent_date: str | None = None
    text: str | None = None


class CampaignMessages(Told):
    """A campaign and its messages; while it is ``inserting`` it has no `data`. `percentage` is 0 to 100."""

    message: Maybe[str] = None
    campaign: Maybe[Id] = None
    name: Maybe[str] = None
    campaign_status: Maybe[str] = None
    scheduled_date: Maybe[str] = None
    recipients_count: Maybe[int] = None
    percentage: Maybe[float] = None
    balance: Maybe[float] = None
    data: Rows[CampaignMessage] | None = None


class Campaigns(Room):
    """SMS campaigns."""

    room: ClassVar[str] = "campaigns"

    create = SmscloudsOperation(
        "POST",
        "api/v3/campaign",
        section="Send Messages MT",
        asks=CreateCampaign,
        tells=Campaign,
        sends=True,
        recipients=cellphones,
        text=lambda asked: asked.text,
        batch=lambda told: told.campaign,
    )
    messages = SmscloudsOperation(
        "GET",
        "api/v3/campaign/{campaign}/messages",
        section="Messages: ID and Status DLR",
        asks=ShowMessages,
        tells=CampaignMessages,
    )


class Clic(Room):
    """SMS campaigns with a link, `url`, where the text has a placeholder such as ``<+DYNAMICSHORTURL_IVX4+>``."""

    room: ClassVar[str] = "clic"

    create = SmscloudsOperation(
        "POST",
        "api/v3/smsclic/campaign",
        section="SMS Service (SMS CLIC)",
        asks=CreateClicCampaign,
        tells=Campaign,
        sends=True,
        recipients=cellphones,
        text=lambda asked: asked.text,
        batch=lambda told: told.campaign,
    )
