"""SMS and landing SMS (guide: "SMS", "Landing SMS")."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    CampaignName,
    Certified,
    CompactDate,
    EmptyAsList,
    OTPConfig,
    ScheduleDate,
    Sent,
    Shown,
    Sub,
    Tags,
    ToldDate,
    message_of,
    one_a_recipient,
    sending_of,
    tags_need_a_campaign,
    to_each,
)
from connector.providers.operation import Asked, Room, named

MAX_PARTS = 15
MAX_LANDING_PARTS = 8


class AvailableTime(Asked):
    """A span of the day in which messages may be sent (guide: `availableTimes`)."""

    day: Annotated[int | None, Field(ge=1, le=7, description="1 Monday to 7 Sunday; every day without it")] = None
    from_: Annotated[str, named("from", pattern=r"^\d{2}:\d{2}$", description="where it begins, HH:MM in UTC")]
    to: Annotated[str, Field(pattern=r"^\d{2}:\d{2}$", description="where it ends, HH:MM in UTC")]


class _Text(Asked):
    """What SMS and landing SMS have in common."""

    to: Annotated[list[str], Field(min_length=1, description="mobile numbers, digits with prefix")]
    sender: Annotated[str, named("from", pattern=r"^(\d{1,15}|.{1,11})$", description="15 digits or 11 letters")]
    message: Annotated[str, Field(min_length=1, description="the text, with {variables} where `sub` says them")]
    encoding: Annotated[
        Literal["gsm", "gsm-pt", "utf-16"] | None, Field(description="the text's alphabet, gsm where none is said")
    ] = None
    schedule_date: ScheduleDate = None
    expiration_date: Annotated[
        CompactDate | None, named("expirationDate", description="when an undelivered message is given up")
    ] = None
    trans: Annotated[Literal[0, 1] | None, Field(description="1: letters that GSM-7 lacks become their plain ones")] = (
        None
    )
    campaign_name: CampaignName = None
    tags: Tags = None
    certified: Certified = None
    sub: Sub = None
    split_parts: Annotated[
        bool | None, named("splitParts", description="a long text becomes several SMS, not one of several parts")
    ] = None
    flash: Annotated[bool | None, Field(description="appears on the screen at once")] = None

    @model_validator(mode="after")
    def _as_the_guide_requires(self) -> Self:
        tags_need_a_campaign(self.tags, self.campaign_name)
        one_a_recipient("sub", self.sub, self.to)
        return self


class SendSMS(_Text):
    """A text to one or many numbers."""

    parts: Annotated[
        int | None, Field(ge=1, le=MAX_PARTS, description="parts the text may have at most, 1 where none is said")
    ] = None
    notification_url: Annotated[
        str | list[str] | None,
        named("notificationUrl", description="where deliveries are told: one address, or one a recipient"),
    ] = None
    available_times: Annotated[
        list[AvailableTime] | None, named("availableTimes", description="when messages may be sent")
    ] = None
    otp_config: Annotated[
        OTPConfig | None, named("otpConfig", description="how the code for {OTP_CODE} in the text is made")
    ] = None

    @model_validator(mode="after")
    def _an_address_a_recipient(self) -> Self:
        one_a_recipient("notificationUrl", self.notification_url, self.to)
        return self


class SendLandingSMS(_Text):
    """A text whose {LAND_URL} leads to a page of its own."""

    parts: Annotated[
        int | None,
        Field(ge=1, le=MAX_LANDING_PARTS, description="parts the text may have at most, 1 where none is said"),
    ] = None
    notification_url: Annotated[
        str | None, named("notificationUrl", description="the address where deliveries are told")
    ] = None
    template_body: Annotated[str | None, named("templateBody", description="the page, in HTML")] = None
    template_id: Annotated[int | None, named("templateId", description="the page, by its template's id")] = None

    @model_validator(mode="after")
    def _a_page(self) -> Self:
        if self.template_body is None and self.template_id is None:
            raise ValueError("a landing SMS needs its page; give templateBody or templateId")
        return self


class ShowSMS(Asked):
    """Messages by their ids (guide: "SMS information by message id")."""

    id: Annotated[list[str], Field(min_length=1, description="ids as the send answered them")]


class SMSEvent(Shown):
    """Something that happened to a message."""

    type: str
    date: ToldDate | None = None
    is_mobile: Annotated[bool | None, named("isMobile")] = None
    browser: str | None = None
    os: str | None = None


class SMSMessage(Shown):
    """A message and what happened to it."""

    id: str
    sender: Annotated[str | None, named("from")] = None
    to: str | None = None
    message: str | None = None
    campaign_id: Annotated[int | None, named("campaignId")] = None
    sending_id: Annotated[int | None, named("sendingId")] = None
    is_delivered: Annotated[bool | None, named("isDelivered")] = None
    is_clicked: Annotated[bool | None, named("isClicked")] = None
    events: tuple[SMSEvent, ...] = ()
    custom_fields: Annotated[dict[str, Any] | None, EmptyAsList, named("customFields")] = None


class SMSMessages(Shown):
    """The messages that 360NRS knows."""

    data: list[SMSMessage]


class SMS(Room):
    """Texts."""

    room = "sms"

    send = NRS360Operation(
        "POST",
        "sms",
        section="Send SMS Message",
        asks=SendSMS,
        tells=Sent,
        sends=True,
        recipients=to_each,
        text=message_of,
        batch=sending_of,
    )
    show = NRS360Operation("GET", "sms/{id}", section="SMS information by message id", asks=ShowSMS, tells=SMSMessages)


class Landing(Room):
    """Texts with a page."""

    room = "landing"

    send = NRS360Operation(
        "POST",
        "landingsms",
        section="Send Landing SMS message",
        asks=SendLandingSMS,
        tells=Sent,
        sends=True,
        recipients=to_each,
        text=message_of,
        batch=sending_of,
    )
