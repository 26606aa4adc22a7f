"""Templates sent by WhatsApp (guide, "Send WhatsApp template"). The platform approves templates and senders."""

import re
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360 import tables
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.channels import WHATSAPP
from connector.sandbox.providers.nrs360.conversations import Conversations
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.parameters import check, is_phone
from connector.sandbox.providers.nrs360.request import SendRequest, campaign_of
from connector.sandbox.providers.nrs360.send import Verdict, accept

_VARIABLE = re.compile(r"\{\{(\d+)\}\}")


@dataclass(frozen=True)
class Template:
    """A template with the numbers of its variables; None takes any number of them."""

    content: str = ""
    header: int | None = 0
    body: int | None = 0
    action: int | None = 0
    location: bool = False
    approved: bool = True


TEMPLATES = {
    # The guide's samples send 123 with any variables and with none.
    123: Template("Template content", None, None, None),
    124: Template("Hello {{1}}, your order {{2}} has left.", header=1, body=2, action=1),
    125: Template("We are here.", location=True),
    126: Template("Not approved yet.", approved=False),
}


def whatsapp_templates(given: Any) -> dict[int, Template]:
    """Templates by number, out of an object of objects with their fields. Raises ValueError."""
    try:
        return {int(number): Template(**fields) for number, fields in given.items()}
    except (AttributeError, TypeError) as error:
        raise ValueError(f"The templates of nrs360 are an object of objects by number: {error}.") from None


class Whatsapp:
    """Takes WhatsApp templates in. `templates` and `senders` are what the platform knows; senders None are all."""

    def __init__(self, conversations: Conversations, cash: Cash, news: News) -> None:
        self.conversations = conversations
        self.book = conversations.book
        self.cash = cash
        self.news = news
        self.templates = dict(TEMPLATES)
        self.senders: list[str] | None = None

    def operations(self) -> list[Operation]:
        """The one operation of the section."""
        return [("POST", "/whatsapp", self.send)]

    def send(self, asked: Asked) -> Answer:
        """``POST /whatsapp``."""
        given = asked.fields()
        check(given, tables.WHATSAPP)
        template = self.templates.get(given["templateId"])
        if template is None or not template.approved:
            raise Refusal(140, "Invalid template")
        self._check_sender(given["from"])
        items = given["messages"]
        verdicts = [_verdict(template, place, item) for place, item in enumerate(items)]
        request = SendRequest(
            WHATSAPP,
            to=[item.get("to") if isinstance(item, dict) else item for item in items],
            text="",
            fit=lambda text: (text, 1),
            sender=given["from"],
            campaign=campaign_of(given),
            tags=given.get("tags") or [],
        )
        accepted = accept(self.book, self.cash, request, verdicts)
        good = (item for item, verdict in zip(items, verdicts, strict=True) if not isinstance(verdict, Refusal))
        for message, item in zip(accepted.messages, good, strict=True):
            self._note_answer(message, item.get("defaultAnswer"))
        self.news.expect(accepted.messages)
        self.conversations.expect(accepted.messages, templates=True)
        return answered(accepted.answer, accepted.status)

    def _check_sender(self, sender: str) -> None:
        registered = is_phone(sender) if self.senders is None else sender in self.senders
        if not registered:
            raise Refusal(115)

    def _note_answer(self, message: int, answer: Any) -> None:
        if answer:
            self.book.extras.answers[message] = answer if isinstance(answer, str) else " ".join(answer)


def _verdict(template: Template, place: int, item: Any) -> Verdict:
    under = f"messages.{place}."
    if not isinstance(item, dict):
        return Refusal(422, f"The messages.{place} field must be an object.")
    if not is_phone(item.get("to")):
        return Refusal(102, f"The {under}to field does not contain a valid phone number")
    try:
        check(item, tables.WHATSAPP_MESSAGE, under)
        _check_fields(template, item, under)
    except Refusal as refusal:
        return refusal
    return _content(template, item), 1


def _check_fields(template: Template, item: dict[str, Any], under: str) -> None:
    wanted = (("headerFields", template.header), ("bodyFields", template.body), ("callToActionFields", template.action))
    for name, count in wanted:
        given = item.get(name) or []
        if count and not given:
            raise Refusal(422, f"The {under}{name} field is required.")
        if count is not None and len(given) != count:
            raise Refusal(422, f"The {under}{name} field must contain {count} items.")
    if template.location and not item.get("location"):
        raise Refusal(422, f"The {under}location field is required.")


def _content(template: Template, item: dict[str, Any]) -> str:
    """What the recipient reads: header, body with its variables, buttons, a line each. A template that takes any
    variables is written as its content and all of them."""
    body = item.get("bodyFields") or []
    numbered = {str(place): value for place, value in enumerate(body, 1)}
    text = _VARIABLE.sub(lambda found: numbered.get(found[1], found[0]), template.content)
    lines = [*(item.get("headerFields") or []), text, *(item.get("callToActionFields") or [])]
    if template.body is None:
        lines.extend(body)
    return "\n".join(lines)
