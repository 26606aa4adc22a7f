"""What Optimum Measures refuses and how (guide, "Send SMS" and "Voice Call", Error; "Error Details").

The guide shows one error of an SMS (125) and lists 5000 to 5003 under voice calls; an SMS that is no JSON gets the
listed 5001 in an SMS error's form. The HTTP status is not given: 200, since the body tells.
"""

from typing import Any

from connector.sandbox.providers.answers import Refused, json_answer

SMS_PARAMETER = "125"
CALL_PARAMETER = "5000"
INVALID_JSON = "5001"
INVALID_CAMPAIGN = "5002"
EITHER_OF_TWO = "5003"
_PREFIX = "Received with error - "


class WrongRequest(Exception):
    """A request that is wrong; whoever answers gives the error its form."""

    def __init__(self, error_id: str, words: str) -> None:
        self.error_id = error_id
        self.words = _PREFIX + words
        super().__init__(self.words)


def missing(error_id: str, parameter: str) -> WrongRequest:
    """The error of a parameter that is not there, is empty or is of the wrong type."""
    return WrongRequest(error_id, f"Parameter {parameter} is missing or empty")


def invalid_json() -> WrongRequest:
    """The error of a body that is no JSON object, or has a parameter that the guide does not know."""
    return WrongRequest(INVALID_JSON, "Invalid Json")


def refused_sms(wrong: WrongRequest) -> Refused:
    """The error of an SMS in the guide's form."""
    return Refused(json_answer({"Error ID": wrong.error_id, "Status": wrong.words}))


def refused_call(wrong: WrongRequest, call_id: str) -> Refused:
    """The error of a voice call in the guide's form: it carries an ID, as a success does."""
    answer: dict[str, Any] = {"ID": call_id, "ErrorID": wrong.error_id, "Message": wrong.words}
    return Refused(json_answer(answer))
