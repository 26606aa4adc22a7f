"""The settings: one TOML file, and the environment above it.

A value of the form ``${NAME}`` is taken from the environment, so that secrets need not stand in the file. Any setting
can also be given as ``CONNECTOR_<SECTION>__<KEY>``; such a name that is misspelt is refused as a key of the file is.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector import environment
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
_SHORTEST_HOOK_SECRET = 16


class Settings(BaseSettings):
    """All of it, checked. Accounts and the CRM are checked by their own kinds' options."""

    model_config = SettingsConfigDict(
        env_prefix=environment.PREFIX, env_nested_delimiter=environment.BETWEEN, extra="forbid", frozen=True
    )

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
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library's own signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library's own signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library's own signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands above the file, whose content arrives as initial values."""
        return environment.Environment(settings_cls), init_settings

    def crm_options(self) -> Any:
        """The options of the CRM's own kind.

        Raises:
            SettingsError: an unknown kind, or options it does not take.
        """
        kind = self.crm.get("kind", "salesforce")
        if kind not in CRMS:
            raise SettingsError(f"[crm] kind = {kind!r} is none we know; it is one of: {', '.join(sorted(CRMS))}.")
        return _checked(CRMS[kind].options, {"kind": kind, **self.crm}, ("crm",))

    def account_options(self) -> dict[str, AccountOptions]:
        """Each account's options, of its provider's own kind; accounts whose adapter is still to come are left out.

        Raises:
            SettingsError: an unknown provider, options it does not take, plain http to another machine, or a secret of
                webhooks that can be guessed.
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
            options = _checked(adapter.options, given, ("accounts", name))
            _only_loopback_unencrypted(options.base_url, where)
            _no_short_hook_secret(options, where)
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


def _checked(kind: type[BaseModel], given: Mapping[str, Any], section: environment.Place) -> Any:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        places = [(*section, key) for key in kind.model_fields]
        raise SettingsError(_sentences(error, f"[{'.'.join(section)}]", places, section)) from None


def _or_protocols(provider: str) -> str:
    others = sorted(protocol for name, protocol in PROTOCOLS if name == provider)
    return f", or use one of: {', '.join(others)}" if others else ""


def _sentences(
    error: ValidationError, where: str, places: Collection[environment.Place], section: environment.Place = ()
) -> str:
    """A line for each mistake, with the place in `section` of the file, or the environment's name, that it is in."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        place = tuple(str(part) for part in problem["loc"])
        words = _words(problem["type"], problem["msg"])
        near = problem["type"] == "extra_forbidden" and _nearest((*section, *place), places)
        if found := environment.set_by((*section, *place)):
            name, within = found
            inside = f"{'.'.join(map(str, within))}: " if within else ""
            hint = f"; did you mean {environment.variable(near)}?" if near else ""
            lines.append(f"{name} in the environment: {inside}{words}{hint}")
        else:
            hint = f"; did you mean {'.'.join(near[len(section) :])}?" if near else ""
            lines.append(f"{where} {'.'.join(place)}: {words}{hint}")
    return "\n".join(lines)


def _words(kind: str, given: str) -> str:
    if kind in {"tuple_type", "list_type"}:
        return 'this is a list: write ["one"] or ["one", "another"]'
    if kind in {"dict_type", "model_type", "model_attributes_type"}:
        return "this is a section: set its keys, each by itself"
    return {"extra_forbidden": "there is no such setting", "missing": "this setting is missing"}.get(kind, given)


def _nearest(place: environment.Place, places: Collection[environment.Place]) -> environment.Place | None:
    known = {".".join(each): each for each in places if each[:-1] == place[:-1]}
    close = get_close_matches(".".join(place), known, 1)
    return known[close[0]] if close else None


def _places(model: type[BaseModel], section: environment.Place = ()) -> Iterator[environment.Place]:
    """Where each setting stands that has a name of its own: sections, and the keys in them."""
    for name, field in model.model_fields.items():
        yield (*section, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _places(field.annotation, (*section, name))


def _all_places() -> list[environment.Place]:
    of_crms = [("crm", key) for crm in CRMS.values() for key in crm.options.model_fields]
    return [*_places(Settings), *of_crms]


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


def _no_short_hook_secret(options: AccountOptions, where: str) -> None:
    for key in ("hook_secret", "hook_secret_before"):
        secret = getattr(options, key)
        if secret is not None and len(secret.get_secret_value()) < _SHORTEST_HOOK_SECRET:
            raise SettingsError(
                f"{where} {key} has fewer than {_SHORTEST_HOOK_SECRET} characters and could be guessed, and it alone "
                'keeps strangers out. Make one by python3 -c "import secrets; print(secrets.token_urlsafe(24))".'
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
    if not any(name.upper().startswith(_ENOUGH_ALONE) for name in environment.own_names()):
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
    places = _all_places()
    if wrong := list(environment.misspelt(places, set(environment.referred(given)))):
        raise SettingsError(
            "\n".join(wrong)
            + f"\nNames in the environment that begin with {environment.PREFIX} are settings, unless the "
            'file has them as "${NAME}"; rename what is none.'
        )
    try:
        return Settings(**{key: environment.filled(value, source, (key,)) for key, value in given.items()})
    except ValidationError as error:
        raise SettingsError(_sentences(error, f"{source}:", places)) from None
