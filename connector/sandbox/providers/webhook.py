"""News of messages, pushed to an address that the account gave, after it has met its fault.

For providers whose guide promises no second try: what is not taken is lost.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Literal
from urllib.parse import urlencode

import orjson

from connector.sandbox.faults import Fault
from connector.sandbox.providers.pushing import FORM, JSON, Push, Settle
from connector.sandbox.providers.world import World

Transport = Literal["query", "form", "json"]
# Each piece of news of one message: when it is due (seconds since 1970) and its fields.
Life = list[tuple[float, dict[str, str]]]
Pieces = Iterator[tuple[float, dict[str, str]]]
Taken = Callable[[dict[str, str], int, bytes], bool]
# What a push that is over is told to: its fields, and whether it was acknowledged.
Told = Callable[[dict[str, str], bool], None]
_MOMENT = 0.05
_PATIENCE = 5.0


def _answered_200(_fields: dict[str, str], status: int, _body: bytes) -> bool:
    return status == 200


def _to_nobody(_fields: dict[str, str], _taken: bool) -> None:
    pass


def disturbed(life: Life, fault: Fault, now: float) -> Life:
    """`life` as the fault leaves it: all of it late or lost, each piece twice, the first behind the rest, or begun at
    `now`."""
    if fault.kind == "lost":
        return []
    pause = max(fault.seconds, _MOMENT)
    if fault.kind == "late":
        return [(due + fault.seconds, fields) for due, fields in life]
    if fault.kind == "twice":
        return sorted(life + [(due + pause, fields) for due, fields in life], key=lambda piece: piece[0])
    if fault.kind == "reorder":
        return [*life[1:], (life[-1][0] + pause, life[0][1])]
    shift = min(0.0, now - life[0][0])
    return [(due + shift, fields) for due, fields in life]


class Webhook:
    """Where one kind of news (``statuses`` or ``replies``) of one provider goes; `url` is None while nobody listens.

    `taken` is told the fields pushed and the status and body of the answer, and says whether they acknowledge.
    """

    def __init__(
        self, world: World, provider: str, news: str, transport: Transport, taken: Taken = _answered_200
    ) -> None:
        self.world = world
        self.provider = provider
        self.news = news
        self.transport = transport
        self.taken = taken
        self.url: str | None = None

    def expect(self, message_id: str, life: Life, told: Told = _to_nobody) -> tuple[Life, Future[int] | None]:
        """Plan the pushes of a message's `life`; `told` hears of each when it is over.

        Returns the life that it will really have, and the first push if it has to be over before the send is answered.
        """
        if not life:
            return life, None
        fault = self.world.faults.take(self.provider, self.news)
        if fault is None:
            self._plan(iter(life), told)
            return life, None
        fault.destroyed.append(message_id)
        life = disturbed(life, fault, self.world.now())
        pieces = iter(life)
        if fault.kind == "early" and self.url is not None:
            return life, self._push(next(pieces)[1], pieces, told)
        self._plan(pieces, told)
        return life, None

    def _plan(self, pieces: Pieces, told: Told) -> None:
        # One after another, since the order of arrival may decide what counts.
        for due, fields in pieces:
            self.world.timetable.at(due, partial(self._tell, fields, pieces, told))
            return

    def _tell(self, fields: dict[str, str], pieces: Pieces, told: Told) -> None:
        if self.url is None:
            self._plan(pieces, told)
        else:
            self._push(fields, pieces, told)

    def _push(self, fields: dict[str, str], pieces: Pieces, told: Told) -> Future[int]:
        answered: Future[int] = Future()

        def settle(status: int, body: bytes) -> None:
            self.world.ledger.push(self.news)
            taken = self.taken(fields, status, body)
            if taken:
                self.world.ledger.acknowledge(self.news)
            told(fields, taken)
            answered.set_result(status)
            self._plan(pieces, told)

        self.world.pushes.put(self._carried(fields, settle))
        return answered

    def _carried(self, fields: dict[str, str], settle: Settle) -> Push:
        url = self.url or ""
        if self.transport == "json":
            return Push("POST", url, settle, orjson.dumps(fields), JSON)
        form = urlencode(fields)
        if self.transport == "form":
            return Push("POST", url, settle, form.encode(), FORM)
        return Push("GET", f"{url}{'&' if '?' in url else '?'}{form}", settle)


async def over(pushes: list[Future[int]]) -> None:
    """Wait until the pushes that come before an answer have been taken, or for five seconds."""
    if pushes:
        await asyncio.wait(map(asyncio.wrap_future, pushes), timeout=_PATIENCE)
