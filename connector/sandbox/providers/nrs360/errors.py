"""360NRS's errors (guide, "Errors"): code, HTTP code, description, as far as the built operations can give them."""

from starlette.responses import JSONResponse

_ERRORS: dict[int, tuple[int, str]] = {
    102: (400, "No valid recipients"),
    103: (401, "Username or password unknown"),
    104: (400, "Text message missing"),
    105: (400, "Text message too long"),
    106: (400, "Sender missing"),
    107: (400, "Sender too long"),
    108: (400, "No valid Datetime for send"),
    109: (400, "Notification URL incorrect"),
    110: (400, "Exceeded maximum parts allowed or incorrect number of parts"),
    111: (402, "Not enough credits"),
    113: (400, "Invalid coding"),
    114: (400, "Invalid subject"),
    115: (400, "Sender is not verified"),
    116: (400, "Invalid replyTo"),
    117: (400, "ReplyTo is not verified"),
    118: (401, "Email blocked for exceeding the hard-bounced limit allowed"),
    119: (400, "Invalid expiration date"),
    120: (400, "Invalid GUID"),
    121: (400, "Invalid scheduled date"),
    125: (400, "Invalid JSON"),
    126: (400, "Empty campaign name"),
    130: (400, "Invalid voice language"),
    131: (400, "Invalid voice gender"),
    132: (400, "Invalid voice caller"),
    133: (400, "Invalid audio URL"),
    134: (400, "Unsupported audio format"),
    140: (400, "Template missing"),
    141: (400, "Missing landing placeholder"),
    142: (400, "Can't split variable placeholders"),
    176: (400, "Call retries value is not an integer"),
    177: (400, "Call retries value out of range"),
    183: (400, "Available times value is not an array"),
    184: (400, "Available times day is not an integer"),
    185: (400, "Available times day out of range"),
    186: (400, "Available times from hour format error"),
    187: (400, "Available times to hour format error"),
    188: (400, "Available times from hour is greater than to hour"),
    189: (400, "Missing available time object property"),
    190: (400, "Call Retries is specified but its value is empty"),
    194: (400, "Available times is specified but its value is empty"),
    196: (400, "Available times range is too short"),
    404: (404, "Resource not found"),
    422: (422, "Input validation error"),
}


class Refusal(Exception):
    """A request, or one recipient of it, that 360NRS refuses. 422 says in its own words what is wrong."""

    def __init__(self, code: int, description: str = "") -> None:
        self.status, default = _ERRORS[code]
        self.code = code
        self.description = description or default
        super().__init__(f"{code}: {self.description}")

    def error(self) -> dict[str, object]:
        """The object that stands under ``error``, in an answer or in one recipient's result."""
        return {"code": self.code, "description": self.description}

    def response(self) -> JSONResponse:
        """The answer that refuses the whole request."""
        return JSONResponse({"error": self.error()}, self.status)


def server_error(status: int) -> JSONResponse:
    """The answer of a server in trouble: error 101 for 500; other codes (429, 503) carry their own number."""
    code = 101 if status == 500 else status
    words = "Internal Database error" if status == 500 else "Too many requests" if status == 429 else "Server error"
    return JSONResponse({"error": {"code": code, "description": words}}, status)
