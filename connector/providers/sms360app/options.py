"""What an account at 360 SMS App can be told."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connector.model.messages import Channel
from connector.providers.sms360app.codes import CHANNELS
from connector.providers.status_words import WordedOptions

IN_FLIGHT_A_CLIENT_ID = 200
"""Messages that one client id may have under way (guide: "Bulk messaging"). An account has at most 64 `senders`, each
with one request of one message under way, so no client id ever comes near it."""


class SMS360AppOptions(WordedOptions):
    """Settings of one 360 SMS App account (guide: "API configuration for client")."""

    provider: Literal["sms360app"] = "sms360app"
    base_url: str = Field(min_length=1, description="where 360 SMS told you that its API is; the guide does not say")
    batch_size: int = Field(default=1, ge=1, le=1, description="always 1: a request holds one message")
    senders: int = Field(
        default=8, ge=1, le=64, description="requests under way at once; each client id may have 200 of them"
    )
    client_ids: tuple[SecretStr, ...] = Field(
        min_length=1, description="the account's client ids; messages are spread over them"
    )
    send_path: str = Field(default="send", min_length=1, description="the path of sending, which the guide omits")
    lookup_path: str = Field(
        default="lookup", min_length=1, description="the path of verifying a phone, which the guide omits"
    )
    number_format: Literal["e164", "digits", "national"] = Field(
        default="e164",
        description="how recipients are written: +12025550123, 12025550123 or, in `region` only, 2025550123",
    )
    region: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        description="the country (ISO alpha-2) of numbers written without its code; needed for `national`",
    )
    sender: str | None = Field(
        default=None, description="the registered number of messages whose mapping names none, by SMS"
    )
    channels: Mapping[str, Channel] = Field(
        default_factory=dict,
        description="registered number to the channel it sends on, for all that do not send SMS",
    )
    max_parts: int = Field(
        default=10, ge=1, le=255, description="an SMS of more parts is refused; the guide has no limit"
    )
    check_number: str | None = Field(
        default=None, description="a number (E.164) that `connector doctor` verifies, to see that the client ids hold"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.number_format == "national" and self.region is None:
            raise ValueError("number_format is national but region is not set: set it to the country, such as US")
        if unknown := set(self.channels.values()) - CHANNELS:
            raise ValueError(f"360 SMS App has no channel {', '.join(sorted(unknown))}; correct channels")
        if len(self.channel_of_number) < len(self.channels):
            raise ValueError("channels names one number twice, written in two ways; keep one of them")
        return self

    @cached_property
    def channel_of_number(self) -> Mapping[str, Channel]:
        """`channels` by the bare digits of each number (or, without any, its letters)."""
        return {bare(number): channel for number, channel in self.channels.items()}

    @cached_property
    def sender_of_channel(self) -> Mapping[Channel, str]:
        """The first registered number of each channel; SMS has `sender`."""
        first = {channel: number for number, channel in reversed(list(self.channels.items()))}
        return {**first, Channel.SMS: self.sender} if self.sender else first


def bare(number: str) -> str:
    """A registered number without what people write around its digits; a name as it is, in lower case."""
    digits = "".join(character for character in number if character.isdecimal())
    return digits if digits and not any(map(str.isalpha, number)) else number.strip().lower()
