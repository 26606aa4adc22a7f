"""Smsclouds' codes, our word on the right (guide: "Errors", "Messages: ID and Status DLR", "Send Messages MT")."""

import re
from collections.abc import Mapping
from enum import StrEnum

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel
from connector.model.states import State

NAME = "smsclouds"

ERRORS: Mapping[int, tuple[str, Fault, Retry, str]] = {
    400: ("the request is not correct", Fault.US, Retry.NO, "please report it"),
    401: (
        "the token is wrong or has expired",
        Fault.ACCOUNT,
        Retry.WHEN_MENDED,
        "create a token in the account's API settings and put it into the connector's",
    ),
    404: ("there is no such address", Fault.ACCOUNT, Retry.WHEN_MENDED, "check base_url and the account's services"),
    422: (
        "a parameter is not accepted",
        Fault.MESSAGE,
        Retry.NO,
        "mend the record, or the account's route and country",
    ),
    500: ("the server had a problem", Fault.PROVIDER, Retry.LATER, "the fault may pass"),
}
"""HTTP status to what it means, whose fault it is, whether to try again, and what to do."""

_A_NUMBER = re.compile(r"\d{6,}")


def failure_of(status: int, information: str = "") -> Failure:
    """The failure an error's status stands for, with what Smsclouds says of it; numbers are left out."""
    unlisted = ("an error the guide does not list", Fault.UNKNOWN, Retry.NO, "ask Smsclouds what it means")
    words, fault, retry, advice = ERRORS.get(status, unlisted)
    told = f" ({_A_NUMBER.sub('…', information[:200])})" if information else ""
    return Failure(str(status), f"Smsclouds: {words}{told}; {advice}", fault, retry)


class Form(StrEnum):
    """How a text travels; each but `PLAIN` is the name of the request's field that asks for it."""

    PLAIN = "plain"
    LONG = "long_message"
    ENCODE = "encode"
    ENCODE_2 = "encode_2"
    ENCODE_3 = "encode_3"


LIMITS: Mapping[Form, int] = {
    Form.PLAIN: 160,
    Form.LONG: 306,
    Form.ENCODE: 70,
    Form.ENCODE_2: 128,
    Form.ENCODE_3: 192,
}
"""The longest text of each form: septets in the first two, UTF-16 units in the others."""

MERGE_FIELDS = (
    ("<+B+>", "name"),
    ("<+C+>", "field1"),
    ("<+D+>", "field2"),
    ("<+E+>", "field3"),
    ("<+F+>", "field4"),
)
"""Placeholder in the text, and the recipient's field that fills it (guide: "Message-Combination")."""

CAMPAIGNS_WITHOUT_MESSAGES = frozenset({"inserting", "unknown"})
"""Campaign statuses of which the guide says that no information can be had (yet)."""

MESSAGES: Mapping[str, State] = {
    "in progress": State.ACCEPTED,
    "paused": State.ACCEPTED,
    "retried": State.ACCEPTED,
    "sent": State.SENT,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    "canceled": State.CANCELLED,
}
"""Message statuses. `sent` means handed to the phone company; nothing is ever reported as delivered."""

FAILURES: Mapping[State, Failure] = {
    State.FAILED: Failure(
        "failed", "Smsclouds could not send the message and does not say why; check the number", Fault.UNKNOWN
    ),
    State.CANCELLED: Failure("cancelled", "the message was cancelled at Smsclouds", Fault.ACCOUNT),
}

LAST_WORD: Mapping[Channel, State] = {
    Channel.SMS: State.SENT,
    Channel.VOICE: State.SENT,
    Channel.EMAIL: State.ACCEPTED,
}
"""How far the statuses go: of an SMS to the phone company, of a call to "Sent", with no word of who took it (guide:
"Status of message", "Blaster (RoboCall) Status"); email campaigns have none (guide: "Send Email")."""

VOICE_BATCH = "voice/"
EMAIL_BATCH = "email/"
"""What the ids of voice and email campaigns begin with here, after the guide's paths: an SMS campaign may have the same
number."""

CALLS: Mapping[str, State] = {
    "0": State.ACCEPTED,
    "queued": State.ACCEPTED,
    "to_send": State.ACCEPTED,
    "1": State.ACCEPTED,
    "process": State.ACCEPTED,
    "2": State.SENT,
    "sent": State.SENT,
    "completed": State.SENT,
    "3": State.FAILED,
    "fail": State.FAILED,
    "cancel": State.CANCELLED,
    "cancelled": State.CANCELLED,
    "canceled": State.CANCELLED,
}
"""Statuses of voice campaigns and their calls, by number and by word (guide: "Blaster (RoboCall) Status"). 3 is "Fail/
Cancel": a failure, unless the campaign says that it was cancelled."""

CALLS_NOT_BEGUN = frozenset({"0", "queued", "to_send", "cancelled", "canceled"})
"""Statuses of a voice campaign that may have no calls to show."""

CALL_FAILURES: Mapping[State, Failure] = {
    State.FAILED: Failure(
        "3", "the call failed or was cancelled, and Smsclouds does not say which; check the number", Fault.UNKNOWN
    ),
    State.CANCELLED: Failure("cancelled", "the voice campaign was cancelled at Smsclouds", Fault.ACCOUNT),
}
