"""The sendings of short texts, landing pages, mails and calls (guide, "Campaigns")."""

from collections.abc import Mapping
from typing import Any

from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.contacts import Contacts
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.otp import Otp
from connector.sandbox.providers.nrs360.request import (
    SendRequest,
    read_landing,
    read_mailing,
    read_sms,
    read_voice,
    read_voice_audio,
)
from connector.sandbox.providers.nrs360.send import accept, judge
from connector.sandbox.providers.nrs360.templates import Templates


class Addresses:
    """What the platform knows of mail senders: everyone is verified but those named here."""

    def __init__(self) -> None:
        self.unverified = ["unverified@example.com"]
        self.blocked = ["blocked@example.com"]

    def check(self, sender: str, reply_to: str) -> None:
        """Raises Refusal with 118, 115 or 117."""
        if sender in self.blocked:
            raise Refusal(118)
        if sender in self.unverified:
            raise Refusal(115)
        if reply_to in self.unverified:
            raise Refusal(117)


class Sendings:
    """Takes sendings in for one account."""

    def __init__(self, book: Book, cash: Cash, news: News, templates: Templates, contacts: Contacts, otp: Otp) -> None:
        self.book = book
        self.cash = cash
        self.news = news
        self.templates = templates
        self.contacts = contacts
        self.otp = otp
        self.addresses = Addresses()

    def operations(self) -> list[Operation]:
        """The five operations that send to a list of recipients."""
        acts = {
            "/sms": self.sms,
            "/landingsms": self.landing,
            "/mailing": self.mailing,
            "/voice": self.voice,
            "/voiceAudio": self.voice_audio,
        }
        return [("POST", path, act) for path, act in acts.items()]

    def sms(self, asked: Asked) -> Answer:
        """``POST /sms``."""
        return self._send(read_sms(asked.fields(), self.book.world.now()))

    def landing(self, asked: Asked) -> Answer:
        """``POST /landingsms``; 140 without a page."""
        given = asked.fields()
        page = self._page(given, "templateBody", 140)
        return self._send(read_landing(given, self.book.world.now(), page))

    def mailing(self, asked: Asked) -> Answer:
        """``POST /mailing``; 104 without a body."""
        given = asked.fields()
        request = read_mailing(given, self.book.world.now(), self._page(given, "body", 104))
        self.addresses.check(given["fromEmail"], given["replyTo"])
        return self._send(request)

    def voice(self, asked: Asked) -> Answer:
        """``POST /voice``."""
        return self._send(read_voice(asked.fields(), self.book.world.now()))

    def voice_audio(self, asked: Asked) -> Answer:
        """``POST /voiceAudio``."""
        return self._send(read_voice_audio(asked.fields(), self.book.world.now()))

    def _page(self, given: Mapping[str, Any], name: str, missing: int) -> str:
        """The HTML in the parameter `name` or in the template of `templateId`. Raises Refusal."""
        html, template = given.get(name), given.get("templateId")
        if isinstance(html, str) and html:
            return html
        if not html and template is None:
            raise Refusal(missing)
        return self.templates.sent(template) if isinstance(template, int) else ""

    def _send(self, request: SendRequest) -> Answer:
        variables = self.contacts.variables() if "{" in request.text else {}
        accepted = accept(self.book, self.cash, request, judge(request, self.otp.issue, variables))
        return answered(accepted.answer, accepted.status, self.news.expect(accepted.messages))
