"""The money and the token of the pretend account."""

from typing import Any

from starlette.requests import Request

from connector.sandbox.providers.smsclouds.dates import written
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.world import World

_TOKEN = "Bearer sandbox"
_BALANCE = 468_062.11
_YEAR = 365 * 86_400.0


class Account:
    """A full balance, and the token ``sandbox`` that is good for a year."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.credit = _BALANCE
        self.token_created = world.now()
        self.token_expires = self.token_created + _YEAR

    @property
    def balance(self) -> float:
        """The balance as answers show it."""
        return round(self.credit, 3)

    def shown(self) -> dict[str, Any]:
        """The answer of ``GET api/v1/user``."""
        token = {"name": "sandbox", "creation": written(self.token_created), "expires": written(self.token_expires)}
        return {
            "data": {
                "information": "User Found",
                "user": "sandbox@example.com",
                "name": "Sandbox",
                "surname": "Account",
                "credit": self.balance,
                "API_settings": [token],
            }
        }

    def charge(self, cost: float) -> None:
        """Take `cost` off. Raises Refusal(422) when there is less: the guide has no code for an empty account."""
        if cost > self.credit:
            raise Refusal(422, "Saldo insuficiente.")
        self.credit -= cost

    def knows(self, request: Request) -> bool:
        """Whether the request carries the token, and that before its date."""
        return request.headers.get("authorization") == _TOKEN and self.world.now() < self.token_expires
