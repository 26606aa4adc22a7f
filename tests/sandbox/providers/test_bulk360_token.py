"""The pretend Bulk360 gives out tokens that expire, and knows no others (guide v2.0, "Request Access Token")."""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.sandbox.providers import bulk360_account
from tests.sandbox.providers.bulk360_account import CREDENTIALS
from tests.sandbox.providers.running import Providers, until

TOKEN = f"/bulk360{bulk360_account.TOKEN}"
SEND = f"/bulk360{bulk360_account.SEND}"


def send(providers: Providers, authorization: str) -> httpx.Response:
    message = {"to": "60123240066", "text": "x #000001"}
    return providers.control.post(SEND, data=message, headers={"Authorization": authorization})


def granted(providers: Providers) -> dict[str, Any]:
    answer = providers.control.post(TOKEN, data=CREDENTIALS)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_a_token_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The right key and secret get the guide's three keys: a bearer token in three parts that lives 3600 seconds."""
    body = granted(providers)
    assert list(body) == ["token_type", "expires_in", "access_token"]
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    head, claims, signature = body["access_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"typ": "JWT", "alg": "HS256"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["aud"] == "sandbox"
    assert signature


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "Sandbox"}])
def test_a_wrong_key_or_secret_is_the_guides_error(providers: Providers, wrong: dict[str, str]) -> None:
    """A wrong combination is 401 with the guide's invalid_client, key by key."""
    answer = providers.control.post(TOKEN, data=CREDENTIALS | wrong)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "Client authentication failed",
        "message": "Client authentication failed",
    }


@pytest.mark.parametrize("name", list(CREDENTIALS))
def test_every_field_of_a_token_request_is_required(providers: Providers, name: str) -> None:
    """Without a field, or with an empty one, the request is invalid in OAuth's words."""
    for without in ({key: value for key, value in CREDENTIALS.items() if key != name}, CREDENTIALS | {name: ""}):
        answer = providers.control.post(TOKEN, data=without)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_only_client_credentials_as_a_form_are_granted(providers: Providers) -> None:
    """Another grant, a JSON body, a field given twice and a GET get no token."""
    other = providers.control.post(TOKEN, data=CREDENTIALS | {"grant_type": "password"})
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")
    assert providers.control.post(TOKEN, json=CREDENTIALS).json()["error"] == "invalid_request"
    twice = providers.control.post(TOKEN, data={**CREDENTIALS, "client_id": ["sandbox", "sandbox"]})
    assert twice.json()["error"] == "invalid_request"
    assert providers.control.get(TOKEN, params=CREDENTIALS).status_code == 405


def test_a_send_needs_a_token_in_force(providers: Providers) -> None:
    """No token, a wrong one or another scheme is code 401; a new token leaves the one before good."""
    first, second = (granted(providers)["access_token"] for _ in range(2))
    assert first != second
    for header in ("", "Bearer", "Bearer x", f"Basic {first}", first):
        answer = send(providers, header)
        assert answer.status_code == 401
        assert answer.json() == {"code": 401, "desc": "Invalid Username or password"}
    assert providers.ledger()["received"] == 0
    assert [send(providers, f"Bearer {token}").json()["code"] for token in (first, second)] == [200, 200]


def test_a_token_expires(providers: Providers) -> None:
    """A token is refused once the seconds it was given for are over."""
    providers.configure(bulk360={"token_seconds": 1})
    body = granted(providers)
    assert body["expires_in"] == 1
    assert send(providers, f"Bearer {body['access_token']}").json()["code"] == 200
    until(lambda: send(providers, f"Bearer {body['access_token']}").status_code == 401)


@pytest.mark.parametrize("operation", ["POST /oauth/token", "POST /api/bulk360/v2.0"])
def test_tokens_can_be_taken_back(providers: Providers, operation: str) -> None:
    """The fault expire_tokens refuses the request it befalls and every later one with a token given out before."""
    bearer = f"Bearer {granted(providers)['access_token']}"
    providers.fault(target="bulk360", operation=operation, kind="expire_tokens", times=1)
    if operation.endswith("token"):
        refused = providers.control.post(TOKEN, data=CREDENTIALS)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    else:
        assert send(providers, bearer).status_code == 401
    assert send(providers, bearer).status_code == 401
    assert send(providers, f"Bearer {granted(providers)['access_token']}").json()["code"] == 200


def test_many_tokens_are_all_different(providers: Providers) -> None:
    """Tokens of one moment differ, so that one can be told from the other."""
    assert len({granted(providers)["access_token"] for _ in range(20)}) == 20
