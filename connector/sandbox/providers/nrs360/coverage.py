"""Where SMS go and at what price (guide, "Coverage")."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered

_DEFAULT = "Default"
# Country, its name, its mobile country code, the price of any network, and networks with code and price (EUR).
# Andorra and the Emirates are the guide's own samples.
_COUNTRIES: tuple[tuple[str, str, str, float, tuple[tuple[str, str, float], ...]], ...] = (
    ("AD", "Andorra", "213", 0.065, (("Servei De Tele. DAndorra", "003", 0.065),)),
    ("AE", "United Arab Emirates", "424", 0.0868, (("DU", "003", 0.0868), ("Etisalat", "002", 0.0868))),
    ("ES", "Spain", "214", 0.04, (("Movistar", "007", 0.04), ("Orange", "003", 0.041), ("Vodafone", "001", 0.042))),
    ("GB", "United Kingdom", "234", 0.04, (("EE", "030", 0.04), ("O2", "010", 0.041))),
    ("MX", "Mexico", "334", 0.03, (("AT&T", "050", 0.031), ("Telcel", "020", 0.03))),
    ("MY", "Malaysia", "502", 0.035, (("Celcom", "019", 0.035), ("Maxis", "012", 0.036))),
    ("US", "United States", "310", 0.01, (("T-Mobile", "260", 0.01),)),
)
_CURRENCY = {"currencyCode": "EUR", "currencySymbol": "€"}


def _networks() -> list[dict[str, Any]]:
    return [
        {
            "countryIso": iso,
            "countryName": name,
            "networkName": network,
            "mcc": mcc,
            "mnc": mnc,
            "cost": cost,
            **_CURRENCY,
        }
        for iso, name, mcc, usual, networks in _COUNTRIES
        for network, mnc, cost in ((_DEFAULT, None, usual), *networks)
    ]


def _countries() -> list[dict[str, Any]]:
    countries = []
    for iso, rows in groupby(_networks(), itemgetter("countryIso")):
        known = list(rows)
        costs = [row["cost"] for row in known]
        countries.append(
            {
                "countryIso": iso,
                "countryName": known[0]["countryName"],
                "networks": [row["networkName"] for row in known if row["networkName"] != _DEFAULT],
                "minCost": min(costs),
                "maxCost": max(costs),
                **_CURRENCY,
            }
        )
    return countries


class Coverage:
    """The same for every account."""

    def operations(self) -> list[Operation]:
        """The two operations of the section."""
        return [("GET", "/sms/coverage", self.by_network), ("GET", "/sms/coverageByCountry", self.by_country)]

    def by_network(self, asked: Asked) -> Answer:
        """``GET /sms/coverage``."""
        return answered({"data": _networks()})

    def by_country(self, asked: Asked) -> Answer:
        """``GET /sms/coverageByCountry``."""
        return answered({"data": _countries()})
