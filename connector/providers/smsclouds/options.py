"""What an account at Smsclouds can be told."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connector.providers.account import AccountOptions
from connector.providers.smsclouds.codes import Form
from connector.providers.smsclouds.operations.operation import SEND_TIMEOUT
from connector.providers.zone import Zone

OPTIMAL_RECIPIENTS = 30_000


class SmscloudsOptions(AccountOptions):
    """Settings of one Smsclouds account (guide: "Create Token", "Send Messages MT / Parameters")."""

    provider: Literal["smsclouds"] = "smsclouds"
    base_url: str = "https://smsclouds.cloud"
    batch_size: int = Field(default=1000, ge=1, le=OPTIMAL_RECIPIENTS)
    token: SecretStr = Field(description="the personal access token")
    token_name: str | None = Field(default=None, description="its name at Smsclouds, where the account has several")
    route: int | None = Field(default=None, description="the ID route that messages take")
    country: int | None = Field(default=1, description="the ID country; 1 is Mexico in the guide's examples")
    campaign: str = Field(default="connector", description="the campaign of messages whose mapping names none")
    zone: Zone = Field(default="America/Mexico_City", description="the zone of the account's dates, which bear none")
    plain_alphabet: Literal["gsm-7", "ascii"] = Field(
        default="gsm-7", description="ascii: accents of GSM-7 (é, ñ, ü) need an encode too"
    )
    encodes: tuple[Literal[Form.ENCODE, Form.ENCODE_2, Form.ENCODE_3], ...] = Field(
        default=(Form.ENCODE, Form.ENCODE_2, Form.ENCODE_3),
        description="the encodes this account may use for texts outside the plain alphabet",
    )
    long_message: bool = Field(default=True, description="whether this account may send plain texts of 161 to 306")
    responses_path: str = Field(
        default="api/v3/responses", description="the guide also prints it as api/v3/response on its request line"
    )
    remittent: str | None = Field(
        default=None,
        pattern="^[0-9]{6,15}$",
        description="the number that is shown to who is called, where the message's sender is none; national",
    )
    email_sender: str | None = Field(
        default=None, description="the address that emails come from, where the message's sender is none"
    )
    sms_clic_path: str = Field(
        default="api/v3/smsclic/campaign",
        description="the guide prints it as api/v3/smscllic, api/v3/smsclc and api/smscliv3",
    )
    keyword_replies: Mapping[str, str] = Field(
        default_factory=dict,
        description="what who sends a keyword is told, a text a keyword; `on_keyword` of a mapping wins",
    )
    hlr_fields: Mapping[str, str] = Field(
        default_factory=dict,
        description="your name of a field to its place in the answer of a number lookup, such as data.0.carrier",
    )
    send_timeout: float = Field(
        default=SEND_TIMEOUT,
        gt=0,
        description="seconds to wait for the answer to a send; the guide says up to ten minutes",
    )
    expiry_warning_days: int = Field(
        default=30, ge=0, description="days before the token's end that doctor and the daemon warn"
    )

    @property
    def longest_answer(self) -> float:
        """Seconds an answer may take: a send's ten minutes (guide: "Send Messages MT")."""
        return max(self.read_timeout, self.send_timeout)

    def path_of(self, operation: str) -> str | None:
        """The path that a setting gives an operation, for the guide prints these in several spellings; else None."""
        if operation.startswith("responses."):
            return self.responses_path
        return self.sms_clic_path if operation.startswith("clic.") else None

    def keyword_reply(self, keyword: str) -> str:
        """What who sends a keyword is told, however it is spelt in capitals; empty where nothing."""
        wanted = keyword.strip().casefold()
        return next((text for word, text in self.keyword_replies.items() if word.strip().casefold() == wanted), "")

    def with_keyword_replies(self, replies: Mapping[str, str]) -> Self:
        """These settings with further replies, by the keyword in small letters, which win over those that are there."""
        kept = {word: text for word, text in self.keyword_replies.items() if word.strip().casefold() not in replies}
        return self.model_copy(update={"keyword_replies": {**kept, **replies}})

    @field_validator("keyword_replies")
    @classmethod
    def _one_reply_a_keyword(cls, replies: Mapping[str, str]) -> Mapping[str, str]:
        words = [word.strip().casefold() for word in replies]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f"{', '.join(twice)} stands there more than once; capitals make no other keyword")
        return replies

    @model_validator(mode="after")
    def _route_or_country(self) -> Self:
        if self.route is None and self.country is None:
            raise ValueError("Smsclouds needs a route or a country: set one of them")
        return self
