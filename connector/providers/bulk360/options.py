"""What an account at Bulk360 can be told."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from connector.providers.account import AccountOptions

NUMBERS_A_REQUEST = 12
"""As many numbers of 11 digits as 150 characters hold with their commas."""

SENDER = r"^[A-Za-z0-9]{1,11}$"


class Bulk360Options(AccountOptions):
    """Settings of one Bulk360 account (guide: "Request Access Token", "Sending Normal Text Messages")."""

    provider: Literal["bulk360"] = "bulk360"
    base_url: str = "https://sms.360.my"
    senders: int = Field(default=4, ge=1, le=64, description="requests under way at once; few hold many messages")
    batch_size: int = Field(
        default=NUMBERS_A_REQUEST,
        ge=1,
        le=NUMBERS_A_REQUEST,
        description="numbers a request at most; fewer travel where they are long or go by WhatsApp",
    )
    app_key: SecretStr = Field(description="the APP_KEY under Configurations > APIs > Create Connection")
    app_secret: SecretStr = Field(description="the APP_SECRET beside it")
    sender: Annotated[str, StringConstraints(pattern=SENDER)] | None = Field(
        default=None, description="the sender of messages whose mapping names none; it does not apply in Malaysia"
    )
    max_parts: int = Field(
        default=10, ge=1, le=255, description="an SMS of more parts is refused; the guide has no limit"
    )
    longest_whatsapp: int = Field(
        default=4096, ge=1, description="characters of a WhatsApp text at most; the guide has no limit"
    )
    token_path: str = Field(default="oauth/token", description="where access tokens are asked for")
    send_path: str = Field(default="api/bulk360/v2.0", description="where messages are sent; it names the version")

    @property
    def longest_answer(self) -> float:
        """Seconds a send may take with all that can go before it: a token, a send for which it is turned away, another
        token, and the send again (guide: "Request Access Token")."""
        return 4 * self.read_timeout
