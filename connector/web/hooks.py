"""The receiver of an app: every account that has a hook secret, stored where the daemon finds its news."""

import structlog

from connector.app import App
from connector.model.errors import MappingError
from connector.web.keeping import kept_in
from connector.web.rates import Rate
from connector.web.receiver import receiver
from connector.web.senders import HookedAccount, read_networks
from connector.web.server import HookServer

_log = structlog.get_logger()


def hook_server(app: App) -> HookServer:
    """The receiver at the address the settings name, not started yet.

    Raises:
        SettingsError: an address list that cannot be read.
    """
    web = app.settings.web
    answers = _keyword_answers(app)
    accounts = {
        name: HookedAccount(
            provider=provider.answering(answers.get(name, {})),
            secrets=tuple(filter(None, (provider.settings.hook_secret, provider.settings.hook_secret_before))),
            networks=read_networks(provider.settings.hook_addresses),
        )
        for name, provider in app.providers.items()
        if provider.settings.hook_secret is not None
    }

    hooks = receiver(
        accounts,
        kept_in(app.database),
        clock=app.clock,
        body_limit=web.body_limit,
        trusted_proxies=read_networks(web.trusted_proxies),
        turned_away=Rate(web.turned_away_a_minute / 60, web.turned_away_a_minute),
        taken=Rate(web.webhooks_a_second, web.webhooks_at_once),
    )
    return HookServer(hooks, web.host, web.port)


def _keyword_answers(app: App) -> dict[str, dict[str, str]]:
    """Account to what the mappings that it sends for say to who sends a keyword.

    A mapping that cannot be read keeps no news from being heard; what is wrong with it, the daemon and the check say.
    """
    answers: dict[str, dict[str, str]] = {}
    try:
        mappings = app.mappings(against_org=False).mappings
    except MappingError as error:
        _log.error("keywords unanswered", reason=f"mapping files cannot be used: {error.problems[0]}")
        return answers
    for mapping in mappings:
        for account in mapping.accounts():
            answers.setdefault(account, {}).update(mapping.keyword_replies)
    return answers
