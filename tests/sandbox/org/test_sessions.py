import time
from datetime import timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)


def ask(sandbox, **form):
    return httpx.post(f"{sandbox.org_url}/services/oauth2/token", data=form)


def assertion(key=KEY, **changes):
    claims = {"iss": "sandbox", "sub": "user@example.com", "aud": "https://login.salesforce.com"}
    return jwt.encode({**claims, "exp": int(time.time()) + 120, **changes}, key, algorithm="RS256")


def test_client_credentials_open_a_session(sandbox):
    """The client's id and secret give a token that the org's resources accept, at the address it names."""
    answer = ask(sandbox, grant_type="client_credentials", client_id="sandbox", client_secret="sandbox").json()
    assert answer["instance_url"] == sandbox.org_url
    assert "expires_in" not in answer
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert httpx.get(f"{sandbox.org_url}/services/data/v66.0/limits", headers=headers).status_code == 200
    who = httpx.get(f"{sandbox.org_url}/services/oauth2/userinfo", headers=headers).json()
    assert answer["id"].endswith(f"/id/{who['organization_id']}/{who['user_id']}")
    assert httpx.get(answer["id"], headers=headers).json()["user_id"] == who["user_id"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "sandbox"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password", "client_id": "sandbox"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_id": "sandbox", "client_secret": "sandbox"}, "invalid_request"),
        ({"grant_type": JWT_BEARER, "assertion": "nonsense"}, "invalid_grant"),
    ],
)
def test_a_wrong_login_is_refused_as_oauth_says(sandbox, form, error):
    """A refused login answers 400 with an OAuth error object."""
    response = ask(sandbox, **form)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert response.json()["error_description"]


def test_a_refresh_token_gives_a_new_session(sandbox):
    """The refresh flow works with the client's id and secret."""
    form = {"grant_type": "refresh_token", "client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "any"}
    assert ask(sandbox, **form).json()["access_token"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, None),
        ({"aud": "https://test.salesforce.com"}, None),
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"iss": "somebody"}, "invalid_client_id"),
        ({"exp": int(time.time()) - 5}, "invalid_grant"),
        ({"sub": ""}, "invalid_grant"),
    ],
)
def test_a_jwt_is_checked_for_issuer_audience_subject_and_expiry(sandbox, changes, error):
    """A JWT opens a session only when all its claims hold."""
    sandbox.org.tokens.public_key = PUBLIC
    response = ask(sandbox, grant_type=JWT_BEARER, assertion=assertion(**changes))
    assert response.json().get("error") == error
    assert (response.status_code == 200) is (error is None)


def test_a_jwt_signed_by_another_key_is_refused_once_the_org_knows_the_key(sandbox):
    """With a public key the signature counts; without one any signature does."""
    forged = {"grant_type": JWT_BEARER, "assertion": assertion(OTHER_KEY)}
    assert ask(sandbox, **forged).status_code == 200
    sandbox.org.tokens.public_key = PUBLIC
    assert ask(sandbox, **forged).json()["error"] == "invalid_grant"


def test_an_expired_session_is_refused(sandbox, client):
    """A token lives for its lifetime, and then answers 401 INVALID_SESSION_ID in an array."""
    assert client("GET", "/limits").status_code == 200
    sandbox.org.clock.ahead = timedelta(hours=3)
    response = client("GET", "/limits")
    assert response.status_code == 401
    assert response.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_all_sessions_can_be_ended_at_once(sandbox, client):
    """The control API expires every token; a new login works."""
    httpx.post(f"{sandbox.org_url}/sandbox/expire_tokens")
    assert client.refused("GET", "/limits") == (401, "INVALID_SESSION_ID")
    client.log_in()
    assert client("GET", "/limits").status_code == 200


def test_a_call_without_a_session_is_refused(sandbox):
    """No Authorization header is 401; the list of versions alone needs none."""
    assert httpx.get(f"{sandbox.org_url}/services/data/v66.0/limits").status_code == 401
    versions = httpx.get(f"{sandbox.org_url}/services/data").json()
    assert versions[0]["version"] == "31.0"
    assert versions[0]["label"] == "Summer '14"
    assert versions[-1] == {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}


def test_a_revoked_token_is_over(client):
    """Revoking ends one session."""
    token = client.http.headers["Authorization"].removeprefix("Bearer ")
    assert client.http.post("/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert client.refused("GET", "/limits")[0] == 401


def test_every_answer_says_what_is_used_of_the_day(client):
    """Sforce-Limit-Info counts the session's calls, and /limits agrees."""
    first = client("GET", "/limits")
    second = client("GET", "/sobjects/Nothing__c")
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert second.headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    assert client("GET", "/limits").json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_997}


def test_over_the_days_limit_every_call_is_refused(sandbox, client):
    """Beyond the limit the answer is 403 REQUEST_LIMIT_EXCEEDED, without Retry-After."""
    settings = {"daily_requests": 2, "used_requests": 1}
    assert httpx.post(f"{sandbox.org_url}/sandbox/org", json=settings).json() == settings
    assert client("GET", "/limits").status_code == 200
    response = client("GET", "/limits")
    assert (response.status_code, response.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/services/data/v31.0/limits", 200),
        ("/services/data/v66.0/", 200),
        ("/services/data/v30.0/limits", 404),
        ("/services/data/v99.0/limits", 404),
        ("/services/data/v66.0/nothing", 404),
        ("/query", 404),
        ("/", 404),
    ],
)
def test_versions_from_31_on_are_served_and_no_other_address(client, path, status):
    """An unsupported version or address is 404 NOT_FOUND."""
    response = client.http.get(path)
    assert response.status_code == status
    assert status == 200 or response.json()[0]["errorCode"] == "NOT_FOUND"


def test_a_method_that_an_address_does_not_take_is_refused(client):
    """405 METHOD_NOT_ALLOWED."""
    assert client.refused("DELETE", "/limits") == (405, "METHOD_NOT_ALLOWED")
