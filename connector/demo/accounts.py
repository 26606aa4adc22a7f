"""The demonstration's accounts: one a provider, what each is set to, where its news goes, and whom it sends to."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.demo.world import World

REGISTERED_NUMBER = "+12025550123"
"""Of the block that North America keeps for fiction; 360 SMS App sends from registered numbers only."""


@dataclass(frozen=True, slots=True)
class PretendAccount:
    """One account. `path` is where the sandbox serves its provider; `country` is whose messages the route gives it.

    `hooks` are the addresses that the pretend provider is told: its setting for one, and our webhook's name. `told` is
    what else it is told.
    """

    name: str
    path: str
    country: str
    options: Mapping[str, Any]
    hooks: Mapping[str, str]
    told: Mapping[str, Any] = field(default_factory=dict)


ACCOUNTS: Mapping[str, PretendAccount] = {
    "nrs360": PretendAccount(
        "nrs-main",
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
        "smsclouds-mx", "smsclouds", "MX", {"token": "sandbox", "country": 1}, {"responses_url": "responses"}
    ),
    "bulk360": PretendAccount(
        "bulk360-my",
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
        "US",
        {"client_ids": ["sandbox"], "sender": REGISTERED_NUMBER},
        {"delivery_url": "delivery", "incoming_url": "incoming"},
    ),
    "optimum": PretendAccount(
        "optimum-gb",
        "optimum",
        "GB",
        {"authentication": "basic", "username": "sandbox", "password": "sandbox", "sender": "DEMO"},
        {"sms_url": "statuses", "cdr_url": "calls"},
    ),
}
"""All of them by their provider, as settings name it."""

_OF_THE_EXAMPLE = frozenset({"MX", "MY"})
"""Countries that the example mapping has routes for; its last route takes Spain's and all others'."""


def options_of(providers_url: str, **shared: Any) -> dict[str, dict[str, Any]]:
    """The `[accounts]` of settings that lead to the sandbox; `shared` stands in each of them."""
    return {
        account.name: {
            "provider": provider,
            "base_url": f"{providers_url}/{account.path}",
            **account.options,
            **shared,
        }
        for provider, account in ACCOUNTS.items()
    }


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
    if last not in example or sender not in example:
        raise ValueError(f"the example mapping lacks {last.strip()!r} or {sender!r}, by which routes are added to it")
    text = example.replace(last, added + last)
    if "sms360app" not in providers:
        return text
    # a name is no registered number
    country = ACCOUNTS["sms360app"].country
    return text.replace(sender, f"sender: \"{{to.country == '{country}' ? null : Sender__c}}\"")


def queue(world: World, messages: int, providers: Collection[str]) -> int:
    """Queues messages in the org, as many for each of `providers`; gives how many there are.

    Without all providers the population is the sandbox's own, of every country but Malaysia.
    """
    if set(providers) != set(ACCOUNTS):
        return world.queue(messages)
    return sum(
        world.queue(number, first=first, countries=[country]) for country, first, number in _shares(messages) if number
    )


def _shares(messages: int) -> Iterator[tuple[str, int, int]]:
    """Each country with its first serial and how many messages it has."""
    countries = [account.country for account in ACCOUNTS.values()]
    for place, country in enumerate(countries):
        before, behind = (messages * (place + step) // len(countries) for step in (0, 1))
        yield country, before + 1, behind - before
