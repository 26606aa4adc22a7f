"""The truth that no fault can change: what the pretend providers accepted, told apart by a serial in each text."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

_SERIAL = re.compile(r"#(\d{6,})")


def serial_of(text: str) -> int | None:
    """The serial number written in `text` as ``#000123`` (six digits or more), or None."""
    found = _SERIAL.search(text)
    return int(found.group(1)) if found else None


def serials_in(text: str) -> list[str]:
    """Every serial in a text or a whole request body, in order, as it is written after the ``#``."""
    return _SERIAL.findall(text)


class Ledger:
    """Counts messages accepted, requests, replies and pushes. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._serials: dict[str, Counter[int]] = {}
        self._accepted: Counter[str] = Counter()
        self._unnumbered = 0
        self._requests: dict[str, Counter[str]] = {}
        self._events: Counter[str] = Counter()
        self._told: dict[tuple[str, str, int, str], list[str]] = {}

    def reset(self) -> None:
        """Start from nothing."""
        with self._lock:
            self._clear()

    def accept(self, provider: str, texts: list[str]) -> None:
        """Note that `provider` accepted one message for each of `texts` (as the recipient will read it)."""
        with self._lock:
            counts = self._serials.setdefault(provider, Counter())
            self._accepted[provider] += len(texts)
            for text in texts:
                serial = serial_of(text)
                if serial is None:
                    self._unnumbered += 1
                else:
                    counts[serial] += 1

    def request(self, provider: str, operation: str) -> None:
        """Note a request that arrived, whatever became of it."""
        with self._lock:
            self._requests.setdefault(provider, Counter())[operation] += 1

    def reply(self) -> None:
        """Note that a recipient wrote back."""
        self._count("replies")

    def push(self, news: str) -> None:
        """Note one attempt to push; `news` is ``statuses`` or ``replies``."""
        self._count(f"{news}_pushed")

    def acknowledge(self, news: str) -> None:
        """Note that a push was acknowledged as the provider's guide wants it."""
        self._count(f"{news}_acknowledged")

    def tell(self, provider: str, news: str, text: str, message_id: str, word: str, *, taken: bool) -> None:
        """Note that a push of news about the message with this text and id is over, and whether it was acknowledged."""
        serial = serial_of(text)
        if serial is not None:
            with self._lock:
                pushed = self._told.setdefault((provider, news, serial, message_id), [])
                pushed.append(word.replace(" ", "_") + ("" if taken else "?"))

    def _count(self, event: str) -> None:
        with self._lock:
            self._events[event] += 1

    def received(self, serial: int) -> int:
        """How often a text with this serial was accepted, by all providers together."""
        with self._lock:
            return sum(counts[serial] for counts in self._serials.values())

    def _totals(self) -> Counter[int]:
        totals: Counter[int] = Counter()
        for counts in self._serials.values():
            totals.update(counts)
        return totals

    def as_json(self) -> dict[str, Any]:
        """The counts; `duplicated` shows at most 100 serials, `duplicates` counts every copy beyond the first."""
        with self._lock:
            totals = self._totals()
            twice = sorted(serial for serial, count in totals.items() if count > 1)
            return {
                "received": sum(self._accepted.values()),
                "distinct": len(totals),
                "duplicates": sum(totals.values()) - len(totals),
                "duplicated": [f"{serial:06d}" for serial in twice[:100]],
                "unnumbered": self._unnumbered,
                "by_provider": dict(self._accepted),
                "requests": {provider: dict(counts) for provider, counts in self._requests.items()},
                "replies": self._events["replies"],
                "replies_pushed": self._events["replies_pushed"],
                "replies_acknowledged": self._events["replies_acknowledged"],
                "statuses_pushed": self._events["statuses_pushed"],
                "statuses_acknowledged": self._events["statuses_acknowledged"],
            }

    def lines(self, provider: str | None = None) -> Iterator[str]:
        """One line ``provider serial count`` for every serial, sorted, of one provider or of all."""
        with self._lock:
            copies = {name: dict(counts) for name, counts in self._serials.items() if provider in (None, name)}
        for name in sorted(copies):
            for serial, count in sorted(copies[name].items()):
                yield f"{name} {serial:06d} {count}\n"

    def told(self) -> Iterator[str]:
        """One line ``provider news serial id word word? …`` for every message that providers who try once have told of.

        The words are in the order of the pushes; one with a question mark was not acknowledged.
        """
        with self._lock:
            told = [(*whose, " ".join(words)) for whose, words in self._told.items()]
        for provider, news, serial, message_id, words in told:
            yield f"{provider} {news} {serial:06d} {message_id} {words}\n"
