"""Email campaigns (guide: "Send Email")."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from connector.providers.operation import Asked, Room, Told, named
from connector.providers.readable import Maybe
from connector.providers.smsclouds.operations.fields import Id, LocalTime
from connector.providers.smsclouds.operations.operation import SmscloudsOperation

Template = Literal[1, 2, 3, 4]
IMAGE_ALONE: Template = 3

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
"""An email address, as far as a local part and a domain go."""


@dataclass(slots=True)
class EmailRecipient:
    """One address and what fills the placeholders for it, in the order of the guide's example: <+B+> is the name."""

    __pydantic_config__ = ConfigDict(extra="forbid", revalidate_instances="always")

    email: Annotated[Address, Field(description="the address")]
    name: Annotated[str | None, Field(description="fills <+B+>")] = None
    field1: Annotated[str | None, Field(description="fills <+C+>")] = None
    field2: Annotated[str | None, Field(description="fills <+D+>")] = None
    field3: Annotated[str | None, Field(description="fills <+E+>")] = None
    field4: Annotated[str | None, Field(description="fills <+F+>")] = None


class CreateEmailCampaign(Asked):
    """An email campaign. Each template has needs of its own: an image alone (3) has no body, the others have one."""

    body: str | None = Field(default=None, description="with placeholders <+B+> … <+F+>; needed but for template 3")
    subject: str = Field(min_length=1)
    recipients: list[EmailRecipient] = Field(min_length=1)
    attachment: Id | None = Field(default=None, description="the ID of a file in the account's multimedia")
    scheduled_date: Annotated[
        LocalTime | None, named("scheduledDate", description="when to begin, in the account's local time")
    ] = None
    template: Template | None = Field(
        default=None, description="1 just text, 2 a little format (without one), 3 only an image, 4 image and text"
    )
    header: str | None = Field(default=None, description="a title in the mail's body")
    image: str | None = Field(default=None, description="the URL of a file in the account's multimedia")
    sender: str | None = Field(default=None, description="the sender's address")

    @model_validator(mode="after")
    def _has_what_its_template_shows(self) -> Self:
        if self.template == IMAGE_ALONE and not self.image:
            raise ValueError("template 3 shows an image alone, and there is no image; give its URL")
        if self.template != IMAGE_ALONE and not self.body:
            raise ValueError("only template 3 can do without a body; give one")
        return self


class EmailCampaign(Told):
    """An email campaign as its creation is answered."""

    message: Maybe[str] = None
    email_campaign_id: Id = Field(gt=0)


class Emails(Room):
    """Email campaigns; the guide has no status for them."""

    room: ClassVar[str] = "emails"

    create = SmscloudsOperation(
        "POST",
        "api/v1/email",
        section="Send Email",
        asks=CreateEmailCampaign,
        tells=EmailCampaign,
        sends=True,
        recipients=lambda asked: [recipient.email for recipient in asked.recipients],
        batch=lambda told: told.email_campaign_id,
    )
