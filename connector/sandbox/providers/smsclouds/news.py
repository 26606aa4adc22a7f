"""Replies arrive and are pushed (guide, "Receive Responses MO Push HTTP"): a GET, acknowledged by the text ``ok``.

The guide promises no second try, so there is none.
"""

from concurrent.futures import Future
from functools import partial
from urllib.parse import urlencode

from connector.sandbox.faults import REPLIES
from connector.sandbox.providers.pushing import Push
from connector.sandbox.providers.smsclouds.asked import disturb
from connector.sandbox.providers.smsclouds.book import STOPS, Book, Campaign, Reply
from connector.sandbox.providers.smsclouds.dates import written

_MOMENT = 0.05


class News:
    """Plans the replies of accepted campaigns. `responses_url` is the account's; None while it has none."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.world = book.world
        self.responses_url: str | None = None

    def expect(self, campaign: Campaign) -> list[Future[int]]:
        """Plan the news of a campaign. Returns a future for each push that must be over before the send is answered."""
        early: list[Future[int]] = []
        for place in range(len(campaign.request.cellphones)):
            disturb(self.world, campaign, place, self.book.done)
            answer = self.book.answer_of(campaign, place)
            if answer is not None:
                early.extend(self._plan(campaign, place, *answer))
        return early

    def _plan(self, campaign: Campaign, place: int, text: str, due: float) -> list[Future[int]]:
        fault = self.world.faults.take("smsclouds", REPLIES)
        if fault is None:
            self.world.timetable.at(due, partial(self._arrive, campaign, place, text, (0.0,)))
            return []
        fault.destroyed.append(str(campaign.first_message + place))
        if fault.kind == "early":
            return self._arrive(campaign, place, text, (0.0,))
        pause = max(fault.seconds, _MOMENT)
        # Out of order is the same as late here: written down in its turn, pushed after those behind it.
        pauses = (0.0, pause) if fault.kind == "twice" else (pause,)
        self.world.timetable.at(due, partial(self._arrive, campaign, place, text, pauses))
        return []

    def _arrive(self, campaign: Campaign, place: int, text: str, pauses: tuple[float, ...]) -> list[Future[int]]:
        """Write the reply down and push it after each of `pauses` (seconds). Returns what is pushed at once."""
        if STOPS.get(campaign.stopped or "") == self.book.status(campaign, place, self.world.now()):
            return []  # never sent, hence never answered
        reply = self.book.receive(campaign, place, text)
        if self.responses_url is None:
            return []
        for pause in filter(None, pauses):
            self.world.timetable.at(self.world.now() + pause, partial(self._push, reply))
        return [self._push(reply) for pause in pauses if not pause]

    def _push(self, reply: Reply) -> Future[int]:
        answered: Future[int] = Future()
        campaign = reply.campaign
        fields = {
            "response": reply.text,
            "cellphone": campaign.request.cellphones[reply.place],
            "message_id": campaign.first_message + reply.place,
            "date": written(reply.received),
        }

        def settle(status: int, body: bytes) -> None:
            self.world.ledger.push(REPLIES)
            if status == 200 and body.strip().lower() == b"ok":
                self.world.ledger.acknowledge(REPLIES)
            answered.set_result(status)

        url = f"{self.responses_url}{'&' if '?' in (self.responses_url or '') else '?'}{urlencode(fields)}"
        self.world.pushes.put(Push("GET", url, settle, about=str(fields["message_id"])))
        return answered
