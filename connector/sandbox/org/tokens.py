"""Who may speak to the org: access tokens, and the OAuth flows that give them.

Source: Salesforce Help, "OAuth 2.0 JWT Bearer Flow", "OAuth 2.0 Client Credentials Flow" and "OAuth 2.0 Refresh Token
Flow".
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import jwt

from connector.sandbox.org.clock import Clock

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


class Denied(Exception):
    """A refused request for a token, as OAuth says it: `error` and `error_description`, with status 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Tokens:
    """Gives, knows and expires access tokens. Any non-empty `sub` of a JWT is a user who approved the client."""

    def __init__(self, clock: Clock, organization: str, lifetime: timedelta = timedelta(hours=2)) -> None:
        self.lifetime = lifetime
        self.public_key: str | None = None  # PEM; without one, no signature is checked
        self.issued = 0
        self._clock = clock
        self._organization = organization
        self._expiry: dict[str, float] = {}

    def expire_all(self) -> None:
        """End every session now."""
        self._expiry.clear()

    def revoke(self, token: str) -> None:
        """End one session."""
        self._expiry.pop(token, None)

    def valid(self, token: str) -> bool:
        """Whether a session is alive."""
        return self._expiry.get(token, 0) > self._clock.now().timestamp()

    def issue(self) -> str:
        """A new access token."""
        token = f"{self._organization[:15]}!AQ{secrets.token_hex(40)}"
        self._expiry[token] = (self._clock.now() + self.lifetime).timestamp()
        self.issued += 1
        return token

    def grant(self, form: Mapping[str, str], instance_url: str) -> str:
        """An access token for whom the form proves to be; raises Denied. Refresh tokens that begin `expired` are."""
        flows: dict[str, Callable[[Mapping[str, str], str], None]] = {
            "client_credentials": self._client_credentials,
            JWT_BEARER: self._jwt_bearer,
            "refresh_token": self._refresh,
        }
        flow = flows.get(form.get("grant_type", ""))
        if flow is None:
            raise Denied("unsupported_grant_type", "grant type not supported")
        flow(form, instance_url)
        return self.issue()

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != CLIENT_ID:
            raise Denied("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != CLIENT_SECRET:
            raise Denied("invalid_client", "invalid client credentials")

    def _client_credentials(self, form: Mapping[str, str], _instance_url: str) -> None:
        self._check_client(form)

    def _refresh(self, form: Mapping[str, str], _instance_url: str) -> None:
        self._check_client(form)
        if not form.get("refresh_token"):
            raise Denied("invalid_request", "missing required parameter: refresh_token")
        if form["refresh_token"].startswith("expired"):
            raise Denied("invalid_grant", "expired access/refresh token")

    def _jwt_bearer(self, form: Mapping[str, str], instance_url: str) -> None:
        assertion = form.get("assertion", "")
        try:
            options: Any = {"verify_signature": self.public_key is not None, "verify_aud": False, "verify_exp": False}
            claims = jwt.decode(assertion, self.public_key or "", algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError as error:
            raise Denied("invalid_grant", "invalid assertion") from error
        if claims.get("iss") != CLIENT_ID:
            raise Denied("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in (*_AUDIENCES, instance_url):
            raise Denied("invalid_grant", "audience is invalid")
        if not claims.get("sub"):
            raise Denied("invalid_grant", "user hasn't approved this consumer")
        expiry = claims.get("exp")
        if not isinstance(expiry, int | float) or expiry <= self._clock.now().timestamp():
            raise Denied("invalid_grant", "expired authorization code")
