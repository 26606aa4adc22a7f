"""360NRS's codes, our word on the right.

Guide: "Errors", "Campaigns list / Response fields", "Event Notifications / Parameters".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Encoding
from connector.model.states import State

NAME = "nrs360"

ENCODINGS: Mapping[Encoding, Literal["gsm", "gsm-pt", "utf-16"]] = {
    Encoding.GSM7: "gsm",
    Encoding.GSM_PT: "gsm-pt",
    Encoding.UCS2: "utf-16",
}

CAMPAIGN_CHANNELS: Mapping[Channel, Literal["sms", "text2speech", "landing", "mailing"]] = {
    Channel.SMS: "sms",
    Channel.VOICE: "text2speech",
    Channel.LANDING: "landing",
    Channel.EMAIL: "mailing",
}
"""The channels of the list of campaigns, which knows no WhatsApp (guide: "Campaigns list / Filters")."""

_RECIPIENT = (Fault.RECIPIENT, Retry.NO, "mend the number on the record")
_MESSAGE = (Fault.MESSAGE, Retry.NO, "mend the record")
_MAPPING = (Fault.MAPPING, Retry.WHEN_MENDED, "mend the mapping")
_ACCOUNT = (Fault.ACCOUNT, Retry.WHEN_MENDED, "mend the account at 360NRS or its settings here")
_PROVIDER = (Fault.PROVIDER, Retry.LATER, "the fault is at 360NRS and may pass")
_US = (Fault.US, Retry.NO, "the connector sent what it should not have: please report it")
_UNKNOWN = (Fault.UNKNOWN, Retry.NO, "ask 360NRS what it means")

SENDER_NOT_VERIFIED = "115"
REPLY_ADDRESS_NOT_VERIFIED = "117"

ERRORS: Mapping[int, tuple[str, tuple[Fault, Retry, str]]] = {
    0: ("Accepted for delivery", _UNKNOWN),
    101: ("Internal database error", _PROVIDER),
    102: ("No valid recipients", _RECIPIENT),
    103: ("Username or password unknown", _ACCOUNT),
    104: ("Text message missing", _MESSAGE),
    105: ("Text message too long", _MESSAGE),
    106: ("Sender missing", _MAPPING),
    107: ("Sender too long", _MAPPING),
    108: ("No valid date and time for sending", _US),
    109: ("Notification address incorrect", _ACCOUNT),
    110: ("Exceeded maximum parts allowed or incorrect number of parts", _MESSAGE),
    111: ("Not enough credits", (Fault.ACCOUNT, Retry.WHEN_MENDED, "top the account up at 360NRS")),
    112: ("IP address not allowed", (Fault.ACCOUNT, Retry.WHEN_MENDED, "allow this machine's address at 360NRS")),
    113: ("Invalid coding", _US),
    114: ("Invalid subject", _MAPPING),
    115: ("Sender is not verified", (Fault.ACCOUNT, Retry.WHEN_MENDED, "have the sender verified at 360NRS")),
    116: ("Invalid reply address", _MAPPING),
    117: ("Reply address is not verified", _ACCOUNT),
    118: ("E-mail blocked for exceeding the hard-bounced limit allowed", _ACCOUNT),
    119: ("Invalid expiration date", _MESSAGE),
    120: ("Invalid GUID", _US),
    121: ("Invalid scheduled date", _US),
    122: ("Update error", _PROVIDER),
    123: ("Delete error", _PROVIDER),
    125: ("Invalid JSON", _US),
    126: ("Empty campaign name", _US),
    130: ("Invalid voice language", _MAPPING),
    131: ("Invalid voice gender", _MAPPING),
    132: ("Invalid voice caller", _MAPPING),
    133: ("Invalid audio URL", _MAPPING),
    134: ("Unsupported audio format", _MAPPING),
    140: ("Template missing", _MAPPING),
    141: ("Missing landing placeholder", _MAPPING),
    142: ("Can't split variable placeholders", _US),
    150: ("Missing billing profile", _ACCOUNT),
    151: ("Error retrieving the payment page", _ACCOUNT),
    152: ("Invalid VAT", _ACCOUNT),
    153: ("Invalid method", _ACCOUNT),
    154: ("Invalid conversion rate", _ACCOUNT),
    155: ("Maximum limit reached", _ACCOUNT),
    156: ("Minimum limit reached", _ACCOUNT),
    157: ("Error generating invoice", _ACCOUNT),
    160: ("Invalid voice interactive language", _MAPPING),
    161: ("Invalid voice interactive gender", _MAPPING),
    162: ("Invalid voice interactive caller", _MAPPING),
    163: ("Invalid voice interactive audio URL", _MAPPING),
    164: ("Unsupported voice interactive audio format", _MAPPING),
    165: ("Invalid voice interactive speech type", _MAPPING),
    166: ("Invalid voice interactive menu option type", _MAPPING),
    167: ("Trying to save an existing campaign", _US),
    168: ("Empty speech type", _MAPPING),
    169: ("Empty menu", _MAPPING),
    170: ("Empty phone key", _MAPPING),
    171: ("Phone key is not a number", _MAPPING),
    172: ("Phone key out of range", _MAPPING),
    173: ("Empty menu options for sub menu", _MAPPING),
    174: ("Empty phone prefix for call transfer", _MAPPING),
    175: ("Empty phone for call transfer", _MAPPING),
    176: ("Call retries value is not an integer", _MAPPING),
    177: ("Call retries value out of range", _MAPPING),
    178: ("Cost limit value is not an integer", _MAPPING),
    179: ("Speech retries value is not an integer", _MAPPING),
    180: ("Speech retries value out of range", _MAPPING),
    181: ("Speech timeout seconds value is not an integer", _MAPPING),
    182: ("Speech timeout seconds value out of range", _MAPPING),
    183: ("Available times value is not an array", _MAPPING),
    184: ("Available times day is not an integer", _MAPPING),
    185: ("Available times day out of range", _MAPPING),
    186: ("Available times from hour format error", _MAPPING),
    187: ("Available times to hour format error", _MAPPING),
    188: ("Available times from hour is greater than to hour", _MAPPING),
    189: ("Missing available time object property", _MAPPING),
    190: ("Call retries is specified but its value is empty", _MAPPING),
    191: ("Cost limit is specified but its value is empty", _MAPPING),
    192: ("Speech retries is specified but its value is empty", _MAPPING),
    193: ("Speech timeout seconds is specified but its value is empty", _MAPPING),
    194: ("Available times is specified but its value is empty", _MAPPING),
    195: ("No valid contacts external ids", _RECIPIENT),
    196: ("Available times range is too short", _MAPPING),
    404: ("Resource not found", (Fault.UNKNOWN, Retry.NO, "check the id that was asked for, and base_url")),
    422: ("Input validation error", _MESSAGE),
}
"""Code to the guide's words, and whose fault it is, whether to try again and what to do. The guide's table lacks 404,
which it shows under "SMS information by message id"."""


VALIDATION = 422
_A_NUMBER = re.compile(r"\d{6,}")


def failure_of(code: object, description: str = "") -> Failure:
    """The failure that an error code stands for.

    The guide's words are used where it lists the code. The provider's own description is kept, without numbers, for
    validation errors (it says which field) and for codes the guide does not list.
    """
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else -1
    told = _A_NUMBER.sub("…", description[:200])
    words, (fault, retry, advice) = ERRORS.get(number, (told or "an error the guide does not list", _UNKNOWN))
    if number == VALIDATION and told:
        words = f"{words} ({told})"
    return Failure(str(code)[:20], f"360NRS: {words}; {advice}", fault, retry)


def of_the_message(failure: Failure) -> Failure:
    """The account's failure, where it is of a name that the message brought along: no other message meets it."""
    words, _ = ERRORS[int(failure.code)]
    reason = f"360NRS: {words}; have it verified at 360NRS, or name another on the record or in the mapping"
    return replace(failure, reason=reason, fault=Fault.MAPPING, retry=Retry.WHEN_MENDED)


@dataclass(frozen=True, slots=True)
class Event:
    """What one of 360NRS's event words means to us."""

    state: State | None
    failure: Failure | None = None
    opted_out: bool = False


_OPT_OUT = Event(None, opted_out=True)
_UNDELIVERED = Failure(
    "undelivered", "the message could not be delivered to this number; check the number", Fault.RECIPIENT
)
_BOUNCED = Failure("hard_bounced", "the address does not exist; mend it on the record", Fault.RECIPIENT)

EVENTS: Mapping[str, Event] = {
    "sent": Event(State.SENT),
    "delivered": Event(State.DELIVERED),
    "undelivered": Event(State.UNDELIVERED, _UNDELIVERED),
    "rejected": Event(
        State.REJECTED, Failure("rejected", "the attempt to send was rejected; ask 360NRS why", Fault.UNKNOWN)
    ),
    "expired": Event(
        State.EXPIRED,
        Failure("expired", "the message's validity ended before it could be delivered", Fault.RECIPIENT),
    ),
    "hard_bounced": Event(State.UNDELIVERED, _BOUNCED),
    "unsubscribed": _OPT_OUT,
    "unsubscribed_landing": _OPT_OUT,
    "complaint": _OPT_OUT,
    "soft_bounced": Event(None),
    "opened": Event(None),
    "clicked": Event(None),
    "form_opened": Event(None),
    "form_submitted": Event(None),
    "form_rejected": Event(None),
}

READ = "read"
"""What a WhatsApp message becomes after it was delivered (guide: "Show the messages in a conversation")."""

MOVES_NOTHING = frozenset({READ, *(word for word, event in EVENTS.items() if event.state is None)})

NO_MEANING = Event(None)
"""A word the guide does not list: kept and shown, and it moves nothing."""


def event_of(word: str) -> Event:
    """What an event's word means, in any case of letters."""
    return EVENTS.get(word.strip().lower(), NO_MEANING)
