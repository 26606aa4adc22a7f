"""The org's refusals: Salesforce's error codes, and the HTTP status each is answered with.

Source: "REST API Developer Guide", Status Codes and Error Responses; "SOAP API Developer Guide", StatusCode.
"""

from typing import Any

_STATUS = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
}
# Refused before a record was looked at, so the error has no list of fields, not even an empty one.
_WITHOUT_FIELDS = ("INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY")


class OrgError(Exception):
    """A refusal: `code` is Salesforce's errorCode (statusCode in per-record results), `fields` what it is about."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status or _STATUS.get(code, 400)

    def top_level(self) -> list[dict[str, Any]]:
        """The body of a refused request: an array of one error."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields or (self.status == 400 and self.code not in _WITHOUT_FIELDS):
            error["fields"] = list(self.fields)
        return [error]

    def in_result(self) -> dict[str, Any]:
        """The error as a per-record result tells it, where the code is called statusCode."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


class NotDeserializable(OrgError):
    """A value of a JSON type its field cannot take; `token` is Jackson's name of what was found instead."""

    def __init__(self, wanted: str, token: str, value: object, field: str) -> None:
        shown = "" if token.startswith("START") else f" value {value}"
        super().__init__(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of {wanted} from {token}{shown} or request may be missing a required field",
        )
        self.field = field
