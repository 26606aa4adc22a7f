"""``POST /oauth/token`` (guide v2.0, "Request Access Token"): client credentials against a token that expires.

The guide shows one error, ``invalid_client``; the others are those of RFC 6749, section 5.2.
"""

import base64
import hmac
from hashlib import sha256
from typing import Any

import orjson
from starlette.responses import Response

from connector.sandbox.providers.answers import Refused, json_answer
from connector.sandbox.providers.bulk360.form import fields

_KEY = _SECRET = "sandbox"


class Tokens:
    """The access tokens in force. Asking for a new one leaves the old ones good."""

    def __init__(self) -> None:
        self._expiries: dict[str, float] = {}

    def grant(self, body: bytes, content_type: str, now: float, seconds: int) -> Response:
        """A token good for `seconds`. Raises Refused with an error of OAuth."""
        given = fields(body, content_type)
        if given is None or not all(given.get(name) for name in ("grant_type", "client_id", "client_secret")):
            raise Refused(_error("invalid_request", "A parameter is missing, repeated or malformed", 400))
        if given["grant_type"] != "client_credentials":
            raise Refused(_error("unsupported_grant_type", "The grant type is not supported", 400))
        if (given["client_id"], given["client_secret"]) != (_KEY, _SECRET):
            raise Refused(invalid_client())
        token = _jwt({"aud": _KEY, "jti": len(self._expiries), "iat": now, "exp": now + seconds})
        self._expiries[token] = now + seconds
        return json_answer({"token_type": "Bearer", "expires_in": seconds, "access_token": token})

    def knows(self, authorization: str, now: float) -> bool:
        """Whether a header ``Bearer <token>`` names a token that is in force."""
        scheme, _, token = authorization.partition(" ")
        return scheme == "Bearer" and now < self._expiries.get(token, 0.0)

    def expire(self) -> None:
        """Take every token out of force."""
        self._expiries = dict.fromkeys(self._expiries, 0.0)


def invalid_client() -> Response:
    """The guide's answer to a wrong pair of key and secret."""
    return _error("invalid_client", "Client authentication failed", 401)


def _error(error: str, description: str, status: int) -> Response:
    return json_answer({"error": error, "error_description": description, "message": description}, status)


def _jwt(claims: dict[str, Any]) -> str:
    unsigned = f"{_encoded(orjson.dumps({'typ': 'JWT', 'alg': 'HS256'}))}.{_encoded(orjson.dumps(claims))}"
    return f"{unsigned}.{_encoded(hmac.digest(_SECRET.encode(), unsigned.encode(), sha256))}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
