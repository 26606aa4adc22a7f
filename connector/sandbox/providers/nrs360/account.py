"""``GET /account`` (guide, "Account") and the balance that sendings are paid from."""

from datetime import UTC, datetime

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import written

_CREATED = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


class Cash:
    """The account's balance in EUR."""

    def __init__(self, balance: float) -> None:
        self.balance = balance

    def charge(self, cost: float) -> None:
        """Take `cost`. Raises Refusal(111) and takes nothing when there is not enough."""
        if cost > self.balance:
            raise Refusal(111)
        self.balance -= cost

    def operations(self) -> list[Operation]:
        """The one operation of the section."""
        return [("GET", "/account", self.shown)]

    def shown(self, asked: Asked) -> Answer:
        """``GET /account``. The guide names what is returned and shows no sample; the keys are a guess."""
        return answered(
            {
                "data": {
                    "username": "sandbox",
                    "email": "sandbox@example.com",
                    "timezone": "Europe/Madrid",
                    "language": "es",
                    "balance": round(self.balance, 4),
                    "createdAt": written(_CREATED),
                    "country": "ES",
                    "currency": "EUR",
                }
            }
        )
