"""`connector lookup`: what is known of a number or an e-mail address."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from connector.app import App
from connector.cli.accounts_meant import accounts_meant
from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import complain, remark, show_json, show_table
from connector.cli.typed_lookups import counted
from connector.model.address import read_address
from connector.model.errors import SettingsError
from connector.model.lookups import LookedUp, LookupKind, kind_of
from connector.model.phone import read_phone

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two questions about a lookup that is under way: each pause is twice the one before."""


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(lookup)


def lookup(
    target: Annotated[
        str, typer.Argument(metavar="NUMBER|EMAIL", help="A number with its plus and country, or an e-mail address.")
    ],
    account: Annotated[str | None, typer.Option(help="Ask by this account.")] = None,
    provider: Annotated[str | None, typer.Option(help="Ask by the account at this provider.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait where the provider takes its time.")] = 60.0,
    config: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask a provider what is known of a number or an e-mail address; it may cost money.

    A number: the network's own register (HLR) at Smsclouds, for Mexico; verify the phone (VTP) at 360 SMS App. An
    address: whether it exists, at 360NRS, which takes its time. The account is chosen by what it can be asked; when
    several can, name one. It counts under the caps of lookups and money, and is refused where one is reached. Exits
    with 1 when messages cannot reach it, or the answer has not come in time.
    """
    kind = kind_of(target)
    country = ""
    if kind is LookupKind.PHONE:
        phone = read_phone(target, None)
        target, country = phone.e164, phone.country
    else:
        target = read_address(target)
    with opened(config) as app:
        chosen = _chosen(app, kind, country, account, provider)
        told = _asked(app, chosen, target, wait)
    if as_json:
        show_json(
            {"target": target, "account": chosen, **_fields(told), "under_way": told.under_way, "answer": told.raw}
        )
    elif told.under_way is None:
        rows = [(name, value) for name, value in _fields(told).items() if value is not None]
        show_table(f"{target}, by {chosen}", ("field", "value"), rows or [("answer", told.raw)])
    if told.under_way is not None:
        complain(f"{chosen} has not answered within {wait:g} s; its lookup {told.under_way} goes on.")
        remark("Typed again later, the command asks anew; `connector call --list` shows what reads the answer.")
    raise typer.Exit(1 if told.valid is False or told.under_way is not None else 0)


def _fields(told: LookedUp) -> dict[str, object]:
    return {name.removeprefix("lookup."): value for name, value in told.named.items()}


def _asked(app: App, account: str, target: str, seconds: float) -> LookedUp:
    """Asks, and asks again while it is under way, until the wait is over."""
    provider, line = app.providers[account], app.lines(account)
    until, pause = time.monotonic() + seconds, FIRST_PAUSE
    with Console(stderr=True).status(f"{account} is asked") as status:
        with counted(app, account, 1):
            told = line.hear(provider.look_up(target))
        while told.under_way is not None and (left := until - time.monotonic()) > 0:
            if sys.stderr.isatty():
                status.update(f"{account} works on it, {left:.0f} s of the wait are left")
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
            told = line.hear(provider.looked_up(target, told.under_way))
    return told


def _chosen(app: App, kind: LookupKind, country: str, account: str | None, provider: str | None) -> str:
    """The account to ask.

    Raises:
        SettingsError: none can look this up, several can and none is named, or what is named is not there.
    """
    meant = accounts_meant(app, (provider,) if provider else (), (account,) if account else ())
    can = [name for name in meant if app.providers[name].account_capability().finds(kind, country)]
    what = "an e-mail address" if kind is LookupKind.EMAIL else f"a number of {country or 'no country'}"
    if not can:
        raise SettingsError(
            f"no account that is meant can look up {what}: Smsclouds knows numbers of Mexico, 360 SMS App numbers, and "
            "360NRS addresses."
        )
    if len(can) > 1:
        raise SettingsError(f"several accounts can look up {what}; name one by --account: {', '.join(can)}.")
    return can[0]
