"""Long messages, whose parts come one by one and are one message when all are there."""

from dataclasses import dataclass, field

from connector.sandbox.providers.smpp.submitting import Submission


@dataclass(slots=True)
class Whole:
    """A message with the ids of its parts, in the order of the text. `key` is what its parts have in common."""

    first: Submission
    key: tuple[object, ...] = ()
    parts: dict[int, tuple[str, Submission]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every part is there."""
        return len(self.parts) == (self.first.place.total if self.first.place else 1)

    @property
    def ids(self) -> list[str]:
        """The parts' ids."""
        return [self.parts[number][0] for number in sorted(self.parts)]

    @property
    def text(self) -> str:
        """The text; neighbours in one alphabet are joined first, for a part may end inside a pair of UTF-16."""
        ordered = [self.parts[number][1] for number in sorted(self.parts)]
        if len({part.alphabet for part in ordered}) == 1:
            octets = b"".join(part.octets for part in ordered)
            return ordered[0].alphabet.decoded(octets).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return "".join(part.text for part in ordered)


class Unfinished:
    """Long messages of which parts are still to come."""

    def __init__(self) -> None:
        self._wholes: dict[tuple[object, ...], Whole] = {}

    def add(self, submission: Submission, message_id: str) -> Whole:
        """Takes a part up; gives the message it is of as far as it is there. A part that is there already begins
        another message."""
        place = submission.place
        if place is None:
            return Whole(submission, parts={1: (message_id, submission)})
        key = (submission.source, submission.number, place.by, place.reference, place.total)
        whole = self._wholes.get(key)
        if whole is None or place.number in whole.parts:
            whole = self._wholes[key] = Whole(submission, key)
        whole.parts[place.number] = (message_id, submission)
        if whole.complete:
            del self._wholes[key]
        return whole

    def give_up(self, whole: Whole) -> bool:
        """Forgets a message that is not complete; whether it was not."""
        if self._wholes.get(whole.key) is whole:
            del self._wholes[whole.key]
        return not whole.complete
