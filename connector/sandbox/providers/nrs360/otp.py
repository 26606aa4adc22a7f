"""One-time codes (guide, "OTP", and `otpConfig` of the sendings)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.parameters import FLAG, REACHABLE, TEXT, Parameter, check
from connector.sandbox.providers.nrs360.tables import OTP
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DIGITS = "0123456789"
_USUAL: dict[str, Any] = {"maxAttempts": 3, "maxSecondsValidity": 60, "appId": ""}
_RECIPIENT = Parameter("recipient", REACHABLE, required=True)
_GENERATE = (_RECIPIENT, *OTP)
_CHECK = (
    _RECIPIENT,
    Parameter("code", TEXT, required=True),
    Parameter("caseSensitive", FLAG),
    Parameter("appId", TEXT),
)


@dataclass
class Code:
    """A code that was given out. Times are seconds since 1970; `limits` are the guide's fields, `maxSecondsValidity` in
    seconds."""

    recipient: str
    text: str
    limits: dict[str, Any]
    created: float
    updated: float
    attempts: int = 0

    @property
    def expires(self) -> float:
        """When it is valid no more, seconds since 1970."""
        return self.created + float(self.limits["maxSecondsValidity"])

    def show(self) -> dict[str, Any]:
        """The code as the guide shows it."""
        return {
            "recipient": self.recipient,
            "code": self.text,
            "attempts": self.attempts,
            **self.limits,
            "createdAt": written(self.created),
            "updatedAt": written(self.updated),
            "expiresAt": written(self.expires),
        }


class Otp:
    """The last code of each recipient and application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._codes: dict[tuple[str, str], Code] = {}
        self._issued = 0

    def operations(self) -> list[Operation]:
        """The two operations of the section."""
        return [("POST", "/otp/generate", self.generate), ("POST", "/otp/check", self.check)]

    def issue(self, recipient: str, config: Mapping[str, Any]) -> str:
        """A new code, as `otpConfig` says: 4 digits, 3 attempts and 60 seconds unless it says otherwise."""
        return self._issue(recipient, config).text

    def generate(self, asked: Asked) -> Answer:
        """``POST /otp/generate``."""
        given = asked.fields()
        check(given, _GENERATE)
        return answered({"data": self._issue(given["recipient"], given).show()})

    def check(self, asked: Asked) -> Answer:
        """``POST /otp/check``; 404 for a recipient that has no code."""
        given = asked.fields()
        check(given, _CHECK)
        code = self._codes.get((given["recipient"], given.get("appId") or ""))
        if code is None:
            raise Refusal(404)
        now = self.world.now()
        code.attempts, code.updated = code.attempts + 1, now
        reason = _reason(code, given["code"], given.get("caseSensitive") is True, now)
        return answered({"data": {"valid": reason == "Valid", "reason": reason, "otp": {"data": code.show()}}})

    def _issue(self, recipient: str, config: Mapping[str, Any]) -> Code:
        self._issued += 1
        alphabet = _LETTERS if config.get("alpha") else _DIGITS
        digest = blake2b(f"{self.world.seed}/{recipient}/{self._issued}".encode(), digest_size=10).digest()
        text = "".join(alphabet[byte % len(alphabet)] for byte in digest)[: config.get("length") or 4]
        limits = {name: config.get(name) or usual for name, usual in _USUAL.items()}
        now = self.world.now()
        code = self._codes[recipient, limits["appId"]] = Code(recipient, text, limits, now, now)
        return code


def _reason(code: Code, text: str, case_sensitive: bool, now: float) -> str:
    if code.attempts > code.limits["maxAttempts"]:
        return "Maximum attempts reached"
    if now > code.expires:
        return "Expired"
    same = text == code.text if case_sensitive else text.lower() == code.text.lower()
    return "Valid" if same else "Invalid code"
