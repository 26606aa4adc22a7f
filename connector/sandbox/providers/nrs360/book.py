"""The sendings and messages that 360NRS has accepted, in columns: a message costs its number, its text and 60 bytes."""

import uuid
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.sandbox.providers.nrs360.channels import SMS, WHATSAPP, Channel
from connector.sandbox.providers.nrs360.lives import DELIVERY, HABITS, OUTCOMES, Chances, Event, habits, word
from connector.sandbox.providers.nrs360.times import Window
from connector.sandbox.providers.world import World

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Sending:
    """One sending of one campaign. An API campaign has one, which takes all later messages of the same name."""

    id: int
    campaign_id: int
    campaign: str
    created: float
    tags: list[str]
    channel: Channel = SMS
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


@dataclass(frozen=True)
class Schedule:
    """When the messages of one request are to go out: seconds since 1970, and the hours in which they may."""

    at: float
    available: tuple[Window, ...]
    encoding: str
    created: float
    updated: float


@dataclass
class Extras:
    """What only some messages have, by the message's number in the book."""

    notifications: dict[int, str] = field(default_factory=dict)
    deadlines: dict[int, float] = field(default_factory=dict)
    shifts: dict[int, float] = field(default_factory=dict)
    schedules: dict[int, Schedule] = field(default_factory=dict)
    forms: dict[int, int] = field(default_factory=dict)
    untracked: dict[int, frozenset[str]] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    certified: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)


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
        self.shares = dict(OUTCOMES)
        self.habits = dict(HABITS)
        self.numbers: list[str] = []
        self.texts: list[str] = []
        self.senders: list[str] = []
        self.of_sending: list[Sending] = []
        self.starts = array("d")
        self.extras = Extras()
        self.sendings: dict[int, Sending] = {}
        self._by_campaign: dict[tuple[str, str], Sending] = {}
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._prefix = _base36(int(world.now()), 6)

    def open_sending(self, campaign: str | None, tags: list[str], now: float, channel: Channel = SMS) -> Sending:
        """The sending that takes a channel's messages of this campaign name; a new one when there is none yet, or no
        name."""
        known = self._by_campaign.get((channel.name, campaign)) if campaign else None
        if known is not None:
            return known
        sending_id = 100001 + 2 * len(self.sendings)
        sending = Sending(sending_id, sending_id - 1, campaign or "", now, tags, channel)
        self.sendings[sending_id] = sending
        if campaign:
            self._by_campaign[channel.name, campaign] = sending
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
        """The identifier that the caller is given: 13 letters and digits, a UUID for WhatsApp."""
        written = self._prefix + _base36(message, 7)
        return str(uuid.uuid5(uuid.NAMESPACE_OID, written)) if self.channel(message) is WHATSAPP else written

    def channel(self, message: int) -> Channel:
        """The channel that a message goes out by."""
        return self.of_sending[message].channel

    def find(self, message_id: str, channel: Channel) -> int | None:
        """The message's number in the book, or None for an identifier never given to a message of this channel."""
        if len(message_id) != 13 or not message_id.startswith(self._prefix):
            return None
        try:
            message = int(message_id[6:], 36)
        except ValueError:
            return None
        known = message < len(self.numbers) and self.channel(message) is channel
        return message if known and self.id_of(message) == message_id else None

    def events(self, message: int) -> list[Event]:
        """Every event of a message's life with its time (seconds since 1970), those still to come included."""
        if message in self.extras.cancelled:
            return []
        channel = self.channel(message)
        fate, travel, wait, _ = self.world.chances(self.numbers[message] + self.texts[message])
        sent = self.starts[message] + self.extras.shifts.get(message, 0.0) + (0.02 + 0.18 * travel) / self.world.speed
        ended = sent + (0.05 + 0.75 * wait) / self.world.speed
        outcome = self._outcome(fate)
        end = word(channel, outcome)
        life = [(end, sent)] if outcome == "rejected" else [("sent", sent), (end, ended)]
        deadline = self.extras.deadlines.get(message)
        if deadline is not None and life[-1][1] > deadline:
            return [*(event for event in life[:-1] if event[1] <= deadline), ("expired", deadline)]
        return life + self._habits(message, channel, ended) if outcome == "delivered" else life

    def _outcome(self, fate: float) -> str:
        for outcome, share in self.shares.items():
            if fate < share:
                return outcome
            fate -= share
        return "delivered"

    def _habits(self, message: int, channel: Channel, delivered: float) -> list[Event]:
        form = message in self.extras.forms
        if channel is SMS and not form:
            return []  # the many: no second draw of chances
        done = habits(channel, delivered, self.wishes(message), self.habits, form, self.world.speed)
        untracked = self.extras.untracked.get(message)
        return [event for event in done if event[0] not in untracked] if untracked else done

    def wishes(self, message: int) -> Chances:
        """Four numbers in [0, 1) that decide what the recipient does with what was delivered."""
        return self.world.chances(f"{self.numbers[message]}{self.texts[message]}/wishes")

    def happened(self, message: int, now: float) -> list[Event]:
        """The events up to `now`, oldest first."""
        return [event for event in self.events(message) if event[1] <= now]

    def stands(self, message: int, now: float) -> str:
        """The last word of its delivery: ``accepted`` before the first event, ``cancelled`` when it will not go out."""
        if message in self.extras.cancelled:
            return "cancelled"
        words = [name for name, _ in self.happened(message, now) if name in DELIVERY]
        return words[-1] if words else "accepted"

    def totals(self, sending: Sending, now: float) -> Counter[str]:
        """How many events of each kind a sending has had."""
        return Counter(name for message in sending.messages() for name, _ in self.happened(message, now))
