"""The messages that 360 SMS App accepted, the delivery callbacks of each and the replies (guide, "Configuration
Details"). The guide shows the words ``delivered`` and ``received`` and an empty error alone; the others are guesses."""

from hashlib import blake2b

from pydantic import BaseModel, ConfigDict, Field

from connector.sandbox.providers.sent import Sent
from connector.sandbox.providers.sms360app.request import e164
from connector.sandbox.providers.webhook import Life
from connector.sandbox.providers.world import World

_OPT_OUTS = ("STOP", "Stop", "UNSUBSCRIBE", "Please stop", "BERHENTI")
_ANSWERS = ("Hi", "Yes, see you then", "Thanks!", "Who is this?", "Can we do Friday?", "OK 👍", "Terima kasih")
_OPT_OUT_SHARE = 0.2
_UNDELIVERED = (
    ("30003", "Unreachable destination handset"),
    ("30005", "Unknown destination handset"),
    ("30006", "Landline or unreachable carrier"),
    ("30008", "Unknown error"),
)
_FAILED = (("30001", "Queue overflow"), ("30007", "Message filtered"))


class Shares(BaseModel):
    """Shares of messages, each from 0 to 1; `replies` of those delivered are answered."""

    model_config = ConfigDict(extra="forbid")

    undelivered: float = Field(0.04, ge=0, le=1)
    failed: float = Field(0.02, ge=0, le=1)
    replies: float = Field(0.03, ge=0, le=1)


class Book(Sent):
    """Messages with the numbers they came from."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.shares = Shares()
        self.senders: list[str] = []

    def accept(self, sender: str, number: str, text: str) -> int:
        """Write down a message accepted now."""
        self.senders.append(sender)
        return self.add(number, text)

    def id_of(self, message: int) -> str:
        """The ``360_message_id``: 18 hexadecimal digits."""
        return self._digits(message, 9)

    def _digits(self, message: int, size: int) -> str:
        return blake2b(f"{self.born}/{message}".encode(), digest_size=size).hexdigest()

    def life(self, message: int) -> Life:
        """``sent``, then how it ended."""
        _, travel, wait, more = self.chances(message)
        sent = self.starts[message] + (0.02 + 0.18 * travel) / self.world.speed
        ended = sent + (0.05 + 0.75 * wait) / self.world.speed
        word = self._end(message)
        errors = {"undelivered": _UNDELIVERED, "failed": _FAILED}.get(word, (("", ""),))
        error = errors[int(more * len(errors))]
        return [(sent, self._callback(message, "sent")), (ended, self._callback(message, word, *error))]

    def _end(self, message: int) -> str:
        fate = self.chances(message)[0]
        if fate < self.shares.failed:
            return "failed"
        return "undelivered" if fate < self.shares.failed + self.shares.undelivered else "delivered"

    def _callback(self, message: int, status: str, code: str = "", words: str = "") -> dict[str, str]:
        return {
            "sms_id": self.id_of(message),
            "delivery_status": status,
            "error_code": code,
            "error_message": words,
        }

    def word(self, fields: dict[str, str]) -> str:
        """The delivery status."""
        return fields["delivery_status"]

    def reply(self, message: int) -> Life:
        """The incoming message that the recipient will write, a fifth of them to opt out; empty when there is none."""
        _, travel, wait, wish = self.chances(message)
        if self._end(message) != "delivered" or wish >= self.shares.replies:
            return []
        words = _OPT_OUTS if wish < self.shares.replies * _OPT_OUT_SHARE else _ANSWERS
        fields = {
            "sms_id": f"SM{self._digits(message, 16)}",
            "delivery_status": "received",
            "body": words[int(travel * 1e6) % len(words)],
            "to": e164(self.senders[message]),
            "from": e164(self.numbers[message]),
        }
        return [(self.life(message)[-1][0] + (0.1 + 0.9 * wait) / self.world.speed, fields)]
