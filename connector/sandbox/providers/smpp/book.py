"""The messages that the message centre accepted, and what becomes of each, computed from the seed."""

from collections.abc import Iterator

from connector.sandbox.providers.sent import Sent
from connector.sandbox.providers.smpp.settings import Settings
from connector.sandbox.providers.smpp.times import written
from connector.sandbox.providers.smpp.unfinished import Whole
from connector.sandbox.providers.webhook import Life
from connector.sandbox.providers.world import World

ON_ITS_WAY, DELIVERED, EXPIRED, UNDELIVERABLE = "ENROUTE", "DELIVRD", "EXPIRED", "UNDELIV"
_ERRORS = ("001", "005", "027", "069")
"""Codes of the network: 3.4 leaves them to the message centre (appendix B)."""
_NONE = "000"
_BETWEEN_PARTS = 0.01


class Book(Sent):
    """Messages with the ids of their parts; each part has receipts of its own."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = Settings()
        self.wholes: list[Whole] = []
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._next_id = (int(self.born) - 1_700_000_000) * 10_000

    def next_id(self) -> str:
        """An id that no part had before, in decimal."""
        self._next_id += 1
        return str(self._next_id)

    def accept(self, whole: Whole) -> int:
        """Write down a message whose parts are all there."""
        self.wholes.append(whole)
        return self.add(whole.first.number, whole.text)

    def id_of(self, message: int) -> str:
        """The id of its first part."""
        return self.wholes[message].ids[0]

    def end(self, message: int) -> tuple[float, str]:
        """When the message is at its end, and the word for that."""
        fate, travel, _, _ = self.chances(message)
        shares, first = self.settings.shares, self.wholes[message].first
        due = max(self.starts[message], first.start) + (0.1 + 0.7 * travel) / self.world.speed
        if first.expires is not None and first.expires < due:
            return first.expires, EXPIRED
        if fate < shares.undelivered:
            return due, UNDELIVERABLE
        return due, EXPIRED if fate < shares.undelivered + shares.expired else DELIVERED

    def life(self, message: int) -> Life:
        """The receipts that the message's sender asked for, of all of its parts."""
        due, word = self.end(message)
        whole, (_, _, wait, more) = self.wholes[message], self.chances(message)
        error = _NONE if word == DELIVERED else _ERRORS[int(wait * 1e6) % len(_ERRORS)]
        told = whole.first.receipts
        pieces: Life = []
        if more < self.settings.shares.buffered and "sent" in told:
            half = (self.starts[message] + due) / 2
            pieces += [(half, fields_of(part, ON_ITS_WAY, _NONE, half)) for part in whole.ids]
        if ("sent" if word == DELIVERED else "failed") in told:
            for place, part in enumerate(whole.ids):
                at = due + place * _BETWEEN_PARTS / self.world.speed
                pieces.append((at, fields_of(part, word, error, at)))
        return pieces

    def word(self, fields: dict[str, str]) -> str:
        """``stat`` of appendix B."""
        return fields["stat"]

    def disturb(self, message: int, life: Life) -> None:
        """From now on this is the life of the message, as a fault left it."""
        self._disturbed[message] = life

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message and the word for its end, ``accepted`` before that."""
        now = self.world.now()
        for message, text in enumerate(list(self.texts)):
            due, word = self.end(message)
            last = [at for at, fields in self._disturbed.get(message, ()) if self.word(fields) == word]
            yield text, word if now >= max(last, default=due) else "accepted"


def fields_of(part: str, word: str, error: str, at: float) -> dict[str, str]:
    """What a receipt says of one part."""
    return {"id": part, "stat": word, "err": error, "done date": written(at)}


def given_up(whole: Whole, now: float) -> Life:
    """The receipts of a message whose other parts never came."""
    if "failed" not in whole.first.receipts:
        return []
    return [(now, fields_of(part, EXPIRED, _ERRORS[0], now)) for part in whole.ids]
