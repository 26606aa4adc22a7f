"""The countries and routes of the pretend account (guide, 'API "ID route" and "ID Country"')."""

from dataclasses import dataclass

COUNTRIES = {1: "Mexico", 2: "USA"}


@dataclass(frozen=True)
class SmsRoute:
    """A route; `price` is what one part costs."""

    id: int
    name: str
    country: int
    price: float
    description: str


ROUTES = {
    route.id: route
    for route in (
        SmsRoute(77, "Mixta 1 Masiva", 1, 0.012, "74342, Long Code"),
        SmsRoute(79, "Mixta 2 Masiva", 1, 0.012, "98766, Long Code"),
        SmsRoute(85, "Plus_SC1", 1, 0.012, "74342"),
        SmsRoute(87, "Premium 2 Masiva", 1, 0.012, "74342"),
        SmsRoute(201, "Premium USA", 2, 0.02, "Toll Free"),
    )
}


def route_rows() -> list[dict[str, object]]:
    """The answer of ``GET api/v3/user/routes``."""
    return [
        {
            "route": route.id,
            "name": route.name,
            "country": COUNTRIES[route.country],
            "price": route.price,
            "description": route.description,
        }
        for route in ROUTES.values()
    ]


def country_rows() -> list[dict[str, object]]:
    """The answer of ``GET api/v3/user/countries``."""
    return [{"country": number, "name": name} for number, name in COUNTRIES.items()]
