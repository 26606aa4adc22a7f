"""What 360 SMS App answers to a request that it does not take. The guide shows no error at all: these are its own
answers to a success with another `status`, or with `Success` false and the `error` filled in."""

from collections.abc import Callable

from connector.sandbox.providers.answers import Refused, json_answer

Refuse = Callable[[int, str], Refused]


def send_refused(status: int, words: str = "error") -> Refused:
    """A refusal under ``message``, as the answer to a send is."""
    return Refused(json_answer({"message": {"status": status, "message": words}}, status))


def lookup_refused(status: int, words: str = "error") -> Refused:
    """A refusal in the words of the answer to a lookup."""
    return Refused(json_answer({"Success": False, "error": words}, status))
