"""The addresses that need no API version: tokens and who the user is."""

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, unquote

from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.resources import user_info
from connector.sandbox.org.tokens import Denied


def session(call: Call) -> str | None:
    """The access token of a call, or None when it has none."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or not token:
        return None
    return unquote(token.strip())


def _basic(call: Call) -> dict[str, str]:
    """The client's id and secret, when they come in a Basic header instead of the form."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote(client_id), "client_secret": unquote(secret)}


def token(org: Org, call: Call) -> Answer:
    """`POST /services/oauth2/token`. The answer carries no lifetime, as Salesforce's does not."""
    form = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace"))), **_basic(call)}
    try:
        access_token = org.tokens.grant(form, call.origin)
    except Denied as denied:
        return Answer(400, {"error": denied.error, "error_description": denied.description})
    content: dict[str, Any] = {
        "access_token": access_token,
        "scope": "api refresh_token",
        "instance_url": call.origin,
        "id": f"{call.origin}/id/{org.organization}/{org.user}",
        "token_type": "Bearer",
        "issued_at": str(int(org.clock.now().timestamp() * 1000)),
        "signature": "c2FuZGJveA==",
    }
    return Answer(content=content)


def userinfo(org: Org, call: Call) -> Answer:
    """`GET /services/oauth2/userinfo` and the identity address: a wrong session is 403 Bad_OAuth_Token."""
    access_token = session(call)
    if access_token is None:
        return Answer(403, b"Missing_OAuth_Token", media_type="text/html")
    if not org.tokens.valid(access_token):
        return Answer(403, b"Bad_OAuth_Token", media_type="text/html")
    return Answer(content=user_info(org, call.origin))


def revoke(org: Org, call: Call) -> Answer:
    """`POST /services/oauth2/revoke`."""
    form = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
    org.tokens.revoke(form.get("token", ""))
    return Answer(200)
