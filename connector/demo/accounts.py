"""The demonstration's accounts: what each is set to, where its news goes, and whom it sends to.

One a provider, and one that is a session with Smsclouds' message centre.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.demo.world import World

REGISTERED_NUMBER = "+12025550123"
"""Of the block that North America keeps for fiction; 360 SMS App sends from registered numbers only."""

SENDER_ID = "Acme"
"""Of the pretend SMPP account: the sender that about half of the sandbox's records name."""


@dataclass(frozen=True, slots=True)
class PretendAccount:
    """One account. `path` is where the sandbox serves its provider, None for the message centre; `country` is whose
    messages the route gives it.

    `hooks` are the addresses that the pretend provider is told: its setting for one, and our webhook's name. `told` is
    what else it is told.
    """

    name: str
    provider: str
    path: str | None
    country: str
    options: Mapping[str, Any]
    hooks: Mapping[str, str]
    told: Mapping[str, Any] = field(default_factory=dict)


ACCOUNTS: Mapping[str, PretendAccount] = {
    "nrs360": PretendAccount(
        "nrs-main",
        "nrs360",
        "nrs360/api/rest",
        "ES",
        {
            "username": "sandbox",
            "api_password": "sandbox",
            "sender": "DEMO",
            "delivery_notifications": False,  # its event notifications say the same, and more
        },
        {"events_url": "events"},
    ),
    "smsclouds": PretendAccount(
        "smsclouds-mx",
        "smsclouds",
        "smsclouds",
        "MX",
        {"token": "sandbox", "country": 1},
        {"responses_url": "responses"},
    ),
    "bulk360": PretendAccount(
        "bulk360-my",
        "bulk360",
        "bulk360",
        "MY",
        {"app_key": "sandbox", "app_secret": "sandbox"},
        {"dn_url": "delivery"},
        # not every telco tells what became of a message, and nobody would wait three days for these to be given up
        {"shares": {"silent": 0.0}},
    ),
    "sms360app": PretendAccount(
        "sms360app-us",
        "sms360app",
        "sms360app",
        "US",
        {"client_ids": ["sandbox"], "sender": REGISTERED_NUMBER},
        {"delivery_url": "delivery", "incoming_url": "incoming"},
    ),
    "optimum": PretendAccount(
        "optimum-gb",
        "optimum",
        "optimum",
        "GB",
        {"authentication": "basic", "username": "sandbox", "password": "sandbox", "sender": "DEMO"},
        {"sms_url": "statuses", "cdr_url": "calls"},
    ),
    "smpp": PretendAccount(
        "smsclouds-smpp",
        "smsclouds",
        None,
        "MX",
        {"protocol": "smpp", "system_id": "sandbox", "password": "sandbox", "tls": False},
        {"responses_url": "smpp_responses"},
    ),
}
"""All of them by the name that the sandbox has for the other side."""

_OF_THE_EXAMPLE = frozenset({"MX", "MY"})
"""Countries that the example mapping has routes for; its last route takes Spain's and all others'."""

_MEXICO = "  - {when: \"to.country == 'MX'\", account:"
_MEXICO_OVER_SMPP = f"""\
  - {{when: "to.country == 'MX' && Sender__c == '{SENDER_ID}'", account: [smsclouds-smpp, smsclouds-mx]}}
"""
"""An SMPP account has its Sender_ID; routes of the HTTP accounts have numbers of their own."""


def options_of(world: World, **shared: Any) -> dict[str, dict[str, Any]]:
    """The `[accounts]` of settings that lead to the sandbox; `shared` stands in each of them."""
    return {
        account.name: {"provider": account.provider, **_address(world, account), **account.options, **shared}
        for account in ACCOUNTS.values()
    }


def _address(world: World, account: PretendAccount) -> dict[str, Any]:
    if account.path is None:
        return {"host": "127.0.0.1", "port": world.smsc_port}
    return {"base_url": f"{world.providers_url}/{account.path}"}


def news_to(address: Callable[[str, str], str]) -> dict[str, dict[str, Any]]:
    """What the pretend providers are told; `address` gives the URL of an account's webhook by its name."""
    return {
        provider: {
            **{setting: address(account.name, hook) for setting, hook in account.hooks.items()},
            **account.told,
        }
        for provider, account in ACCOUNTS.items()
    }


def routed(example: str, providers: Collection[str]) -> str:
    """The example mapping's text with a route for each of `providers` that it has none for.

    Raises ValueError when the example is not as this expects.
    """
    added = "".join(
        f"  - {{when: \"to.country == '{account.country}'\", account: {account.name}}}\n"
        for provider, account in ACCOUNTS.items()
        if provider in providers and account.country not in _OF_THE_EXAMPLE and provider != "nrs360"
    )
    last, sender = "  - {account: nrs-main}\n", 'sender: "{Sender__c}"'
    if last not in example or sender not in example or _MEXICO not in example:
        wanted = (last.strip(), sender, _MEXICO.strip())
        raise ValueError(f"the example mapping lacks one of {wanted!r}, by which routes are added to it")
    text = example.replace(last, added + last)
    if "smpp" in providers:
        text = text.replace(_MEXICO, _MEXICO_OVER_SMPP + _MEXICO)
    if "sms360app" not in providers:
        return text
    # a name is no registered number
    country = ACCOUNTS["sms360app"].country
    return text.replace(sender, f"sender: \"{{to.country == '{country}' ? null : Sender__c}}\"")


def queue(world: World, messages: int, providers: Collection[str]) -> int:
    """Queues messages in the org, as many for each country of `providers`; gives how many there are.

    Where they are not of all countries, the population is the sandbox's own, of every country but Malaysia.
    """
    if {ACCOUNTS[each].country for each in providers} != {account.country for account in ACCOUNTS.values()}:
        return world.queue(messages)
    return sum(
        world.queue(number, first=first, countries=[country]) for country, first, number in _shares(messages) if number
    )


def _shares(messages: int) -> Iterator[tuple[str, int, int]]:
    """Each country with its first serial and how many messages it has."""
    countries = list(dict.fromkeys(account.country for account in ACCOUNTS.values()))
    for place, country in enumerate(countries):
        before, behind = (messages * (place + step) // len(countries) for step in (0, 1))
        yield country, before + 1, behind - before
