"""The messages that Bulk360 accepted and the delivery notifications of each (guide v2.0, "Delivery Notification")."""

import string
from datetime import UTC, datetime
from hashlib import blake2b

from pydantic import BaseModel, ConfigDict, Field

from connector.sandbox.providers.bulk360.codes import BUFFERED, FAILURES, NO_ERROR
from connector.sandbox.providers.sent import Sent
from connector.sandbox.providers.webhook import Life
from connector.sandbox.providers.world import World

_ALPHABET = string.digits + string.ascii_letters
_HALF = 10


class Shares(BaseModel):
    """Shares of messages, each from 0 to 1: `silent` ones get no notification ("not all Telco would return DN"),
    `several` get more than one, of which the last counts."""

    model_config = ConfigDict(extra="forbid")

    silent: float = Field(0.02, ge=0, le=1)
    undelivered: float = Field(0.05, ge=0, le=1)
    several: float = Field(0.04, ge=0, le=1)


class Book(Sent):
    """Messages with their reference IDs, which are longer for a request with several recipients."""

    def __init__(self, world: World, balance: float) -> None:
        super().__init__(world)
        self.balance = balance  # MYR
        self.shares = Shares()
        self.references: list[str] = []

    def accept(self, number: str, text: str, *, alone: bool) -> int:
        """Write down a message accepted now; `alone` when it is its request's only one."""
        digits = _letters(f"{self.born}/{len(self.references)}", _HALF if alone else 2 * _HALF)
        month = datetime.fromtimestamp(self.world.now(), UTC).strftime("%y%m")
        reference = f"E{month}{digits}" if alone else f"E{month}{digits[:_HALF]}-{digits[_HALF:]}"
        self.references.append(reference)
        return self.add(number, text)

    def id_of(self, message: int) -> str:
        """The reference ID."""
        return self.references[message]

    def life(self, message: int) -> Life:
        """The notifications in order: none, one, or several of which an earlier one says the opposite of the last."""
        fate, travel, wait, more = self.chances(message)
        if fate < self.shares.silent:
            return []
        undelivered = fate < self.shares.silent + self.shares.undelivered
        last = self._notification(message, undelivered=undelivered)
        due = self.starts[message] + (0.1 + 0.7 * travel) / self.world.speed
        pause = (0.1 + 0.3 * wait) / self.world.speed
        if more >= self.shares.several:
            return [(due, last)]
        other = {**last, "status": "DELIVERED" if undelivered else "UNDELIVERED"}
        other["error-code"] = NO_ERROR if undelivered else BUFFERED
        if more >= self.shares.several / 2:
            return [(due, other), (due + pause, last)]
        return [(due, last), (due + pause, other), (due + 2 * pause, last)]

    def _notification(self, message: int, *, undelivered: bool) -> dict[str, str]:
        """The guide's parameters; the error code is left out where the phone company gives none."""
        _, travel, wait, _ = self.chances(message)
        code = FAILURES[int(wait * 1e6) % len(FAILURES)] if undelivered else NO_ERROR
        optional = {} if int(travel * 1e6) % (10 if undelivered else 2) == 0 else {"error-code": code}
        return {
            "status": "UNDELIVERED" if undelivered else "DELIVERED",
            **optional,
            "msisdn": self.numbers[message],
            "msgid": self.references[message],
        }

    def word(self, fields: dict[str, str]) -> str:
        """DELIVERED or UNDELIVERED."""
        return fields["status"]


def _letters(key: str, width: int) -> str:
    """`width` letters and digits that nothing but `key` gives."""
    number = int.from_bytes(blake2b(key.encode()).digest())
    letters = ""
    for _ in range(width):
        number, letter = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[letter]
    return letters
