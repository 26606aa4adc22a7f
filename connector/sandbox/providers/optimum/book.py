"""The SMS and calls that Optimum Measures accepted and what is told of each (guide, both sections "Call back").

Of the words for an SMS the guide shows ``Received`` and ``Delivered``; ``Sent`` and ``Failed`` are guesses, as is the
error that is not about the number. Dates carry no zone: they are UTC here.
"""

import re
import uuid
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.sandbox.providers.optimum.request import CallRequest, SmsRequest
from connector.sandbox.providers.sent import Sent
from connector.sandbox.providers.webhook import Life
from connector.sandbox.providers.world import World

_INTERNATIONAL = re.compile(r"00[1-9]\d{6,14}", re.ASCII)
_BAD_NUMBER = ("International Number Invalid", "42")
_UNREACHABLE = ("Subscriber Unreachable", "43")
_NO_REASON = "NA"
_REASONS = ("Timeout", "CallerHangUp", "Blocked", "General Error", "Cancel")
_LONGEST_CALL = 60  # seconds


class Shares(BaseModel):
    """Shares of messages (`failed`) and of calls (the others), each from 0 to 1."""

    model_config = ConfigDict(extra="forbid")

    failed: float = Field(0.04, ge=0, le=1)
    busy: float = Field(0.1, ge=0, le=1)
    no_answer: float = Field(0.15, ge=0, le=1)
    call_failed: float = Field(0.05, ge=0, le=1)


def written(at: float) -> str:
    """Seconds since 1970 as the guide's samples write a date: ``2017-07-16 12:08:56.690``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class _Book(Sent):
    """What was accepted; all destinations of one request have its ID."""

    def __init__(self, world: World, shares: Shares) -> None:
        super().__init__(world)
        self.shares = shares
        self.ids: list[str] = []

    def id_of(self, message: int) -> str:
        """The ID of the request."""
        return self.ids[message]

    def word(self, fields: dict[str, str]) -> str:
        """The status."""
        return fields["Status"]

    def international(self, message: int) -> bool:
        """Whether the number is written with 00 and the country's code."""
        return bool(_INTERNATIONAL.fullmatch(self.numbers[message]))


class Texts(_Book):
    """The SMS."""

    def __init__(self, world: World, shares: Shares) -> None:
        super().__init__(world, shares)
        self.references: list[str] = []
        self._of_request: dict[str, list[int]] = {}

    def accept(self, request_id: str, asked: SmsRequest) -> list[int]:
        """Write down one message a destination."""
        self.ids.extend([request_id] * len(asked.numbers))
        self.references.extend([asked.reference] * len(asked.numbers))
        self._of_request[request_id] = [self.add(number, asked.text) for number in asked.numbers]
        return self._of_request[request_id]

    def life(self, message: int) -> Life:
        """``Sent``, then ``Delivered`` or ``Failed``; a number that is not international fails at once."""
        fate, travel, wait, _ = self.chances(message)
        sent = self.starts[message] + (0.02 + 0.18 * travel) / self.world.speed
        if not self.international(message):
            return [(sent, self._callback(message, sent, "Failed", *_BAD_NUMBER))]
        ended = sent + (0.05 + 0.75 * wait) / self.world.speed
        end = ("Failed", *_UNREACHABLE) if fate < self.shares.failed else ("Delivered", "", "")
        return [(sent, self._callback(message, sent, "Sent", "", "")), (ended, self._callback(message, ended, *end))]

    def _callback(self, message: int, at: float, status: str, error: str, error_id: str) -> dict[str, str]:
        return {
            "ID": self.ids[message],
            "MobileNo": self.numbers[message],
            "Status": status,
            "DateTime": written(at),
            "ReferenceID": self.references[message],
            "Error": error,
            "ErrorLogsID": error_id,
        }

    def shown(self, request_id: str) -> dict[str, Any] | None:
        """The answer of ``GetStatus``, None for an ID never given.

        It names no number: of several destinations it tells what happened last.
        """
        messages = self._of_request.get(request_id)
        if messages is None:
            return None
        now = self.world.now()
        told = [piece for message in messages for piece in self.news(message) if piece[0] <= now]
        last = max(told, key=lambda piece: piece[0])[1] if told else {"Status": "Received", "DateTime": ""}
        date = last["DateTime"] if last["Status"] == "Delivered" else ""
        return {"ID": request_id, "Status": last["Status"], "Delivery Date": date}


class Calls(_Book):
    """The voice calls. A call detail record carries a GUID and the number, and neither our ID nor a reference."""

    def accept(self, request_id: str, asked: CallRequest) -> list[int]:
        """Write down one call a destination."""
        self.ids.extend([request_id] * len(asked.numbers))
        return [self.add(number, asked.content) for number in asked.numbers]

    def life(self, message: int) -> Life:
        """One call detail record, when the call is over."""
        _, travel, wait, _ = self.chances(message)
        called = self.starts[message] + 0.02 / self.world.speed
        status, reason = self._end(message)
        answered = called + 0.1 * travel / self.world.speed if status == "Answered" else None
        record = {
            "GUID": str(uuid.UUID(bytes=blake2b(f"{self.born}/{message}".encode(), digest_size=16).digest())),
            "MobileNo": self.numbers[message],
            "Status": status,
            "Calltime": written(called),
            "AnswerTime": "" if answered is None else written(answered),
            "Duration": "0" if answered is None else str(1 + int(wait * _LONGEST_CALL)),
            "Reason": reason,
        }
        return [(called + (0.1 + 0.7 * travel) / self.world.speed, record)]

    def _end(self, message: int) -> tuple[str, str]:
        """Status and reason; a reason other than NA is given for failed calls alone."""
        fate, _, _, why = self.chances(message)
        if not self.international(message):
            return "Failed", "General Error"
        for share, status in (
            (self.shares.call_failed, "Failed"),
            (self.shares.busy, "Busy"),
            (self.shares.no_answer, "NoAnswer"),
        ):
            if fate < share:
                return status, _REASONS[int(why * len(_REASONS))] if status == "Failed" else _NO_REASON
            fate -= share
        return "Answered", _NO_REASON
