"""Texts that come in beside the answers to campaigns: keywords, and answers to what an SMPP account sent.

Guide, "Keyword: automatic response by WSS" and "SMPP Connections, Receive Responses MO". Neither promises a second try.
"""

from concurrent.futures import Future
from typing import Any

from connector.sandbox.faults import REPLIES
from connector.sandbox.providers.smsclouds.book import Book, Campaign
from connector.sandbox.providers.smsclouds.dates import written
from connector.sandbox.providers.webhook import Webhook

_LONGEST = 160
_TEXTS = ({"cellphone", "response", "keyword"}, {"cellphone", "response", "message_id"})
# "Client-server responses with implicit programming code are NOT allowed."
_CODE = ("<?", "<!doctype", "<html", "<script", "<%")


def said_ok(_fields: dict[str, str], status: int, body: bytes) -> bool:
    """Whether a pushed response was acknowledged: "a simple print with the text ok"."""
    return status == 200 and body.strip().lower() == b"ok"


class Inbound:
    """`keywords` and `smpp` are where the account wants them told; `keyword` is the word that people text, and `share`
    of the recipients of SMS campaigns do so after they have read their message. `automatic` are the replies sent."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.world = book.world
        self.keyword = "INFO"
        self.share = 0.0
        self.automatic: list[str] = []
        self.keywords = Webhook(self.world, "smsclouds", REPLIES, "query", self._reply)
        self.smpp = Webhook(self.world, "smsclouds", REPLIES, "query", said_ok)

    def expect(self, campaign: Campaign) -> list[Future[int]]:
        """Plan the keywords that recipients of a campaign will text.

        Returns a future for each push that must be over before the send is answered.
        """
        if self.keywords.url is None or not self.share:
            return []
        early: list[Future[int]] = []
        for place, cellphone in enumerate(campaign.request.cellphones):
            wish, wait, _, _ = self.world.chances(f"keyword/{cellphone}{campaign.request.texts[place]}")
            if wish < self.share:
                due = self.book.done(campaign, place) + wait / self.world.speed
                early.extend(self._text(cellphone, self.keyword, f"{self.keyword} por favor", due))
        return early

    def receive(self, given: Any) -> None:
        """Somebody texts now: ``{"cellphone": …, "response": …}`` with a `keyword`, or with the `message_id` that an
        SMPP account was given. Raises ValueError with what is wrong."""
        if not isinstance(given, dict) or set(given) not in _TEXTS:
            raise ValueError("A text is an object that has cellphone and response, and either keyword or message_id.")
        if not all(isinstance(value, str) and value for value in given.values()):
            raise ValueError("Every part of a text is text and not empty.")
        webhook, setting = (self.keywords, "keyword_url") if "keyword" in given else (self.smpp, "smpp_responses_url")
        if webhook.url is None:
            raise ValueError(f"Nobody would be told of it: smsclouds has no {setting}.")
        now = self.world.now()
        if webhook is self.keywords:
            self._text(given["cellphone"], given["keyword"], given["response"], now)
        else:
            self._tell(self.smpp, given | {"date": written(now)}, now)

    def _text(self, cellphone: str, keyword: str, response: str, due: float) -> list[Future[int]]:
        fields = {"response": response, "cellphone": cellphone, "keyword": keyword, "date": written(due) or ""}
        return self._tell(self.keywords, fields, due)

    def _tell(self, webhook: Webhook, fields: dict[str, str], due: float) -> list[Future[int]]:
        self.world.ledger.reply()
        _, early = webhook.expect(fields["cellphone"], [(due, fields)])
        return [early] if early else []

    def _reply(self, fields: dict[str, str], status: int, body: bytes) -> bool:
        """Send the body of the answer to whoever texted the keyword; False when it is no text that can be sent."""
        text = body.decode("utf-8", "replace").strip()
        if status != 200 or not 1 <= len(text) <= _LONGEST or text.lower().startswith(_CODE):
            return False
        self.automatic.append(text)
        self.world.ledger.accept("smsclouds", [text])
        return True
