"""Optimum Measures' words and codes, our word on the right (guide: "Send SMS", "Call Status and Error details")."""

from collections.abc import Mapping

from connector.model.failures import Failure, Fault, Retry
from connector.model.states import State

NAME = "optimum"
TITLE = "Optimum Measures"

RECEIVED = "received"
"""The `Status` of an answer that says yes."""

RECEIVED_WITH_ERROR = "received with error"
"""What the words of every answer that says no begin with."""

STATUSES: Mapping[str, State] = {RECEIVED: State.ACCEPTED, "delivered": State.DELIVERED}
"""Statuses of an SMS: the guide prints no others."""

CALL_STATUSES: Mapping[str, State] = {
    "answered": State.DELIVERED,
    "busy": State.UNDELIVERED,
    "noanswer": State.UNDELIVERED,
    "failed": State.FAILED,
}
"""Statuses of a call (guide: "Call Status")."""

CALL_REASONS: Mapping[str, tuple[str, Fault, Retry]] = {
    "na": ("no reason is given", Fault.UNKNOWN, Retry.NO),
    "timeout": ("nobody took the call in time", Fault.RECIPIENT, Retry.LATER),
    "callerhangup": ("the call was hung up", Fault.RECIPIENT, Retry.LATER),
    "blocked": ("calls to the number are blocked", Fault.RECIPIENT, Retry.NO),
    "general error": ("a general error", Fault.PROVIDER, Retry.LATER),
    "cancel": ("the call was cancelled", Fault.ACCOUNT, Retry.NO),
}
"""Why a call did not get through (guide: "Reasons")."""

CALL_ENDS: Mapping[str, tuple[str, Fault, Retry]] = {
    "busy": ("the number was busy", Fault.RECIPIENT, Retry.LATER),
    "noanswer": ("nobody answered", Fault.RECIPIENT, Retry.LATER),
    "failed": ("the call failed", Fault.UNKNOWN, Retry.NO),
}
"""What a call's status says where its reason says nothing."""

MESSAGE_ERRORS: Mapping[str, tuple[Fault, Retry, str]] = {
    "international number invalid": (Fault.RECIPIENT, Retry.NO, "mend the number on the record"),
}
"""The `Error` of a status (guide: "Call back")."""

_US = (Fault.US, Retry.NO, "the connector sent what it should not have: please report it")
_MAPPING = (Fault.MAPPING, Retry.WHEN_MENDED, "name it in the mapping or in the account's settings")

MISSING_PARAMETERS: Mapping[str, tuple[Fault, Retry, str]] = {
    "destination": _US,
    "sender": _MAPPING,
    "locale": _MAPPING,
    "message": (Fault.MESSAGE, Retry.NO, "fill in the text on the record"),
}
"""How the name of what is "missing or empty" begins, for the ids that mean it."""

MISSING_PARAMETER_IDS = frozenset({"125", "5000"})

ERRORS: Mapping[str, tuple[Fault, Retry, str]] = {
    "125": _US,
    "5000": _US,
    "5001": _US,
    "5002": (Fault.MAPPING, Retry.WHEN_MENDED, "correct the campaign of the call in the mapping"),
    "5003": _US,
}
"""Error ids (guide: "Error Details (Platform Rejection)", and 125 under "Send SMS / Response")."""


def failure_of(error_id: str, words: str) -> Failure:
    """What an error id stands for, with Optimum Measures' own words (already fit to be told)."""
    meaning = ERRORS.get(error_id, (Fault.UNKNOWN, Retry.NO, f"ask {TITLE} what it means"))
    if error_id in MISSING_PARAMETER_IDS:
        parameter = words.lower().partition("parameter ")[2]
        meaning = next((row for name, row in MISSING_PARAMETERS.items() if parameter.startswith(name)), meaning)
    fault, retry, advice = meaning
    return Failure(error_id or "error", f"{TITLE}: {words or 'an error without words'}; {advice}", fault, retry)


def call_failure(status: str, reason: str) -> Failure:
    """Why a call that did not get through did not: by its reason, else by its status."""
    code = reason if reason and reason.lower() != "na" else status
    unlisted = (f"`{code}`, which the guide does not list", Fault.UNKNOWN, Retry.NO)
    words, fault, retry = (CALL_REASONS if code is reason else CALL_ENDS).get(code.lower(), unlisted)
    return Failure(code, f"{TITLE}: {words}", fault, retry)


def message_failure(word: str, error: str, error_id: str) -> Failure:
    """Why an SMS did not get through, by the `Error` and `ErrorLogsID` of its status (already fit to be told)."""
    fault, retry, advice = MESSAGE_ERRORS.get(error.lower(), (Fault.UNKNOWN, Retry.NO, f"ask {TITLE} what it means"))
    return Failure(
        error_id or word, f"{TITLE} reports `{word}`: {error or 'it does not say why'}; {advice}", fault, retry
    )
