"""What every account can be told, whichever its provider."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class AccountOptions(BaseModel):
    """What every account can be told; each provider adds its own keys. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    base_url: str = ""
    batch_size: int = Field(
        default=1000, ge=1, description="messages a request at most; one lost answer makes a whole batch unknown"
    )
    read_timeout: float = Field(default=60.0, gt=0, description="seconds to wait for an answer")
    connect_timeout: float = Field(default=10.0, gt=0, description="seconds to wait for a connection")
    senders: int = Field(default=2, ge=1, le=64, description="requests under way at once")
    messages_a_second: float | None = Field(
        default=None, gt=0, description="messages sent a second at most; the rest waits for its turn"
    )
    requests_a_second: float | None = Field(default=None, gt=0, description="requests that send, a second at most")
    breaker_failures: int = Field(
        default=5,
        ge=1,
        description="failures of an account or its provider in a row that open its breaker",
    )
    breaker_pause: float = Field(
        default=60.0,
        gt=0,
        description="seconds an open breaker leaves the account alone; twice as long each time, up to 15 minutes",
    )
    balance_floor: float | None = Field(
        default=None,
        description="in the account's currency; below it nothing is sent, looked at every [pace] balance seconds",
    )
    price_a_part: float | None = Field(
        default=None, ge=0, description="what one part costs, for caps of money, all in one currency"
    )
    price_a_lookup: float | None = Field(
        default=None, ge=0, description="what one lookup costs, for caps of money; not set: they leave lookups out"
    )
    schedule_ahead: float = Field(
        default=0.0,
        ge=0,
        le=86_400,
        description="seconds before its send_at that a message may be given to a provider that can give it back; 0: "
        "messages wait here until they are due",
    )
    merge_values: bool = Field(
        default=True,
        description="false: texts travel one template a request, for a provider that scans merge values again",
    )
    hook_secret: SecretStr | None = Field(
        default=None, description="the secret in the path of this account's webhooks, of 16 characters and more"
    )
    hook_secret_before: SecretStr | None = Field(
        default=None, description="the secret before, still taken while the provider is being told the new one"
    )
    hook_addresses: tuple[str, ...] = Field(
        default=(), description="addresses or networks webhooks may come from; empty: any"
    )
    public_url: str | None = Field(
        default=None, description="where the provider reaches our receiver, e.g. https://sms.example.com"
    )

    @property
    def longest_answer(self) -> float:
        """Seconds an answer may take, whatever is asked: what claims, drains and hung jobs are measured by."""
        return self.read_timeout
