"""SMPP 3.4's codes, our word on the right (5.1.3 command_status, 5.2.28 message_state, appendix B receipts)."""

from collections.abc import Mapping
from types import MappingProxyType

from connector.model.failures import Failure, Fault, Retry
from connector.model.states import State
from connector.providers.smpp.pdus import status_words

OK = 0x00
SYSTEM_ERROR = 0x08
QUEUE_FULL = 0x14
THROTTLED = 0x58
ASK_AGAIN = 0x64
"""ESME_RX_T_APPN: what we answer to news that could not be stored, so that it comes again."""
NO_SUCH_COMMAND = 0x03

NOT_NOW = frozenset({QUEUE_FULL, THROTTLED})
"""Nothing was done, and the same may be sent again in a moment."""

IN_DOUBT = frozenset({SYSTEM_ERROR})
"""The SMSC's own trouble while it had the message: it does not say on which side of accepting it."""

_LINK = (Fault.ACCOUNT, Retry.WHEN_MENDED, "check the account's system_id, password and system_type")
_US = (Fault.US, Retry.NO, "please report it")
_SENDER = (Fault.MAPPING, Retry.WHEN_MENDED, "use a sender that the provider has agreed to")
_NUMBER = (Fault.RECIPIENT, Retry.NO, "check the number")
_TEXT = (Fault.MESSAGE, Retry.NO, "check the text, and the account's alphabet and data coding")
_LATER = (Fault.PROVIDER, Retry.LATER, "it may pass")

ERRORS: Mapping[int, tuple[Fault, Retry, str]] = MappingProxyType(
    {
        0x01: _TEXT,
        0x02: _US,
        0x03: _US,
        0x04: _LINK,
        0x05: _LINK,
        0x06: _US,
        0x07: _US,
        SYSTEM_ERROR: _LATER,
        0x0A: _SENDER,
        0x0B: _NUMBER,
        0x0D: _LINK,
        0x0E: _LINK,
        0x0F: _LINK,
        QUEUE_FULL: _LATER,
        0x15: _LINK,
        0x43: _US,
        0x45: (Fault.UNKNOWN, Retry.NO, "ask the provider why it was not taken"),
        0x48: _SENDER,
        0x49: _SENDER,
        0x50: _NUMBER,
        0x51: _NUMBER,
        0x53: _LINK,
        THROTTLED: _LATER,
        0x61: _US,
        0x62: _US,
        0xC0: _US,
        0xC1: _US,
        0xC2: _US,
        0xC3: _US,
        0xC4: _US,
        0xFF: (Fault.UNKNOWN, Retry.NO, "ask the provider what it means"),
    }
)
"""command_status to whose fault it is, whether to try again and what to do."""


def failure_of(status: int) -> Failure:
    """The failure a command_status stands for; one that no table has (a vendor's own) is kept and shown."""
    fault, retry, advice = ERRORS.get(status, (Fault.UNKNOWN, Retry.NO, "ask the provider what it means"))
    return Failure(f"{status:#06x}", f"the SMSC says: {status_words(status)}; {advice}", fault, retry)


WORDS: Mapping[str, State | None] = MappingProxyType(
    {
        "ENROUTE": State.SENT,
        "ACCEPTD": State.SENT,
        "DELIVRD": State.DELIVERED,
        "EXPIRED": State.EXPIRED,
        "DELETED": State.FAILED,
        "UNDELIV": State.UNDELIVERED,
        "REJECTD": State.REJECTED,
        "UNKNOWN": None,
    }
)
"""`stat` of a receipt's text to our state; None moves nothing."""

MOVES_NOTHING = frozenset(
    word.lower()
    for word in (
        *(word for word, state in WORDS.items() if state is None),
        *(status_words(status) for status in (OK, *IN_DOUBT)),
    )
)
"""What a receipt says, and an answer that came too late, of which a message may stay where it is."""

MESSAGE_STATES: Mapping[int, str] = MappingProxyType(
    {
        1: "ENROUTE",
        2: "DELIVRD",
        3: "EXPIRED",
        4: "DELETED",
        5: "UNDELIV",
        6: "ACCEPTD",
        7: "UNKNOWN",
        8: "REJECTD",
    }
)
"""The message_state parameter to the word that a receipt's text has for it."""

_FAILED: Mapping[State, tuple[str, Fault]] = MappingProxyType(
    {
        State.EXPIRED: ("it could not be delivered before it expired", Fault.RECIPIENT),
        State.FAILED: ("the SMSC deleted it", Fault.PROVIDER),
        State.UNDELIVERED: ("it cannot be delivered", Fault.RECIPIENT),
        State.REJECTED: ("the network rejected it", Fault.UNKNOWN),
    }
)


def receipt_failure(state: State | None, word: str, error: str) -> Failure | None:
    """The failure of a receipt; None where it tells of none. `error` is its ``err``, in the SMSC's own codes."""
    if state is None or state not in _FAILED:
        return None
    words, fault = _FAILED[state]
    return Failure(
        error if error.strip("0") else word, f"{words}; the SMSC says {word}, error {error or 'none'}", fault
    )
