"""Calls with a text that is read, or with an audio file (guide: "Voice")."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    CampaignName,
    CompactDate,
    ScheduleDate,
    Sent,
    Sub,
    Tags,
    one_a_recipient,
    sending_of,
    tags_need_a_campaign,
    to_each,
)
from connector.providers.operation import Asked, Room, named

MAX_TEXT = 500
MAX_RETRIES = 5

Language = Literal[
    "en_GB", "en_US", "es_ES", "es_US", "pt_PT", "pt_BR", "cmn_CN", "arb", "de_DE", "fr_FR", "it_IT", "hi_IN"
]
Gender = Literal["F", "M"]
FEMALE_ONLY = frozenset({"cmn_CN", "arb", "hi_IN"})


class _CallOut(Asked):
    """What both kinds of call have in common."""

    to: Annotated[list[str], Field(min_length=1, description="numbers to call, digits with prefix")]
    callers: Annotated[
        dict[str, str] | None, Field(description="by country, the number that calls, as 360NRS has set it up")
    ] = None
    schedule_date: ScheduleDate = None
    retries: Annotated[
        int | None, Field(ge=0, le=MAX_RETRIES, description="calls again when nobody answers, none where none is said")
    ] = None
    expiration_date: Annotated[
        CompactDate | None, named("expirationDate", description="when the call is given up; it is retried until then")
    ] = None
    campaign_name: CampaignName = None
    tags: Tags = None
    amd: Annotated[bool | None, Field(description="hang up on an answering machine")] = None

    @model_validator(mode="after")
    def _tags_have_a_campaign(self) -> Self:
        tags_need_a_campaign(self.tags, self.campaign_name)
        return self


class SendVoice(_CallOut):
    """A call in which a text is read."""

    message: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="the text that is read")]
    language: Annotated[Language, Field(description="the language it is read in")]
    gender: Annotated[Gender, Field(description="the voice: F a woman's, M a man's")]
    sub: Sub = None

    @model_validator(mode="after")
    def _as_the_guide_requires(self) -> Self:
        if self.gender == "M" and self.language in FEMALE_ONLY:
            raise ValueError(f"{self.language} is read by a woman's voice only; give F as gender")
        one_a_recipient("sub", self.sub, self.to)
        return self


class SendVoiceAudio(_CallOut):
    """A call in which a file is played."""

    audio_url: Annotated[str, named("audioUrl", min_length=1, description="the address of the audio file")]


class Voice(Room):
    """Calls."""

    room = "voice"

    send = NRS360Operation(
        "POST",
        "voice",
        section="Send Voice message",
        asks=SendVoice,
        tells=Sent,
        sends=True,
        recipients=to_each,
        batch=sending_of,
    )
    send_audio = NRS360Operation(
        "POST",
        "voiceAudio",
        section="Send Voice message with an audio file",
        asks=SendVoiceAudio,
        tells=Sent,
        sends=True,
        recipients=to_each,
        batch=sending_of,
    )
