"""Voice campaigns (guide: "Send Blaster (RoboCall)", "Blaster (RoboCall) Status" and "Cancel Campaigns")."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from connector.providers.operation import Asked, Room, Told, named
from connector.providers.readable import Maybe
from connector.providers.smsclouds.operations.campaigns import Recipient, cellphones
from connector.providers.smsclouds.operations.fields import Cellphone, Id, LocalTime, Rows
from connector.providers.smsclouds.operations.operation import SmscloudsOperation

AUDIO: Literal[1] = 1
TEXT_TO_SPEECH: Literal[2] = 2


class CreateVoiceCampaign(Asked):
    """A voice campaign: a saved audio, or a text that is spoken. Who presses the key is passed on to a number."""

    type: Literal[1, 2] = Field(description="1 a saved audio, 2 text to speech")
    audio: Id | None = Field(default=None, description="the ID of a saved audio; needed by type 1")
    text: str | None = Field(default=None, description="with placeholders <+B+> … <+F+>; needed by type 2")
    campaign_name: str
    recipients: list[Recipient] = Field(min_length=1)
    remittent: Cellphone = Field(description="the number that is shown to who is called")
    scheduled_date: Annotated[
        LocalTime | None, named("scheduledDate", description="when to begin, in the account's local time")
    ] = None
    transfer_num: Cellphone | None = Field(default=None, description="the number that the key passes the call on to")
    transfer_key: int | None = Field(default=None, ge=0, le=9, description="the key; needed with transfer_num")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.type == AUDIO and self.audio is None:
            raise ValueError("type 1 plays a saved audio, and there is none; give its ID")
        if self.type == TEXT_TO_SPEECH and not self.text:
            raise ValueError("type 2 speaks a text, and there is none; give one")
        if self.transfer_num is not None and self.transfer_key is None:
            raise ValueError("a call is passed on to transfer_num by a key, and there is none; give transfer_key")
        return self


class VoiceCampaign(Told):
    """A voice campaign as its creation is answered; `scheduled_date` is in the account's zone."""

    voice_campaign: Id = Field(gt=0)
    message: Maybe[str] = None
    name: Maybe[str] = None
    type: Maybe[str] = None
    country: Maybe[str] = None
    scheduled_date: Maybe[str] = None
    recipients_count: Maybe[int] = None
    status: Maybe[str | int] = None
    balance: Maybe[float] = None


class NamedVoiceCampaign(Asked):
    """Which voice campaign."""

    voice_campaign: Id = Field(description="Smsclouds' id of the voice campaign")


class VoiceMessage(Told):
    """One call; `sent_date` is in the account's zone."""

    voice_message: Id | None = None
    cellphone: int | str | None = None
    sent_date: str | None = None
    voice_message_status: int | str | None = None


class VoiceCampaignStatus(Told):
    """A voice campaign and its calls. A status is a word in the guide's example and 0 to 3 in its table."""

    message: Maybe[str] = None
    voice_campaign: Maybe[Id] = None
    name: Maybe[str] = None
    type: Maybe[str] = None
    country: Maybe[str] = None
    text: Maybe[str] = None
    audio: Maybe[int | str] = None
    scheduled_date: Maybe[str] = None
    recipients_count: Maybe[int] = None
    recipients_processed: Maybe[int] = None
    remittent: Maybe[str | int] = None
    transfer_num: Maybe[str | int] = None
    transfer_key: Maybe[int | str] = None
    status: Maybe[str | int] = None
    voice_messages: Rows[VoiceMessage] | None = None


class CancelledVoiceCampaign(Told):
    """A voice campaign as its cancelling is answered; its status is then ``CANCELLED``."""

    message: Maybe[str] = None
    voice_campaign: Maybe[Id] = None
    name: Maybe[str] = None
    status: str | int
    scheduled_date: Maybe[str] = None


class Voice(Room):
    """Voice campaigns. Only a queued one (0) can be cancelled."""

    room: ClassVar[str] = "voice"

    create = SmscloudsOperation(
        "POST",
        "api/v3/voice",
        section="Send Blaster (RoboCall)",
        asks=CreateVoiceCampaign,
        tells=VoiceCampaign,
        sends=True,
        recipients=cellphones,
        batch=lambda told: told.voice_campaign,
    )
    show = SmscloudsOperation(
        "GET",
        "api/v3/voice/{voice_campaign}",
        section="Blaster (RoboCall) Status",
        asks=NamedVoiceCampaign,
        tells=VoiceCampaignStatus,
    )
    cancel = SmscloudsOperation(
        "POST",
        "api/v3/voice/{voice_campaign}/cancel",
        section="Blaster (RoboCall) Cancel Campaigns",
        asks=NamedVoiceCampaign,
        tells=CancelledVoiceCampaign,
    )
