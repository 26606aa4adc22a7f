"""Who a message is for where it is no phone number: e-mail addresses as people write them, read in one form."""

import re

from connector.model.errors import UnreadableAddress, UnreadablePhone
from connector.model.phone import read_phone

_LONGEST = 254
_LONGEST_LOCAL_PART = 64
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_E164 = re.compile(r"\+(?!521)[1-9][0-9]{6,14}")
"""A number that reading would leave as it is, as nearly all are that providers tell."""
_ADVICE = "write it like ana@example.com"


def is_address(recipient: str) -> bool:
    """Whether a recipient is an e-mail address and not a number in E.164."""
    return "@" in recipient


def read_address(text: str) -> str:
    """The e-mail address in free text, in small letters, its domain in ASCII (RFC 5321, section 4.5.3.1: lengths).

    The part before the @ is made small too: who said stop as Ana@example.com is not written to as ana@example.com.

    Raises:
        UnreadableAddress: it is no address; the sentence does not repeat the text, for it goes into logs too.
    """
    written = text.strip().removeprefix("mailto:")
    local, at, domain = written.rpartition("@")
    if not at:
        raise UnreadableAddress(f"the address has no @; {_ADVICE}")
    local, domain = local.lower(), _ascii_domain(domain.rstrip("."))
    if not local or len(local) > _LONGEST_LOCAL_PART or _LOCAL_PART.fullmatch(local) is None:
        raise UnreadableAddress(f"what stands before the @ of the address is no name of a mailbox; {_ADVICE}")
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise UnreadableAddress(f"what stands after the @ of the address is no domain; {_ADVICE}")
    address = f"{local}@{domain}"
    if len(address) > _LONGEST:
        raise UnreadableAddress(f"the address has more than {_LONGEST} characters; {_ADVICE}")
    return address


def read_recipient(text: str) -> str:
    """A recipient as the connector knows it: an e-mail address as `read_address` reads it, else a number in E.164.

    Raises:
        UnreadableAddress, UnreadablePhone: it is neither.
    """
    return read_address(text) if is_address(text) else read_phone(text, None).e164


def as_known(told: str) -> str:
    """Whom news names, in the form in which messages and consent know them; as it was told where it reads as nobody.

    Networks and WhatsApp still name Mexicans with the 1 of before 2019, and the stop of one who is known without it
    has to count.
    """
    if _E164.fullmatch(told):
        return told
    try:
        return read_recipient(told)
    except (UnreadableAddress, UnreadablePhone):
        return told


def _ascii_domain(domain: str) -> str:
    try:
        return domain.lower().encode("idna").decode("ascii")
    except UnicodeError:
        raise UnreadableAddress(f"what stands after the @ of the address is no domain; {_ADVICE}") from None
