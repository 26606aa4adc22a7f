"""The composition root: settings in, one frozen `App` out. Clock and transports are seams; all else is made here."""

import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import httpx

from connector.crm.base import CRM
from connector.crm.registry import CRMS
from connector.mapping.load import Loaded, load
from connector.model.capability import AccountCapability
from connector.model.caps import Cap
from connector.model.errors import SettingsError
from connector.model.live_fire import LiveFire
from connector.model.scopes import Scope
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.proxies import proxy_of
from connector.providers.registry import adapter_of
from connector.providers.smpp.connection import connect
from connector.providers.smpp.line import SessionLine
from connector.providers.smpp.long_messages import LongMessages
from connector.providers.smpp.session import Session
from connector.providers.smpp.speaking import SmppProvider
from connector.providers.talk import IDLE_LIMIT, Line, Talker
from connector.providers.tokens import TokenKeeper
from connector.settings import Settings
from connector.store import cursors
from connector.store.db import Database, new_id
from connector.sync.alarms import Alarms
from connector.sync.breakers import Breakers
from connector.sync.hearing import heard_by
from connector.sync.parts import CLAIM_MARGIN, Parts, Timing
from connector.sync.rates import Rates

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


class Lines:
    """Lines to accounts, one a thread and account: httpx's pool collapses when threads share a client.

    The lines of one account share its short-lived token, where it has one, or its session, where it speaks SMPP.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider[AccountOptions]],
        transport: httpx.BaseTransport | None,
        seconds: Callable[[], float] = time.monotonic,
        *,
        session_of: Callable[[SmppProvider], Session] | None = None,
    ) -> None:
        self._session_of = session_of
        self._speaking = {name: each for name, each in providers.items() if isinstance(each, SmppProvider)}
        self._sessions: dict[str, Session] = {}
        self._options = {name: provider.settings for name, provider in providers.items()}
        self._transport = transport
        self._proxies = {name: proxy_of(each.base_url) for name, each in self._options.items()}
        self._tokens = {
            name: TokenKeeper(grant, seconds)
            for name, provider in providers.items()
            if (grant := provider.token_grant()) is not None
        }
        self._mine = threading.local()
        self._all: list[Talker] = []
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context()

    def __call__(self, account: str) -> Talker:
        """The calling thread's own line to an account."""
        lines: dict[str, Talker] | None = getattr(self._mine, "lines", None)
        if lines is None:
            lines = self._mine.lines = {}
        if account not in lines:
            lines[account] = self._open(account)
        return lines[account]

    def _open(self, account: str) -> Talker:
        line = SessionLine(self._session(account)) if account in self._speaking else self._over_http(account)
        with self._lock:
            self._all.append(line)
        return line

    def _session(self, account: str) -> Session:
        if self._session_of is None:
            raise SettingsError(f"[accounts.{account}] speaks SMPP, and nothing here can hold a session.")
        with self._lock:
            if account not in self._sessions:
                self._sessions[account] = self._session_of(self._speaking[account])
            return self._sessions[account]

    def _over_http(self, account: str) -> Line:
        options = self._options[account]
        transport = self._transport or httpx.HTTPTransport(
            verify=self._tls,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_LIMIT),
            proxy=self._proxies[account],
        )
        timeout = httpx.Timeout(options.read_timeout, connect=options.connect_timeout)
        return Line(transport, options.base_url, self._tokens.get(account), timeout=timeout)

    @property
    def requests(self) -> int:
        """Requests made over all lines."""
        with self._lock:
            return sum(line.requests for line in self._all)

    def close(self) -> None:
        """Closes every line, and unbinds every session."""
        with self._lock:
            for line in self._all:
                line.close()
            for session in self._sessions.values():
                session.close()


@dataclass(frozen=True)
class App:
    """Everything the commands and jobs are made of."""

    settings: Settings
    clock: Clock
    providers: Mapping[str, Provider[AccountOptions]]
    lines: Lines
    alarms: Alarms
    crm_transport: Any = None
    run: str = field(default_factory=new_id)

    @cached_property
    def database(self) -> Database:
        """The store. Raises StoreError when its address cannot be used."""
        return Database(self.settings.store.url)

    @cached_property
    def crm(self) -> CRM:
        """The CRM, not yet spoken to. Raises SettingsError when its settings cannot be used."""
        if not self.settings.crm:
            raise SettingsError("the settings have no [crm] section; the README shows one.")
        options = self.settings.crm_options()
        crm: CRM = CRMS[options.kind].connect(options, clock=self.clock, transport=self.crm_transport)
        return crm

    def capabilities(self) -> dict[str, AccountCapability]:
        """Every account of the settings by name, with what its provider can do."""
        return {
            name: AccountCapability(
                name, given["provider"], self.providers[name].account_capability() if name in self.providers else None
            )
            for name, given in self.settings.accounts.items()
        }

    def mappings(self, *, against_org: bool) -> Loaded:
        """The mapping files, checked against the accounts and, if asked, against the org.

        Raises:
            MappingError: all that is wrong with them.
        """
        describe = self.crm.describe if against_org else None
        return load(self.settings.mappings, self.capabilities(), describe=describe)

    def parts(self) -> Parts:
        """What verbs work with. Asks the org for its id, and ties the store to it.

        Raises:
            MappingError, SettingsError, CRMError, WrongOrg, StoreError.
        """
        org = self.crm.org_id()
        with self.database.begin() as connection:
            cursors.pin_org(connection, org, self.clock())
            activated = cursors.activated_at(connection, self.clock())
        pace = self.settings.pace
        mappings = {mapping.name: mapping for mapping in self.mappings(against_org=True).mappings}
        options = {name: provider.settings for name, provider in self.providers.items()}
        return Parts(
            database=self.database,
            crm=self.crm,
            org=org,
            providers=self.providers,
            mappings=mappings,
            clock=self.clock,
            line=self.lines,
            run=self.run,
            timing=Timing(
                claim_lifetime=pace.claim_lifetime,
                linger=timedelta(seconds=pace.linger),
                first_poll=timedelta(seconds=pace.first_poll),
                first_poll_when_pushed=timedelta(seconds=pace.first_poll_when_pushed),
                final_after=timedelta(hours=pace.final_after_hours),
                high_water=pace.high_water,
            ),
            alarms=self.alarms,
            breakers=Breakers(options, self.clock, self.alarms),
            rates=Rates(options, self.clock),
            live=self._live_fire(activated),
            caps=self.caps(mappings),
        )

    def _live_fire(self, activated: datetime) -> LiveFire:
        live = self.settings.live
        production = self.crm.is_production() if live.production == "auto" else live.production
        return LiveFire(production, frozenset(live.allow), None if live.send_backlog else activated)

    def caps(self, mappings: Collection[str]) -> tuple[Cap, ...]:
        """Every cap there is.

        Raises:
            SettingsError: one cannot be counted, or is of an account or a mapping that is not there.
        """
        caps = self.settings.all_caps()
        for cap in caps:
            if cap.scope is Scope.MAPPING and cap.name not in mappings:
                raise SettingsError(
                    f"[caps.mappings.{cap.name}] there is no mapping {cap.name!r}; there are: {', '.join(mappings)}."
                )
        return caps

    def close(self) -> None:
        """Gives connections back."""
        self.lines.close()
        if "database" in self.__dict__:
            self.database.close()


def build(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    transport: httpx.BaseTransport | None = None,
    crm_transport: Any = None,
) -> App:
    """The app of these settings.

    Raises:
        SettingsError: with a sentence for each thing that is wrong.
    """
    options = settings.account_options()
    settings.all_caps()
    for account, chosen in options.items():
        _claims_outlast_sends(settings, account, chosen)
    providers: dict[str, Provider[AccountOptions]] = {
        name: adapter(name, chosen)
        for name, chosen in _sorted(options.items())
        if (adapter := adapter_of(chosen.provider, settings.accounts[name].get("protocol"))) is not None
    }
    lines = Lines(providers, transport, session_of=lambda provider: _session(provider, lambda: app.database, clock))
    app = App(settings, clock, providers, lines, Alarms(clock), crm_transport)
    return app


def _session(provider: SmppProvider, database: Callable[[], Database], clock: Clock) -> Session:
    """An SMPP account's session, not bound yet, which stores what it is told."""
    options, known = provider.settings, LongMessages()
    tls = ssl.create_default_context() if options.tls else None
    return Session(
        provider.account,
        options,
        lambda: connect(options.host, options.port, options.connect_timeout, tls),
        heard_by(provider, known, database, clock),
        known,
    )


def _claims_outlast_sends(settings: Settings, account: str, options: AccountOptions) -> None:
    """A claim that could lapse under way would never be sent under, and its messages would wait for ever."""
    needed = timedelta(seconds=options.longest_answer) + CLAIM_MARGIN
    if settings.pace.claim_lifetime <= needed:
        raise SettingsError(
            f"[pace] claim_minutes = {settings.pace.claim_minutes:g} is too short for [accounts.{account}], whose"
            f" answers may take {options.longest_answer:g} s: set it to more than {needed.total_seconds() / 60:g}."
        )


def _sorted(items: Iterable[tuple[str, AccountOptions]]) -> list[tuple[str, AccountOptions]]:
    return sorted(items, key=lambda item: item[0])
