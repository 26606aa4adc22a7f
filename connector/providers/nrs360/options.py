"""What an account at 360NRS can be told."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connector.model.messages import Encoding
from connector.model.states import State
from connector.providers.account import AccountOptions

GUIDE_MAX_PARTS = 15


class NRS360Options(AccountOptions):
    """Settings of one 360NRS account (guide: "Authentication", "SMS / Parameters")."""

    provider: Literal["nrs360"] = "nrs360"
    base_url: str = "https://dashboard.360nrs.com/api/rest"
    username: str = Field(description="the account's user name")
    api_password: SecretStr = Field(description="the account's API password")
    sender: str | None = Field(default=None, description="the sender of messages whose mapping names none")
    whatsapp_sender: str | None = Field(
        default=None,
        description="the sender of WhatsApp messages whose mapping names none; replies to it are asked for",
    )
    voice_language: str | None = Field(
        default=None, description="the language of calls whose mapping names none, such as es_ES"
    )
    voice_gender: Literal["F", "M"] = Field(
        default="F", description="the voice of calls whose mapping names none: F a woman's, M a man's"
    )
    email_sender: str | None = Field(
        default=None, description="the address that e-mails come from, validated at 360NRS; a sender that is one wins"
    )
    email_reply_to: str | None = Field(
        default=None, description="where answers to e-mails go whose mapping names no reply_to; else to their sender"
    )
    landing_template: int | None = Field(
        default=None, description="the page of landing SMS whose mapping names none, by its template's id"
    )
    landing_link: int = Field(
        default=21, ge=1, description="characters that the link of a landing SMS takes, which the guide does not say"
    )
    campaign: str = Field(default="connector", description="the campaign of messages whose mapping names none")
    encodings: tuple[Encoding, ...] = Field(
        default=(Encoding.GSM7, Encoding.GSM_PT, Encoding.UCS2),
        min_length=1,
        description="the alphabets this account may send in, the first that holds the text is taken",
    )
    max_parts: int = Field(
        default=GUIDE_MAX_PARTS, ge=1, le=GUIDE_MAX_PARTS, description="a text of more parts is refused"
    )
    gsm_pt_part: int = Field(default=153, ge=1, le=160, description="septets in a GSM-PT part, which the guide omits")
    expiry_step: int = Field(
        default=60,
        ge=1,
        description="seconds a message's validity is rounded up to, so that messages can share a request",
    )
    delivery_notifications: bool = Field(
        default=True, description="with public_url: ask for a notification of each message's delivery"
    )
    blacklist: bool = Field(
        default=True, description="false: numbers whose people said stop are not put on 360NRS's own blacklist"
    )
    delivery_words: Mapping[str, State] = Field(
        default_factory=dict,
        description="words of a delivery notification that the guide does not list, and what they mean",
    )

    @model_validator(mode="after")
    def _notifications_need_a_secret(self) -> Self:
        if self.public_url and self.delivery_notifications and self.hook_secret is None:
            raise ValueError("public_url is set but hook_secret is not: set it, or set delivery_notifications to false")
        return self
