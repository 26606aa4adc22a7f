"""A message into the submit_sm that carry it (SMPP 3.4, 4.4.1), and what the SMSC's answers say of it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message, News, NewsKind, Outcome
from connector.model.states import State
from connector.providers.base import Batch, news_key
from connector.providers.exchange import Request, Response
from connector.providers.smpp.alphabets import Alphabet, holds
from connector.providers.smpp.line import OCTETS, SUBMIT
from connector.providers.smpp.long_messages import joined
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.overdue import LateAnswer
from connector.providers.smpp.pdus import status_words
from connector.providers.smpp.segments import cut, parts_needed
from connector.providers.smpp.statuses import IN_DOUBT, NOT_NOW, OK, failure_of

ALPHANUMERIC, UNKNOWN_TON, INTERNATIONAL, NATIONAL = 5, 0, 1, 2
"""Types of number (5.2.5)."""
_RECEIPT_WANTED = 1
"""registered_delivery (5.2.17): a receipt, however it ends."""


def alphabet_of(settings: SmppOptions, text: str) -> Alphabet:
    """What the text is written in: the account's own alphabet if that holds it, else UCS-2."""
    own = Alphabet(settings.alphabet)
    return own if holds(own, text) else Alphabet.UCS2


def refusal(settings: SmppOptions, message: Message) -> Failure | None:
    """Why the text or the sender cannot go into submit_sm; None where both can."""
    needed = parts_needed(message.text, alphabet_of(settings, message.text))
    if needed > settings.max_parts:
        reason = f"the text takes {needed} parts, and {settings.max_parts} are allowed; shorten it"
        return Failure("too_long", reason, Fault.MESSAGE)
    sender = message.sender or settings.sender or ""
    if not sender.isascii() or len(sender) > 20:
        reason = "the sender is no number and no plain name of at most 20 characters; change it"
        return Failure("sender", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return None


def request(settings: SmppOptions, batch: Batch, number: str) -> Request:
    """The request of a batch of one message, to `number` as the account writes it."""
    (message,) = batch.messages
    alphabet = alphabet_of(settings, message.text)
    alike = {
        **_addresses(settings, message, number),
        "registered_delivery": _RECEIPT_WANTED,
        "data_coding": settings.ucs2_data_coding if alphabet is Alphabet.UCS2 else settings.coding,
        "validity_period": absolute_time(message.expires_at) if message.expires_at else "",
    }
    mark = hashlib.sha256(batch.reference.encode()).digest()[0]
    parts = [alike | part.as_fields() for part in cut(message.text, alphabet, settings.long_texts, mark)]
    named = {"reference": batch.reference, "to": message.to}
    return Request(SUBMIT, "", query=named, json=[_writable(part) for part in parts], sends=True)


def _addresses(settings: SmppOptions, message: Message, number: str) -> dict[str, Any]:
    sender = (message.sender or settings.sender or "").removeprefix("+")
    ton = settings.sender_ton
    if ton is None:
        ton = UNKNOWN_TON if sender.isdecimal() or not sender else ALPHANUMERIC
    to_ton = settings.recipient_ton
    if to_ton is None:
        to_ton = INTERNATIONAL if settings.numbers == "international" else NATIONAL
    return {
        "source_addr": sender,
        "source_addr_ton": ton,
        "source_addr_npi": settings.sender_npi,
        "destination_addr": number,
        "dest_addr_ton": to_ton,
        "dest_addr_npi": settings.recipient_npi,
    }


def _writable(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value.decode("latin-1") if name in OCTETS else value for name, value in part.items()}


def absolute_time(at: datetime) -> str:
    """A time as SMPP writes it (7.1.1): ``YYMMDDhhmmsstnnp``, in UTC."""
    return f"{at.astimezone(UTC):%y%m%d%H%M%S}000+"


def outcomes(settings: SmppOptions, batch: Batch, response: Response) -> list[Outcome]:
    """The one message's outcome.

    Accepted when every part was taken. Rejected or in doubt for good when a later part was not, for then it neither
    arrives whole nor may be sent again. Nothing was done when the SMSC did not take the first part.

    Raises:
        Throttled: the SMSC asks for a moment.
        Refused: it does not take the message.
        MayHaveLeft: no answer came, or one that leaves doubt.
        Unreadable: what answered was no session.
    """
    (message,) = batch.messages
    said = response.json()
    if not isinstance(said, dict) or not {"ids", "status", "silent"} <= said.keys():
        raise Unreadable("the answer is not a session's")
    parts = len(cut(message.text, alphabet_of(settings, message.text), settings.long_texts, 0))
    on_the_air = parts_needed(message.text, alphabet_of(settings, message.text))
    ids, status = said["ids"], said["status"]
    if len(ids) == parts and status is None and not said["silent"]:
        return [Outcome(message.id, State.ACCEPTED, provider_id=joined(ids, parts) or None, parts=on_the_air)]
    if not ids:
        raise _nothing_taken(settings, status)
    if status is None or status in IN_DOUBT:
        reason = f"the SMSC took {len(ids)} of {parts} parts, and nobody knows what became of the next"
        failure = Failure("IN_DOUBT", reason, Fault.PROVIDER)
        return [Outcome(message.id, State.UNKNOWN, provider_id=joined(ids, parts), failure=failure)]
    return [Outcome(message.id, State.REJECTED, provider_id=joined(ids, parts), failure=half_taken(ids, parts, status))]


def half_taken(ids: Sequence[str], parts: int, status: int) -> Failure:
    """Why a message is not sent of which the SMSC took the first parts and then said no."""
    refused = failure_of(status)
    reason = f"the SMSC took {len(ids)} of {parts} parts and then said no; a part of the text may arrive. {refused}"
    return Failure(refused.code, reason, refused.fault)


def answered_late(provider: str, late: LateAnswer) -> News:
    """What an answer says of its message after its time is over, while the message is unknown. It moves nothing where
    parts of the message were never submitted, for it was given up, or where it leaves doubt itself."""
    status, parts = late.header.status, late.whole.parts
    ids = [*late.taken, late.id] if status == OK else late.taken
    state, failure = None, None
    if status == OK and len(ids) == parts:
        state = State.ACCEPTED
    elif status != OK and status not in IN_DOUBT:
        state = State.REJECTED
        failure = half_taken(ids, parts, status) if ids else failure_of(status)
    return News(
        NewsKind.STATUS,
        news_key(provider, "submit_sm_resp", late.whole.reference, late.whole.to, len(late.taken), status, late.id),
        state=state,
        word=status_words(status),
        failure=failure,
        reference=late.whole.reference,
        phone=late.whole.to,
        provider_id=(joined(ids, parts) if ids else "") or None,
        raw={"command_status": status, "message_id": late.id},
    )


def _nothing_taken(settings: SmppOptions, status: int | None) -> MayHaveLeft | Refused:
    if status is None:
        return MayHaveLeft("submit_sm was sent and the SMSC gave no answer")
    failure = failure_of(status)
    if status in IN_DOUBT:
        return MayHaveLeft(f"the SMSC had trouble while it had the message ({failure})")
    if status in NOT_NOW:
        return Throttled(failure, status=status, wait=settings.throttle_pause)
    return Refused(failure, status=status)
