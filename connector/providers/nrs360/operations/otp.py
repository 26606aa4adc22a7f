"""Codes that a person reads back (guide: "OTP")."""

from typing import Annotated

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import OTPConfig, Resource, ToldDate
from connector.providers.operation import Asked, Room, named


class GenerateCode(OTPConfig):
    """A new code."""

    recipient: Annotated[str, Field(min_length=1, description="the number, digits with prefix, or the address")]


class CheckCode(Asked):
    """A code that a person has given."""

    recipient: Annotated[str, Field(min_length=1, description="the number, digits with prefix, or the address")]
    code: Annotated[str, Field(min_length=1, description="the code as given")]
    case_sensitive: Annotated[bool | None, named("caseSensitive", description="capitals and small letters differ")] = (
        None
    )
    app_id: Annotated[str | None, named("appId", description="the purpose it was made for")] = None


class Code(Resource):
    """A code."""

    recipient: str
    code: str | None = None
    attempts: int | None = None
    max_attempts: Annotated[int | None, named("maxAttempts")] = None
    max_seconds_validity: Annotated[int | None, named("maxSecondsValidity")] = None
    app_id: Annotated[str | None, named("appId")] = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None
    updated_at: Annotated[ToldDate | None, named("updatedAt")] = None
    expires_at: Annotated[ToldDate | None, named("expiresAt")] = None


class CheckedCode(Resource):
    """Whether the code is the right one, and why not: Invalid code, Maximum attempts reached, or Expired."""

    valid: bool
    reason: str | None = None
    otp: Code | None = None


class OTP(Room):
    """Codes."""

    room = "otp"

    generate = NRS360Operation("POST", "otp/generate", section="Generate code", asks=GenerateCode, tells=Code)
    check = NRS360Operation("POST", "otp/check", section="Check code", asks=CheckCode, tells=CheckedCode)
