"""The settings: one TOML file, and the environment above it.

A value of the form ``${NAME}`` is taken from the environment, so that secrets need not stand in the file. Any setting
can also be given as ``CONNECTOR_<SECTION>__<KEY>``.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.crm.registry import CRMS
from connector.model.caps import MILLIONTHS, Cap, Period, Unit
from connector.model.errors import SettingsError, UnreadablePhone
from connector.model.phone import read_phone
from connector.model.scopes import Scope
from connector.providers.base import AccountOptions
from connector.providers.registry import KNOWN, PROVIDERS

DEFAULT_FILE = Path("connector.toml")
_FROM_ENVIRONMENT = re.compile(r"^\$\{(\w+)\}$")


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
        default=(), description='outside production, the only numbers sent to: "+34600000001"'
    )
    send_backlog: bool = Field(
        default=False, description="true: records made before the first start are sent too, and not held"
    )

    @field_validator("allow")
    @classmethod
    def _as_e164(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(read_phone(number, None).e164 for number in allow)
        except UnreadablePhone as error:
            raise ValueError(str(error)) from None


_Most = Annotated[int | None, Field(gt=0)]
_MostMoney = Annotated[float | None, Field(gt=0)]


class Limits(_Section):
    """How much at most; what is not given has no cap."""

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
            most = getattr(self, f"{unit}_{'an' if period is Period.HOUR else 'a'}_{period}")
            if most is not None:
                yield Cap(scope, name, unit, period, round(most * MILLIONTHS) if unit is Unit.MONEY else most)


class Caps(_Section):
    """How much may be sent at most, in the hour or day that ends now, or for a campaign; the rest is held meanwhile.

    Each takes messages_an_hour, messages_a_day, messages_a_campaign, and the same for parts_ and money_.
    """

    everything: Limits = Field(default=Limits(), description="for all together, such as {messages_a_day = 5000}")
    accounts: dict[str, Limits] = Field(default={}, description="by account, as a section [caps.accounts.nrs-main]")
    mappings: dict[str, Limits] = Field(default={}, description="by mapping, as a section [caps.mappings.sms-outbox]")


class Settings(BaseSettings):
    """All of it, checked. Accounts and the CRM are checked by their own kinds' options."""

    model_config = SettingsConfigDict(env_prefix="CONNECTOR_", env_nested_delimiter="__", extra="forbid", frozen=True)

    store: Store = Store()
    log: Log = Log()
    web: Web = Web()
    pace: Pace = Pace()
    live: Live = Live()
    caps: Caps = Caps()
    mappings: tuple[Path, ...] = Field(default=(Path("mappings"),), description="mapping files and folders of them")
    crm: dict[str, Any] = Field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the library's own signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library's own signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library's own signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands above the file, whose content arrives as initial values."""
        return env_settings, init_settings

    def crm_options(self) -> Any:
        """The options of the CRM's own kind.

        Raises:
            SettingsError: an unknown kind, or options it does not take.
        """
        kind = self.crm.get("kind", "salesforce")
        if kind not in CRMS:
            raise SettingsError(f"[crm] kind = {kind!r} is none we know; it is one of: {', '.join(sorted(CRMS))}.")
        return _checked(CRMS[kind].options, {"kind": kind, **self.crm}, "[crm]")

    def account_options(self) -> dict[str, AccountOptions]:
        """Each account's options, of its provider's own kind; accounts whose adapter is still to come are left out.

        Raises:
            SettingsError: an unknown provider, options it does not take, or plain http to another machine.
        """
        checked: dict[str, AccountOptions] = {}
        for name, given in self.accounts.items():
            where = f"[accounts.{name}]"
            provider = given.get("provider")
            if provider not in KNOWN:
                raise SettingsError(
                    f"{where} provider = {provider!r} is none we know; it is one of: {', '.join(KNOWN)}."
                )
            if provider not in PROVIDERS:
                continue
            options = _checked(PROVIDERS[provider].options, given, where)
            _only_loopback_unencrypted(options.base_url, where)
            checked[name] = options
        return checked

    def all_caps(self) -> tuple[Cap, ...]:
        """Every cap there is.

        Raises:
            SettingsError: one of an account that is not there, or of money where an account has no price.
        """
        options = self.account_options()
        caps = [*self.caps.everything.caps(Scope.EVERYTHING)]
        for name, limits in self.caps.accounts.items():
            if name not in self.accounts:
                raise SettingsError(
                    f"[caps.accounts.{name}] there is no account {name!r} in the settings; mend the name."
                )
            caps += limits.caps(Scope.ACCOUNT, name)
        for name, limits in self.caps.mappings.items():
            caps += limits.caps(Scope.MAPPING, name)
        for cap in caps:
            for name, chosen in options.items():
                counts = cap.scope is not Scope.ACCOUNT or cap.name == name
                if cap.unit is Unit.MONEY and counts and chosen.price_a_part is None:
                    raise SettingsError(
                        f"[caps] the cap of {cap} cannot be counted: give [accounts.{name}] its price_a_part."
                    )
        return tuple(caps)


def _checked(kind: type[BaseModel], given: Mapping[str, Any], where: str) -> Any:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise SettingsError(_sentences(error, where)) from None


def _sentences(error: ValidationError, where: str) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in problem["loc"])
        words = {"extra_forbidden": "there is no such setting", "missing": "this setting is missing"}
        lines.append(f"{where} {place}: {words.get(problem['type'], problem['msg'])}")
    return "\n".join(lines)


def _only_loopback_unencrypted(url: str, where: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or not url:
        return
    if parts.scheme != "http":
        raise SettingsError(f"{where} base_url = {url!r} is no http address; it begins with https://.")
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsError(
            f"{where} base_url = {url!r}: plain http would show the credentials to anybody on the way; use https."
        )


def read(file: Path | None) -> Settings:
    """Reads the file (``connector.toml`` when none is named and it is there) and the environment.

    Raises:
        SettingsError: with a sentence for each thing that is wrong.
    """
    given: dict[str, Any] = {}
    chosen = file or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    if chosen is not None:
        try:
            given = tomllib.loads(chosen.read_text("utf-8"))
        except FileNotFoundError:
            raise SettingsError(
                f"there is no settings file {chosen}; `connector demo` needs none, everything else does."
            ) from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{chosen} cannot be read: {error}.") from None
    return of(given, str(chosen or "the environment"))


def of(given: Mapping[str, Any], source: str = "the settings") -> Settings:
    """Settings from values already read, with ``${NAME}`` filled in and the environment above them.

    Raises:
        SettingsError: with a sentence for each thing that is wrong.
    """
    try:
        return Settings(**_filled(dict(given), source))
    except ValidationError as error:
        raise SettingsError(_sentences(error, f"{source}:")) from None


def _filled(value: Any, source: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, source) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, source) for item in value]
    if isinstance(value, str) and (found := _FROM_ENVIRONMENT.match(value)):
        name = found.group(1)
        if name not in os.environ:
            raise SettingsError(
                f"{source} asks for ${{{name}}}, and the environment has no {name}. Set it and start again."
            )
        return os.environ[name]
    return value
