"""The login: one access token for all threads, renewed once, and never in a loop.

Source: Salesforce Help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration" and "OAuth 2.0 JWT Bearer
Flow for Server-to-Server Integration".
"""

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
import orjson
import requests

from connector.crm.http import OrgHTTP
from connector.crm.options import SalesforceOptions
from connector.model.errors import CRMError, Passing, SessionLost, SettingsError

_ORG = re.compile(r"/id/(00D[0-9A-Za-z]{15})(?:/|$)")

_ADVICE: Mapping[str, str] = {
    "invalid_client_id": "check client_id",
    "invalid_client": "check client_id and client_secret",
    "invalid_grant": "check that the app is approved for the user and that the flow has a run-as user",
    "invalid_app_access": "give the user's profile or permission set access to the connected app",
    "unsupported_grant_type": "switch the flow on in the connected app",
    "inactive_user": "the user is inactive; choose another",
    "inactive_org": "the org is locked or closed",
}


class Login:
    """The access token of one org. Thread-safe.

    A token answer carries no lifetime, so a token is kept until a call is refused with it; then whoever holds the lock
    logs in, and the others take what came. A refused login is remembered for `refused_login_pause` seconds.
    """

    def __init__(self, options: SalesforceOptions, http: OrgHTTP, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._org_id = ""
        self._refused: tuple[SessionLost, datetime] | None = None

    def token(self) -> str:
        """The token in use; the first caller logs in.

        Raises:
            SessionLost: the login is refused; the sentence says what to check.
            Passing, NeverLeft, MayHaveLeft: the login server has passing trouble.
        """
        return self._token or self.renew(None)

    def renew(self, stale: str | None) -> str:
        """A token other than `stale`: a new one, unless another thread has already fetched it. Raises as `token`."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            self._check_refused()
            try:
                self._token = self._fetched()
            except SessionLost as error:
                self._remember(error)
                raise
            return self._token

    def refuse(self, token: str) -> SessionLost:
        """Notes that the org refuses a token just made, and gives the error to raise."""
        error = SessionLost(
            "The org refuses a session that it has just given out; check the connected app's policies and IP ranges.",
            code="INVALID_SESSION_ID",
            status=401,
        )
        with self._lock:
            if self._token == token:
                self._token = None
                self._remember(error)
        return error

    def org_id(self) -> str:
        """The org's 18-character id as the login answer names it; empty when it did not. Raises as `token`."""
        self.token()
        return self._org_id

    def _check_refused(self) -> None:
        if self._refused is None:
            return
        error, until = self._refused
        if self._clock() < until:
            raise SessionLost(str(error), code=error.code, status=error.status)
        self._refused = None

    def _remember(self, error: SessionLost) -> None:
        self._refused = error, self._clock() + timedelta(seconds=self._options.refused_login_pause)

    def _fetched(self) -> str:
        form, auth = self._grant()
        answer = self._http.post(self._options.token_url, data=form, auth=auth)
        body = _read(answer)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Passing(f"The login server answered HTTP {answer.status_code}.", status=answer.status_code)
        token = body.get("access_token")
        if answer.status_code != 200 or not isinstance(token, str):
            raise _refusal(answer.status_code, body)
        found = _ORG.search(str(body.get("id", "")))
        self._org_id = found.group(1) if found else ""
        return token

    def _grant(self) -> tuple[dict[str, str], Callable[[Any], Any]]:
        options = self._options
        if options.flow == "client_credentials":
            form = {"grant_type": "client_credentials", "client_id": options.client_id}
            if options.client_secret is not None:
                form["client_secret"] = options.client_secret.get_secret_value()
            return form, without_netrc
        expires = self._clock() + timedelta(minutes=3)
        claims = {
            "iss": options.client_id,
            "sub": options.username,
            "aud": options.audience,
            "exp": int(expires.timestamp()),
        }
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": _signed(claims, self._private_key()),
        }
        return form, without_netrc

    def _private_key(self) -> str:
        options = self._options
        if options.private_key is not None:
            return options.private_key.get_secret_value()
        try:
            return options.private_key_file.read_text() if options.private_key_file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"private_key_file {options.private_key_file} cannot be read ({type(error).__name__}); it must be a PEM"
                " file that the connector may read."
            ) from error


class Bearer(requests.auth.AuthBase):
    """Puts the token on a request, whatever a .netrc file says of the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its Authorization header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def without_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that adds nothing: without one, requests would take credentials from a .netrc file."""
    return request


def _signed(claims: dict[str, Any], key: str) -> str:
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # the cause may quote the key
        raise SettingsError(
            "The private key of the jwt_bearer flow is not an RSA key in PEM form without a password; correct"
            " private_key or private_key_file."
        ) from None


def _read(answer: requests.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(status: int, body: Mapping[str, Any]) -> CRMError:
    code = str(body.get("error", ""))
    said = str(body.get("error_description", "")) or f"HTTP {status}"
    advice = _ADVICE.get(code, "check base_url, login_url and the connected app")
    return SessionLost(f"The org refuses the login ({code or 'no code'}: {said}); {advice}.", code=code, status=status)
