"""The accounts: reach, credentials, balance, token's end; and the receiver of what they push."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from connector.app import App
from connector.cli.doctor.checks import Check, failed, ok, warning
from connector.model.errors import ConnectorError, ExchangeError, NeverLeft
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.proxies import proxy_of, shown

_SECONDS = 5.0


def check_accounts(app: App) -> Iterator[Check]:
    """Asks every account's provider what its adapter knows to ask."""
    if not app.settings.accounts:
        yield failed("accounts", "settings", "there is none, so nothing can be sent", "add an [accounts.…] section")
    for name, given in app.settings.accounts.items():
        area = f"account {name}"
        if name not in app.providers:
            text = f"there is no adapter for {given['provider']} yet; messages routed to it are held"
            yield warning(area, "adapter", text, "route its messages to another account meanwhile")
            continue
        yield from _asked(app, name, app.providers[name])
        yield from _above_floor(app, name, app.providers[name])
        yield _pushed(name, app.providers[name], receives=app.settings.web.enabled)


def _asked(app: App, name: str, provider: Provider[AccountOptions]) -> Iterator[Check]:
    area = f"account {name}"
    if proxy := proxy_of(provider.settings.base_url):
        yield ok(area, "proxy", f"its requests go through {shown(proxy)}, which the environment names")
    try:
        findings = app.lines(name).hear(provider.check())
    except NeverLeft as error:
        yield failed(area, "reach", str(error), "check the account's base_url, and that this machine may reach it")
    except ExchangeError as error:
        yield failed(area, "reach", str(error), "see whether the provider has trouble, and try again")
    except ConnectorError as error:
        yield failed(area, "settings", str(error), "correct the account's section in the settings")
    else:
        for finding in findings:
            found = ok(area, finding.subject, finding.text)
            yield found if finding.ok else failed(area, finding.subject, finding.text, finding.advice)


def _above_floor(app: App, name: str, provider: Provider[AccountOptions]) -> Iterator[Check]:
    area, floor = f"account {name}", provider.settings.balance_floor
    if floor is None:
        return
    try:
        balance = app.lines(name).hear(provider.balance())
    except ExchangeError as error:
        yield failed(area, "balance_floor", f"the balance cannot be asked for: {error}", "see the account's reach")
        return
    if balance is None:
        text = "the provider does not tell the balance, so the floor guards nothing"
        yield warning(area, "balance_floor", text, "take it out of the account's section")
    elif balance < floor:
        text = f"{balance:g} is left, less than {floor:g}: nothing is sent through the account"
        yield failed(area, "balance_floor", text, "top the account up")
    else:
        yield ok(area, "balance_floor", f"{balance:g} is left, and it is {floor:g}")


def _pushed(name: str, provider: Provider[AccountOptions], *, receives: bool) -> Check:
    area, can, options = f"account {name}", provider.capability, provider.settings
    if not can.pushes:
        return ok(area, "webhooks", "the provider pushes nothing; it is asked")
    what = " and ".join(can.pushes)
    if options.hook_secret is None:
        if can.polls_statuses:
            text = f"the provider can push {what}, and hook_secret is not set: it is asked, which is slower"
        else:
            text = f"the provider pushes {what}, and hook_secret is not set: nothing it says arrives"
        advice = "set hook_secret and public_url, and give the provider the address"
        return (warning if can.polls_statuses else failed)(area, "webhooks", text, advice)
    if not receives:
        text = "hook_secret is set, and [web] enabled is false here"
        return warning(area, "webhooks", text, "set it to true, unless the receiver runs elsewhere")
    if not options.public_url:
        text = f"hook_secret is set, and public_url is not: the provider is not told where to push {what}"
        return warning(area, "webhooks", text, "set public_url to where the provider reaches the receiver")
    return ok(area, "webhooks", f"the secret is set for {what}")


def check_receiver(app: App, *, working: bool) -> Iterator[Check]:
    """Looks whether something listens for webhooks; `working`: a daemon works on the store, so something should."""
    web = app.settings.web
    hooked = [provider.settings for provider in app.providers.values() if provider.settings.hook_secret is not None]
    if not web.enabled or not hooked:
        return
    host = "127.0.0.1" if web.host in ("0.0.0.0", "") else web.host  # noqa: S104  # where we ask, not where we listen
    yield _listens("here", host, web.port, working=working)
    for address in sorted({options.public_url for options in hooked if options.public_url}):
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        yield _listens(address, parts.hostname or "", port, working=working)


def _listens(subject: str, host: str, port: int, *, working: bool) -> Check:
    try:
        socket.create_connection((host, port), _SECONDS).close()
    except OSError as error:
        text = f"nothing listens at {host} port {port} ({error.strerror or error})"
        if working:
            return failed("receiver", subject, text, "see the daemon's log, and what stands before it")
        return warning("receiver", subject, f"{text}; no daemon runs", "start `connector run`, then look again")
    return ok("receiver", subject, f"{host} port {port} takes connections")
