"""What every adapter is whose accounts speak SMPP 3.4; a provider adds how it writes numbers, and its limits."""

from abc import abstractmethod
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from connector.model.messages import Message, News, NewsKind, Outcome
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, Provider, news_key
from connector.providers.exchange import Request, Response
from connector.providers.smpp import submitting
from connector.providers.smpp.alphabets import Alphabet
from connector.providers.smpp.incoming_parts import Place, as_stored
from connector.providers.smpp.line import LISTEN, REACH
from connector.providers.smpp.long_messages import LongMessages
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.overdue import LateAnswer
from connector.providers.smpp.pdus import PDU
from connector.providers.smpp.receipts import Incoming, Receipt, told_by
from connector.providers.smpp.statuses import WORDS, receipt_failure


class SmppProvider(Provider[SmppOptions]):
    """Translates between messages and submit_sm, deliver_sm and news. A session talks; see `session.py`."""

    options: ClassVar[type[AccountOptions]] = SmppOptions

    @abstractmethod
    def written(self, e164: str) -> str:
        """A number as this account's SMSC is given it."""

    @abstractmethod
    def e164_of(self, written: str) -> str | None:
        """A number as the SMSC writes it, in E.164; None where it is none."""

    def group(self, message: Message) -> Hashable:
        """A message travels by itself."""
        return message.id

    def send(self, batch: Batch) -> Request:
        """See `submitting.request`."""
        return submitting.request(self.settings, batch, self.written(batch.messages[0].to))

    def read_send(self, batch: Batch, response: Response) -> list[Outcome]:
        """See `submitting.outcomes`."""
        return submitting.outcomes(self.settings, batch, response)

    def replies(self, since: datetime, until: datetime) -> Conversation[None]:
        """Binds the session, over which the SMSC tells what it has; it cannot be asked for a time."""
        yield Request(LISTEN, "")

    def check(self) -> Conversation[list[Finding]]:
        """Whether the SMSC can be reached. It is not bound to: a second session could end a daemon's."""
        yield Request(REACH, "")
        where = f"{self.settings.host}:{self.settings.port}"
        how = "over TLS" if self.settings.tls else "without TLS"
        text = f"the SMSC takes connections at {where}, {how}; whether it lets the account bind, the daemon's log says"
        return [Finding("reach", ok=True, text=text)]

    def told(self, pdu: PDU, long_messages: LongMessages) -> News:
        """The news in a deliver_sm, where a receipt is a status and anything else a reply or a part of one, or in an
        answer to a submit_sm that came too late.

        A receipt of one part of a long message tells of the message. A text has no id and no time of its own, so each
        that comes counts, even if it says the same again; a part has its place, and told twice it is one.
        """
        if isinstance(pdu, LateAnswer):
            return submitting.answered_late(self.name, pdu)
        heard = told_by(pdu, Alphabet(self.settings.incoming_alphabet or self.settings.alphabet))
        if isinstance(heard, Receipt):
            return self._status(heard, long_messages)
        return self._reply(heard) if heard.place is None else self._part(heard, heard.place)

    def _reply(self, heard: Incoming) -> News:
        return News(
            NewsKind.REPLY,
            news_key(self.name, "deliver_sm", heard.phone, heard.to, heard.text),
            phone=self.e164_of(heard.phone),
            text=heard.text,
            raw={"source_addr": heard.phone, "destination_addr": heard.to, "text": heard.text},
            counts_again=True,
        )

    def _part(self, heard: Incoming, place: Place) -> News:
        whole = news_key(self.name, heard.phone, heard.to, place.by, place.reference, place.total)
        stored = as_stored(place, heard.alphabet, heard.octets)
        return News(
            NewsKind.PART,
            news_key(whole, place.number, heard.alphabet, stored["octets"]),
            word=f"{place.number}/{place.total}",
            provider_id=whole,
            phone=self.e164_of(heard.phone),
            text=heard.text,
            raw={"source_addr": heard.phone, "destination_addr": heard.to, **stored},
        )

    def _status(self, receipt: Receipt, long_messages: LongMessages) -> News:
        part = self.settings.receipted_id(receipt.id)
        state = WORDS.get(receipt.word)
        whole = long_messages.told(part, state)
        at = time_of(receipt.done, self.settings.zone)
        return News(
            NewsKind.STATUS,
            news_key(self.name, "receipt", part, receipt.word, receipt.error, receipt.done),
            at,
            whole.state,
            receipt.word,
            receipt_failure(state, receipt.word, receipt.error),
            provider_id=whole.id or None,
            phone=self.e164_of(receipt.phone),
            raw={
                "part": part,
                "delivered": state is State.DELIVERED,
                "stat": receipt.word,
                "err": receipt.error,
                "done date": receipt.done,
            },
        )


def time_of(done: str, zone: str) -> datetime | None:
    """A receipt's ``done date``, ``YYMMDDhhmm`` with or without seconds; None for anything else."""
    form = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}.get(len(done))
    if form is None or not done.isdecimal():
        return None
    try:
        return datetime.strptime(done, form).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None
