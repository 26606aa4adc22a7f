"""Answers that come after their time: nobody waits for them any more, and what they say is news of a message."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from connector.providers.smpp.pdus import PDU

_KEPT = 10_000
"""Overdue answers that are known at once; the oldest are forgotten first, and their messages wait for a receipt."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The message that a submit_sm carries, or a part of it: of how many `parts` it is, our `reference` of the attempt
    to send it, and `to` in E.164."""

    parts: int
    reference: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class LateAnswer(PDU):
    """A submit_sm_resp nobody waits for any more: the message it tells of, the ids of the parts `taken` before it, and
    the `id` it gives, as receipts will write it."""

    whole: Whole = Whole(1)
    taken: tuple[str, ...] = ()
    id: str = ""


class Overdue:
    """Requests of one connection whose time is over, by their numbers. Its session's lock guards it."""

    def __init__(self) -> None:
        self._expected: OrderedDict[int, tuple[Whole, tuple[str, ...]]] = OrderedDict()

    def expect(self, number: int, whole: Whole, taken: Sequence[str]) -> None:
        """From now on an answer to this request is late."""
        self._expected[number] = (whole, tuple(taken))
        while len(self._expected) > _KEPT:
            self._expected.popitem(last=False)

    def answered(self, pdu: PDU, message_id: str) -> LateAnswer | None:
        """The answer with what it is of; None where it is not late."""
        expected = self._expected.pop(pdu.header.number, None)
        return None if expected is None else LateAnswer(pdu.name, pdu.header, pdu.fields, *expected, message_id)

    def lost(self) -> None:
        """The connection is gone, and its answers with it."""
        self._expected.clear()
