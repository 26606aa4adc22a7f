"""Smsclouds' errors (guide, "Errors"): an HTTP code and a JSON object with words and the code again."""

from connector.sandbox.providers.answers import Refused, json_answer

_MEANINGS = {
    400: "Bad Request -- Your request is not correct",
    401: "Unauthorized -- Your API key is wrong",
    404: "Not Found -- The specified route could not be found",
    422: "Unprocessable Entity -- You send something wrong",
    500: "Internal Server Error -- We had a problem with our server. Try again later.",
}


class Refusal(Refused):
    """A request that Smsclouds refuses; `information` is the guide's meaning of the code unless given."""

    def __init__(self, status: int, information: str = "") -> None:
        error = {"information": information or _MEANINGS.get(status, "Server error"), "status_code": status}
        super().__init__(json_answer({"error": error}, status))
