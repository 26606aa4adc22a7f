"""E-mail (guide: "Email / Send Email message")."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    CampaignName,
    Certified,
    OTPConfig,
    ScheduleDate,
    Sent,
    Sub,
    Tags,
    one_a_recipient,
    sending_of,
    tags_need_a_campaign,
)
from connector.providers.operation import Asked, Room, named


class Attachment(Asked):
    """A file sent along, at an additional cost (guide: `attachments`)."""

    name: Annotated[str, Field(min_length=1, description="the file's name")]
    content: Annotated[str, Field(min_length=1, description="the file in base64")]
    content_type: Annotated[str, named("contentType", min_length=1, description="its type, such as text/plain")]


class SendMailing(Asked):
    """An e-mail to one or many addresses."""

    to: Annotated[list[str], Field(min_length=1, description="addresses")]
    cc: Annotated[list[str] | None, Field(description="addresses that get a copy")] = None
    bcc: Annotated[list[str] | None, Field(description="addresses that get a copy unseen")] = None
    from_email: Annotated[str, named("fromEmail", min_length=1, description="the sender, validated at 360NRS")]
    from_name: Annotated[str | None, named("fromName", description="the sender's name")] = None
    reply_to: Annotated[str, named("replyTo", min_length=1, description="where answers go")]
    subject: Annotated[str, Field(min_length=1, description="the subject")]
    body: Annotated[str | None, Field(description="the mail, in HTML")] = None
    template_id: Annotated[int | None, named("templateId", description="the mail, by its template's id")] = None
    schedule_date: ScheduleDate = None
    campaign_name: CampaignName = None
    tags: Tags = None
    certified: Certified = None
    sub: Sub = None
    attachments: Annotated[list[Attachment] | None, Field(description="files sent along")] = None
    track_opens: Annotated[bool | None, named("trackOpens", description="count openings, unless false")] = None
    track_clicks: Annotated[bool | None, named("trackClicks", description="count clicks, unless false")] = None
    otp_config: Annotated[
        OTPConfig | None, named("otpConfig", description="how the code for {OTP_CODE} in the body is made")
    ] = None

    @model_validator(mode="after")
    def _as_the_guide_requires(self) -> Self:
        if self.body is None and self.template_id is None:
            raise ValueError("an e-mail needs its content; give body or templateId")
        tags_need_a_campaign(self.tags, self.campaign_name)
        one_a_recipient("sub", self.sub, self.to)
        return self


class Mailing(Room):
    """E-mails."""

    room = "mailing"

    send = NRS360Operation(
        "POST",
        "mailing",
        section="Send Email message",
        asks=SendMailing,
        tells=Sent,
        sends=True,
        recipients=lambda asked: [*asked.to, *(asked.cc or ()), *(asked.bcc or ())],
        batch=sending_of,
    )
