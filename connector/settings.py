"""The settings: one TOML file, and the environment above it.

A value of the form ``${NAME}`` is taken from the environment, so that secrets need not stand in the file. Any setting
can also be given as ``CONNECTOR_<SECTION>__<KEY>``.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.crm.registry import CRMS
from connector.model.caps import MILLIONTHS, Cap, Unit
from connector.model.errors import SettingsError
from connector.model.loopback import is_loopback
from connector.model.scopes import Scope
from connector.providers.account import AccountOptions
from connector.providers.registry import KNOWN, PROTOCOLS, PROVIDERS, adapter_of
from connector.sections import Caps, Live, Log, Pace, Store, Web

DEFAULT_FILE = Path("connector.toml")
_ENOUGH_ALONE = ("CONNECTOR_STORE", "CONNECTOR_CRM", "CONNECTOR_ACCOUNTS")
_FROM_ENVIRONMENT = re.compile(r"^\$\{(\w+)\}$")


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
            adapter = adapter_of(provider, given.get("protocol"))
            if adapter is None:
                raise SettingsError(
                    f"{where} protocol = {given['protocol']!r} is none that {provider} has; leave it out for HTTP"
                    f"{_or_protocols(provider)}."
                )
            options = _checked(adapter.options, given, where)
            _only_loopback_unencrypted(options.base_url, where)
            checked[name] = options
        return checked

    def all_caps(self) -> tuple[Cap, ...]:
        """Every cap there is.

        Raises:
            SettingsError: one of an account that is not there, of money where an account has no price, or of less than
                one lookup costs, which would never be made.
        """
        options = self.account_options()
        caps = [*self.caps.everything.caps(Scope.EVERYTHING)]
        for name, limits in self.caps.accounts.items():
            if name not in self.accounts:
                raise SettingsError(
                    f"[caps.accounts.{name}] there is no account {name!r} in the settings; mend the name."
                )
            caps += limits.caps(Scope.ACCOUNT, name)
        for name, of_mapping in self.caps.mappings.items():
            caps += of_mapping.caps(Scope.MAPPING, name)
        for cap in caps:
            for name, chosen in options.items():
                counts = cap.scope is not Scope.ACCOUNT or cap.name == name
                if cap.unit is Unit.MONEY and counts and chosen.price_a_part is None:
                    raise SettingsError(
                        f"[caps] the cap of {cap} cannot be counted: give [accounts.{name}] its price_a_part."
                    )
                price = chosen.price_a_lookup or 0
                if cap.unit is Unit.MONEY and cap.covers_lookups(name) and price * MILLIONTHS > cap.most:
                    raise SettingsError(
                        f"[caps] the cap of {cap} is less than one lookup at [accounts.{name}] costs: raise it."
                    )
        return tuple(caps)


def _checked(kind: type[BaseModel], given: Mapping[str, Any], where: str) -> Any:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise SettingsError(_sentences(error, where)) from None


def _or_protocols(provider: str) -> str:
    others = sorted(protocol for name, protocol in PROTOCOLS if name == provider)
    return f", or use one of: {', '.join(others)}" if others else ""


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
    if not is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"{where} base_url = {url!r}: plain http would show the credentials to anybody on the way; use https."
        )


def file_to_read(named: Path | None) -> Path | None:
    """The file that is named, else ``connector.toml`` in the working directory; None: all stands in the environment.

    Raises:
        SettingsError: none is named, none is there, and the environment has no store, no CRM and no account. Defaults
            alone would lead to an empty store, whatever was typed: a pause of it would pause nothing.
    """
    if named is not None:
        return named
    if DEFAULT_FILE.exists():
        return DEFAULT_FILE
    if not any(name.upper().startswith(_ENOUGH_ALONE) for name in os.environ):
        raise SettingsError(
            f"there is no {DEFAULT_FILE} in {Path.cwd()}, and the environment names no store, CRM or account: "
            f"name your file with --config, such as --config /etc/connector/{DEFAULT_FILE}."
        )
    return None


def read(file: Path | None) -> Settings:
    """Reads the file (``connector.toml`` in the working directory when none is named) and the environment.

    Raises:
        SettingsError: with a sentence for each thing that is wrong; or there is neither file nor environment to read.
    """
    given: dict[str, Any] = {}
    chosen = file_to_read(file)
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
