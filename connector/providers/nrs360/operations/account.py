"""The account, and where it can send (guide: "Account", "Coverage")."""

from typing import Annotated

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import Nothing, Resource, Shown
from connector.providers.operation import Room, named


class ShownAccount(Resource):
    """The account. The guide says what is told and shows no example: other names are kept beside these."""

    username: str | None = None
    email: str | None = None
    language: str | None = None
    balance: float | str | None = None
    country: str | None = None
    currency: str | None = None


class Account(Room):
    """The account."""

    room = "account"

    show = NRS360Operation("GET", "account", section="Account", asks=Nothing, tells=ShownAccount)


class Network(Shown):
    """What an SMS costs in one network."""

    country_iso: Annotated[str, named("countryIso")]
    country_name: Annotated[str | None, named("countryName")] = None
    network_name: Annotated[str | None, named("networkName")] = None
    mcc: str | None = None
    mnc: str | None = None
    cost: float | None = None
    currency_code: Annotated[str | None, named("currencyCode")] = None
    currency_symbol: Annotated[str | None, named("currencySymbol")] = None


class Networks(Shown):
    """Every network that can be reached."""

    data: list[Network]


class Country(Shown):
    """What an SMS costs in a country, from its cheapest to its dearest network."""

    country_iso: Annotated[str, named("countryIso")]
    country_name: Annotated[str | None, named("countryName")] = None
    networks: tuple[str, ...] = ()
    min_cost: Annotated[float | None, named("minCost")] = None
    max_cost: Annotated[float | None, named("maxCost")] = None
    currency_code: Annotated[str | None, named("currencyCode")] = None
    currency_symbol: Annotated[str | None, named("currencySymbol")] = None


class Countries(Shown):
    """Every country that can be reached."""

    data: list[Country]


class Coverage(Room):
    """Where SMS can be sent."""

    room = "coverage"

    by_network = NRS360Operation("GET", "sms/coverage", section="SMS coverage by network", asks=Nothing, tells=Networks)
    by_country = NRS360Operation(
        "GET", "sms/coverageByCountry", section="SMS coverage by country", asks=Nothing, tells=Countries
    )
