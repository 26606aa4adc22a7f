"""The account: its user, its countries, its routes (guide: "User Credentials", "API ID route and ID Country")."""

from types import NoneType
from typing import Annotated, ClassVar

from connector.providers.operation import Asked, Room, Told, named
from connector.providers.readable import Maybe
from connector.providers.smsclouds.operations.fields import Id, Rows
from connector.providers.smsclouds.operations.operation import SmscloudsOperation


class Nothing(Asked):
    """An operation that is asked nothing but who is asking."""


class Token(Told):
    """A personal access token; `creation` and `expires` are in the account's zone, which they do not name."""

    name: Maybe[str] = None
    creation: Maybe[str] = None
    expires: Maybe[str] = None


class Person(Told):
    """Whose account it is, and its `credit` in the account's currency."""

    information: Maybe[str] = None
    user: Maybe[str] = None
    name: Maybe[str] = None
    surname: Maybe[str] = None
    credit: Maybe[float] = None
    tokens: Annotated[Maybe[Rows[Token]], named("API_settings")] = None


class UserFound(Told):
    """The answer to who an account's user is."""

    data: Person


class Country(Told):
    """A country that the account may send to, by its ID country."""

    country: Id
    name: Maybe[str] = None


class Route(Told):
    """A route that the account may send by, by its ID route; `price` is for one SMS, in the account's currency."""

    route: Id
    name: Maybe[str] = None
    country: Maybe[str] = None
    price: Maybe[float] = None
    description: Maybe[str] = None


class User(Room):
    """The account's user."""

    room: ClassVar[str] = "user"

    show = SmscloudsOperation("GET", "api/v1/user", section="User Credentials", asks=Nothing, tells=UserFound)
    head = SmscloudsOperation("HEAD", "api/v1/user", section="User Credentials", asks=Nothing, tells=NoneType)
    countries = SmscloudsOperation(
        "GET", "api/v3/user/countries", section="API ID route and ID Country", asks=Nothing, tells=list[Country]
    )
    routes = SmscloudsOperation(
        "GET", "api/v3/user/routes", section="API ID route and ID Country", asks=Nothing, tells=list[Route]
    )
