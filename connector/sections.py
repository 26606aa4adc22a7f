"""The sections of the settings file, each with what its keys mean."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connector.model.address import read_recipient
from connector.model.caps import MILLIONTHS, Cap, Period, Unit
from connector.model.errors import UnreadableAddress, UnreadablePhone
from connector.model.scopes import Scope


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Store(_Section):
    """Where rows are kept."""

    url: str = Field(
        default="sqlite:///connector.db", description="sqlite:///file or postgresql+psycopg://user@host/name"
    )
    keep_days: int = Field(default=90, ge=1, description="days that ended messages, their events and news are kept")


class Log(_Section):
    """How the log is written."""

    form: Literal["console", "json"] = "console"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Web(_Section):
    """The receiver of webhooks."""

    enabled: bool = Field(default=True, description="whether `connector run` takes webhooks itself")
    host: str = Field(default="127.0.0.1", description="the address to listen at; a reverse proxy stands before it")
    port: int = Field(default=8360, ge=0, le=65535, description="the port to listen at")
    body_limit: int = Field(default=65_536, ge=1024, description="bytes; a larger webhook is refused")
    trusted_proxies: tuple[str, ...] = Field(default=(), description="whose X-Forwarded-For is believed")
    turned_away_a_minute: int = Field(
        default=60, ge=1, description="requests of one address with a wrong secret; above it the answer is 429"
    )
    webhooks_a_second: int = Field(
        default=2000, ge=1, description="of one account; above it they are kept, and answered 429 to slow the sender"
    )
    webhooks_at_once: int = Field(
        default=10_000, ge=1, description="of one account; as many more above the rate are kept, the rest are not read"
    )


class Pace(_Section):
    """How often and how much: all times in seconds."""

    pull: float = Field(default=10.0, gt=0, description="between two looks for queued records")
    dispatch: float = Field(default=1.0, gt=0, description="between two looks for messages to send")
    note: float = Field(default=1.0, gt=0, description="between two looks for news to work through")
    push: float = Field(default=2.0, gt=0, description="between two writes to the CRM; more coalesces more")
    poll: float = Field(
        default=5.0, gt=0, description="between two looks for batches whose time to be asked about has come"
    )
    replies: float = Field(default=60.0, gt=0, description="between two questions for replies")
    sweep: float = Field(default=300.0, gt=0, description="between two sweeps of the phone index")
    balance: float = Field(default=300.0, gt=0, description="between two looks at what an account has left to spend")
    blacklist: float = Field(
        default=14_400.0, gt=0, description="between two readings of what is on a provider's own blacklist"
    )
    reconcile: float = Field(default=60.0, gt=0, description="between two looks at unknown outcomes")
    release: float = Field(default=60.0, gt=0, description="between two looks for held messages whose time has come")
    housekeeping: float = Field(default=3600.0, gt=0, description="between two looks for what may be forgotten")
    linger: float = Field(default=2.0, ge=0, description="how long a batch that is not full waits for more")
    first_poll: float = Field(default=5.0, ge=0, description="after a send, where nothing is pushed")
    first_poll_when_pushed: float = Field(default=120.0, ge=0, description="after a send, where statuses are pushed")
    high_water: int = Field(
        default=20_000, ge=1, description="messages waiting to be sent, above which no more are read"
    )
    claim_minutes: float = Field(default=15.0, gt=1, description="how long a claim in the CRM holds")
    final_after_hours: float = Field(
        default=72.0, gt=0, description="after which a message without a last word is no longer asked about"
    )
    drain: float = Field(default=30.0, gt=0, description="how long a stop waits for what is in flight")
    hung_after: float = Field(
        default=300.0, gt=0, description="a job that runs longer is reported, on top of its read timeout"
    )

    @property
    def claim_lifetime(self) -> timedelta:
        """How long a claim in the CRM holds."""
        return timedelta(minutes=self.claim_minutes)


class Live(_Section):
    """What keeps a first try from reaching real people."""

    production: bool | Literal["auto"] = Field(
        default="auto",
        description="whether anybody may be sent to; auto asks the org: not from a sandbox or developer's",
    )
    allow: tuple[str, ...] = Field(
        default=(), description='outside production, the only recipients: "+34600000001", "ana@example.com"'
    )
    send_backlog: bool = Field(
        default=False, description="true: records made before the first start are sent too, and not held"
    )

    @field_validator("allow")
    @classmethod
    def _as_recipients(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(read_recipient(recipient) for recipient in allow)
        except (UnreadableAddress, UnreadablePhone) as error:
            raise ValueError(str(error)) from None


_Most = Annotated[int | None, Field(gt=0)]
_MostMoney = Annotated[float | None, Field(gt=0)]


class Limits(_Section):
    """How much at most of a mapping's; what is not given has no cap."""

    messages_an_hour: _Most = None
    messages_a_day: _Most = None
    messages_a_campaign: _Most = None
    parts_an_hour: _Most = None
    parts_a_day: _Most = None
    parts_a_campaign: _Most = None
    money_an_hour: _MostMoney = None
    money_a_day: _MostMoney = None
    money_a_campaign: _MostMoney = None

    def caps(self, scope: Scope, name: str = "") -> Iterator[Cap]:
        """Those that are given."""
        for unit, period in product(Unit, Period):
            most = getattr(self, f"{unit}_{'an' if period is Period.HOUR else 'a'}_{period}", None)
            if most is not None:
                yield Cap(scope, name, unit, period, round(most * MILLIONTHS) if unit is Unit.MONEY else most)


class AccountLimits(Limits):
    """How much at most of an account's, or of everything; lookups are of no mapping and no campaign."""

    lookups_an_hour: _Most = None
    lookups_a_day: _Most = None


class Caps(_Section):
    """How much may be sent at most, in the hour or day that ends now, or for a campaign; the rest is held meanwhile.

    Each takes messages_an_hour, messages_a_day, messages_a_campaign, and the same for parts_ and money_; everything and
    accounts also lookups_an_hour and lookups_a_day. What `connector call` sends counts for everything and its account.
    """

    everything: AccountLimits = Field(
        default=AccountLimits(), description="for all together, such as {messages_a_day = 5000}"
    )
    accounts: dict[str, AccountLimits] = Field(
        default={}, description="by account, as a section [caps.accounts.nrs-main]"
    )
    mappings: dict[str, Limits] = Field(default={}, description="by mapping, as a section [caps.mappings.sms-outbox]")
