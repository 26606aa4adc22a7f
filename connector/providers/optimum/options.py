"""What an account at Optimum Measures can be told."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connector.providers.status_words import WordedOptions
from connector.providers.zone import Zone


class OptimumOptions(WordedOptions):
    """Settings of one Optimum Measures account. The guide leaves the authentication, the zone of its dates and more
    open: each is a setting."""

    provider: Literal["optimum"] = "optimum"
    base_url: str = "https://api.optimummeasures.com"
    authentication: Literal["none", "basic", "bearer", "header"] = Field(
        default="none", description="how the account is named in a request, which the guide omits"
    )
    username: str = Field(default="", description="with authentication basic")
    password: SecretStr | None = Field(default=None, description="with authentication basic")
    token: SecretStr | None = Field(default=None, description="with authentication bearer")
    header_name: str = Field(
        default="", pattern="^[A-Za-z0-9-]*$", description="with authentication header: its name, e.g. X-Api-Key"
    )
    header_value: SecretStr | None = Field(default=None, description="with authentication header")
    send_path: str = Field(default="api/SMS/Send", min_length=1)
    status_path: str = Field(default="api/SMS/GetStatus", min_length=1)
    status_method: Literal["GET", "POST"] = Field(
        default="GET",
        description="how an SMS's status is asked for, which the guide omits; POST puts the ID in the body",
    )
    call_path: str = Field(default="api/Voice/Call", min_length=1)
    sender: str | None = Field(default=None, description="the sender of SMS whose mapping names none")
    caller: str | None = Field(default=None, description="the number that calls come from whose mapping names none")
    language: str | None = Field(
        default=None, description="the Locale of calls whose mapping names none, such as es-MX"
    )
    number_prefix: Literal["00", "+", ""] = Field(
        default="00", description="what stands before the country code; 00 in the guide's examples"
    )
    callback: bool = Field(default=True, description="whether each SMS asks for callbacks of its statuses")
    poll_statuses: bool = Field(
        default=False,
        description="ask for the statuses of SMS too; needs batch_size 1, for such an answer names no number",
    )
    zone: Zone = Field(default="UTC", description="the zone of Optimum Measures' dates, which bear none")
    max_parts: int = Field(
        default=10, ge=1, le=255, description="an SMS of more parts is refused; the guide has no limit"
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        needed = {
            "none": (),
            "basic": ("username", "password"),
            "bearer": ("token",),
            "header": ("header_name", "header_value"),
        }
        for name in needed[self.authentication]:
            if not getattr(self, name):
                raise ValueError(f"authentication is {self.authentication} but {name} is not set; set it")
        return self

    @model_validator(mode="after")
    def _heard_of(self) -> Self:
        if self.poll_statuses and self.batch_size > 1:
            raise ValueError(
                "poll_statuses is true but batch_size is not 1: set it to 1, for GetStatus names no number"
            )
        if not (self.callback or self.poll_statuses):
            raise ValueError("callback and poll_statuses are both false, so no status would ever be known; set one")
        return self
