"""Bulk360's codes, our word on the right.

Guide: "HTTP Response / Response Code", "Delivery Notification (DN) / Error Code".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.model.failures import Failure, Fault, Retry
from connector.model.states import State

NAME = "bulk360"
TITLE = "Bulk360"

_RECIPIENT = (Fault.RECIPIENT, Retry.NO, "check the number on the record")
_OUT_OF_REACH = (Fault.RECIPIENT, Retry.LATER, "the phone may be in reach again later")
_MESSAGE = (Fault.MESSAGE, Retry.NO, "change the text")
_SENDER = (Fault.ACCOUNT, Retry.WHEN_MENDED, "have the sender allowed at Bulk360, or name another in the mapping")
_ACCOUNT = (Fault.ACCOUNT, Retry.WHEN_MENDED, "mend the account at Bulk360 or its settings here")
_CREDIT = (Fault.ACCOUNT, Retry.WHEN_MENDED, "top the account up at Bulk360")
_PROVIDER = (Fault.PROVIDER, Retry.LATER, "the fault is at Bulk360 or a telco and may pass")
_US = (Fault.US, Retry.NO, "the connector sent what it should not have: please report it")
_UNKNOWN = (Fault.UNKNOWN, Retry.NO, "ask Bulk360 what it means")


@dataclass(frozen=True, slots=True)
class Code:
    """What a response code means: the state it proves, and the failure where it is a no."""

    state: State
    words: str
    blame: tuple[Fault, Retry, str] = _UNKNOWN


RESPONSES: Mapping[str, Code] = {
    "200": Code(State.ACCEPTED, "OK"),
    "400": Code(State.REJECTED, "missing parameters or invalid field type", _US),
    "401": Code(
        State.REJECTED,
        "invalid username or password",
        (Fault.ACCOUNT, Retry.WHEN_MENDED, "check app_key and app_secret in the account's settings"),
    ),
    "402": Code(State.REJECTED, "insufficient account credit", _CREDIT),
    "403": Code(
        State.REJECTED,
        "e-mail or mobile number not verified, message API not enabled, or this machine's address not allowed",
        _ACCOUNT,
    ),
    "405": Code(State.REJECTED, "invalid message type", (Fault.MESSAGE, Retry.NO, "mend the record or its mapping")),
    "406": Code(
        State.REJECTED,
        "the content is not approved",
        (Fault.MESSAGE, Retry.WHEN_MENDED, "submit the content to Bulk360 for approval"),
    ),
    "407": Code(State.REJECTED, "banned content detected, and the account is suspended for it", _MESSAGE),
    "412": Code(State.REJECTED, "the account is suspended, terminated or not activated", _ACCOUNT),
    "413": Code(State.REJECTED, "the account is in observation mode, with limited features", _ACCOUNT),
    "500": Code(State.UNKNOWN, "internal server error", _PROVIDER),
    "DELIVERED": Code(State.DELIVERED, "delivered to the handset"),
    "UNDELIVERED": Code(State.UNDELIVERED, "could not be delivered to the handset", _RECIPIENT),
}
"""Every response code. The body's code decides, whatever the HTTP status is."""

BAD_CREDENTIALS = "401"
INVALID_CLIENT = "invalid_client"
"""What no token is given for, in the `error` of the answer."""
BANNED_CONTENT = "407"
"""Refuses the one text of a request, and so each of its messages: none may be tried again, in any company."""

STATUSES: Mapping[str, State] = {"DELIVERED": State.DELIVERED, "UNDELIVERED": State.UNDELIVERED}
"""The statuses of a delivery notification."""

NO_ERROR = "000"
EXPIRED = "552"
"""The one error code that makes another state of ``UNDELIVERED``."""
OPTED_OUT = "571"

DN_ERRORS: Mapping[str, tuple[str, tuple[Fault, Retry, str]]] = {
    NO_ERROR: ("no error", _UNKNOWN),
    "50": ("unknown error, or none specified", _UNKNOWN),
    "501": ("absent subscriber", _OUT_OF_REACH),
    "502": ("the handset's memory is full", _OUT_OF_REACH),
    "503": ("equipment protocol error", _RECIPIENT),
    "504": ("the handset takes no short messages", _RECIPIENT),
    "505": ("unknown subscriber: the number is in no register", _RECIPIENT),
    "506": ("illegal subscriber: the phone failed authentication", _RECIPIENT),
    "507": ("the number's contract has no short messages", _RECIPIENT),
    "508": ("illegal equipment: the handset is barred", _RECIPIENT),
    "509": ("the operator barred the number", _RECIPIENT),
    "510": ("the visited network takes no short messages", _OUT_OF_REACH),
    "511": ("the subscriber was busy with another short message", _OUT_OF_REACH),
    "512": ("system failure", _PROVIDER),
    "513": ("data missing between the networks", _PROVIDER),
    "514": ("unexpected data between the networks", _PROVIDER),
    "515": ("unidentified subscriber", _RECIPIENT),
    "516": ("absent subscriber: no answer to paging", _OUT_OF_REACH),
    "517": ("absent subscriber: the phone is off", _OUT_OF_REACH),
    "518": ("absent subscriber: roaming restriction", _OUT_OF_REACH),
    "547": ("application context not supported", _PROVIDER),
    "550": ("temporary error of the other message centre", _PROVIDER),
    "551": ("the short message is malformed", _US),
    EXPIRED: ("the short message expired", _OUT_OF_REACH),
    "553": ("insufficient credit, or the account may not send to that destination", _CREDIT),
    "554": ("invalid destination: not a valid number", _RECIPIENT),
    "555": ("no route for this short message", _ACCOUNT),
    "556": ("buffered; it may still be delivered", _OUT_OF_REACH),
    "557": ("the other side gave no answer in time", _PROVIDER),
    "558": ("more messages than the account may send", (Fault.ACCOUNT, Retry.LATER, "send more slowly")),
    "561": ("the subscriber is blacklisted", (Fault.RECIPIENT, Retry.NO, "do not send to this number")),
    "562": ("the subscriber is not white-listed", _ACCOUNT),
    "569": ("invalid sender ID", _SENDER),
    OPTED_OUT: ("the subscriber opted out", (Fault.RECIPIENT, Retry.NO, "do not send to this number")),
    "574": ("rejected by the other message centre", _UNKNOWN),
    "575": ("rejected for inappropriate content", _MESSAGE),
    "576": ("the sender ID is blacklisted", _SENDER),
    "577": ("the sender ID is not white-listed", _SENDER),
}
"""Every error code of a delivery notification: the words, and whose fault it is, whether to try again, what to do."""


def code_of(value: object) -> str:
    """A code as the guide prints it, however it came; "" for what can be none."""
    return str(value).strip().upper() if isinstance(value, int | str) and not isinstance(value, bool) else ""


def response_failure(code: str) -> Failure:
    """The failure that a response code stands for."""
    known = RESPONSES.get(code, Code(State.UNKNOWN, "a response code the guide does not list"))
    return _failure(code, known.words, known.blame)


def delivery_failure(error: str) -> Failure:
    """Why a message was not delivered, by its error code; "" where the telco gave none."""
    if not error:
        return Failure("UNDELIVERED", f"{TITLE}: not delivered, and the telco does not say why", Fault.RECIPIENT)
    # as JSON a code may have lost the zeros the guide prints
    listed = next((code for code in (error, error.zfill(3)) if code in DN_ERRORS), error)
    words, blame = DN_ERRORS.get(listed, ("an error code the guide does not list", _UNKNOWN))
    return _failure(listed, words, blame, opted_out=listed == OPTED_OUT)


def _failure(code: str, words: str, blame: tuple[Fault, Retry, str], *, opted_out: bool = False) -> Failure:
    fault, retry, advice = blame
    return Failure(code[:20] or "no_code", f"{TITLE}: {words}; {advice}", fault, retry, opted_out)
