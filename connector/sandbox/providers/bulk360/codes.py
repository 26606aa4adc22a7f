"""Bulk360's codes (guide v2.0, "HTTP Response", table of response codes, and "Delivery Notification", error codes)."""

from http.client import responses

from starlette.responses import Response

from connector.sandbox.providers.answers import Refused, json_answer

DESCRIPTIONS = {
    200: "OK",
    400: "Missing parameters or invalid field type",
    401: "Invalid Username or password",
    402: "Insufficient Account credit",
    403: "Email or Mobile Number not verify, message API not enabled, requested IP not whitelisted or not enabled",
    405: "Invalid Message Type",
    406: "Message content is not approved",
    407: "Banned Content detected. Your account is suspended",
    412: "Account suspended / Terminated / Not activated",
    413: "Account under observation mode, limited features enabled",
    500: "Internal server error",
}
NO_ERROR = "000"
BUFFERED = "556"
_UNSPECIFIED = "50"
# Every code of the guide's table that says why a message failed.
FAILURES = (
    _UNSPECIFIED,
    *(str(code) for code in range(501, 519)),
    *("547", *(str(code) for code in range(550, 559))),
    *("561", "562", "569", "571", *(str(code) for code in range(574, 578))),
)


class Refusal(Refused):
    """A request that Bulk360 refuses whole. The HTTP status is the code; the guide says nothing of it."""

    def __init__(self, code: int) -> None:
        super().__init__(coded(code))


def coded(code: int) -> Response:
    """The flat answer with nothing but a code; codes that the guide lacks (429, 503) are described as HTTP does."""
    description = DESCRIPTIONS.get(code) or responses.get(code, "error")
    return json_answer({"code": code, "desc": description}, code)
