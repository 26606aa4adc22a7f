"""The sendings and messages that 360NRS has accepted, in columns: a message costs its number, its text and 60 bytes."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.sandbox.providers.world import World

PRICE = 0.04  # EUR a part
FINAL = frozenset({"delivered", "undelivered", "expired", "rejected"})
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Event = tuple[str, float]


@dataclass
class Sending:
    """One sending of one campaign. An API campaign has one, which takes all later messages of the same name."""

    id: int
    campaign_id: int
    campaign: str
    created: float
    tags: list[str]
    schedule: float | None = None
    expires: float | None = None
    updated: float = 0.0
    parts: int = 0
    total: int = 0
    spans: list[range] = field(default_factory=list)

    def messages(self) -> Iterator[int]:
        """The numbers of its messages in the book, oldest first."""
        for span in self.spans:
            yield from span


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


class Book:
    """What was accepted, and what becomes of it: computed from the seed when asked for, never stored."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shares = {"delivered": 0.92, "undelivered": 0.04, "expired": 0.02, "rejected": 0.02}
        self.numbers: list[str] = []
        self.texts: list[str] = []
        self.senders: list[str] = []
        self.of_sending: list[Sending] = []
        self.starts = array("d")
        self.notifications: dict[int, str] = {}
        self.deadlines: dict[int, float] = {}
        self.shifts: dict[int, float] = {}
        self.sendings: dict[int, Sending] = {}
        self._by_campaign: dict[str, Sending] = {}
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._prefix = _base36(int(world.now()), 6)

    def open_sending(self, campaign: str | None, tags: list[str], now: float) -> Sending:
        """The sending that takes messages of this campaign name; a new one when there is none yet, or no name."""
        if campaign and campaign in self._by_campaign:
            return self._by_campaign[campaign]
        sending_id = 100001 + 2 * len(self.sendings)
        sending = Sending(sending_id, sending_id - 1, campaign or "", now, tags)
        self.sendings[sending_id] = sending
        if campaign:
            self._by_campaign[campaign] = sending
        return sending

    def add(self, sending: Sending, sender: str, numbers: list[str], texts: list[str], start: float) -> range:
        """Write down accepted messages that go out at `start`; returns their numbers in the book."""
        span = range(len(self.numbers), len(self.numbers) + len(numbers))
        self.starts.extend([start] * len(numbers))
        self.senders.extend([sender] * len(numbers))
        self.of_sending.extend([sending] * len(numbers))
        self.texts.extend(texts)
        self.numbers.extend(numbers)
        sending.spans.append(span)
        sending.total += len(numbers)
        sending.updated = self.world.now()
        return span

    def id_of(self, message: int) -> str:
        """The identifier that the caller is given: 13 letters and digits."""
        return self._prefix + _base36(message, 7)

    def find(self, message_id: str) -> int | None:
        """The message's number in the book, or None for an identifier never given."""
        if len(message_id) != 13 or not message_id.startswith(self._prefix):
            return None
        try:
            message = int(message_id[6:], 36)
        except ValueError:
            return None
        return message if message < len(self.numbers) and self.id_of(message) == message_id else None

    def events(self, message: int) -> list[Event]:
        """Every event of a message's life with its time (seconds since 1970), those still to come included."""
        fate, travel, wait, _ = self.world.chances(self.numbers[message] + self.texts[message])
        sent = self.starts[message] + self.shifts.get(message, 0.0) + (0.02 + 0.18 * travel) / self.world.speed
        ended = sent + (0.05 + 0.75 * wait) / self.world.speed
        outcome = self._outcome(fate)
        life = [("rejected", sent)] if outcome == "rejected" else [("sent", sent), (outcome, ended)]
        deadline = self.deadlines.get(message)
        if deadline is not None and life[-1][1] > deadline:
            return [*(event for event in life[:-1] if event[1] <= deadline), ("expired", deadline)]
        return life

    def _outcome(self, fate: float) -> str:
        for outcome, share in self.shares.items():
            if fate < share:
                return outcome
            fate -= share
        return "delivered"

    def happened(self, message: int, now: float) -> list[Event]:
        """The events up to `now`, oldest first."""
        return [event for event in self.events(message) if event[1] <= now]

    def totals(self, sending: Sending, now: float) -> Counter[str]:
        """How many events of each kind a sending has had."""
        return Counter(name for message in sending.messages() for name, _ in self.happened(message, now))
