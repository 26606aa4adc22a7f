"""Smsclouds' errors (guide, "Errors"): an HTTP code and a JSON object with words and the code again."""

from starlette.responses import JSONResponse

_MEANINGS = {
    400: "Bad Request -- Your request is not correct",
    401: "Unauthorized -- Your API key is wrong",
    404: "Not Found -- The specified route could not be found",
    422: "Unprocessable Entity -- You send something wrong",
    500: "Internal Server Error -- We had a problem with our server. Try again later.",
}


class Refusal(Exception):
    """A request that Smsclouds refuses; `information` is the guide's meaning of the code unless given."""

    def __init__(self, status: int, information: str = "") -> None:
        self.status = status
        self.information = information or _MEANINGS.get(status, "Server error")
        super().__init__(f"{status}: {self.information}")

    def response(self) -> JSONResponse:
        """The answer with the guide's error JSON."""
        error = {"information": self.information, "status_code": self.status}
        return JSONResponse({"error": error}, self.status)
