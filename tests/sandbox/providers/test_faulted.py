"""Faults befall requests over a real connection, and the ledger tells what they destroyed."""

import threading
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers

SMS = {"to": ["34666555444"], "from": "T", "message": "x #000001"}
CAMPAIGN = {"text": "x #000002", "recipients": [{"cellphone": "4498987281"}], "route": 77}


def post(providers: Providers, provider: str) -> httpx.Response:
    if provider == "nrs360":
        return providers.nrs.post("/sms", json=SMS)
    return providers.clouds.post("/api/v3/campaign", json=CAMPAIGN)


def log(providers: Providers) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = providers.control.get("/sandbox/faults").json()["log"]
    return entries


BOTH = pytest.mark.parametrize("provider", ["nrs360", "smsclouds"])


@BOTH
def test_dropped_before_acting_nothing_was_accepted(providers: Providers, provider: str) -> None:
    """The connection closes with no answer, nothing was accepted, and the log names the serials at stake."""
    providers.fault(target=provider, operation="POST *", kind="drop_before", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post(providers, provider)
    assert providers.ledger()["received"] == 0
    (entry,) = log(providers)
    assert (entry["target"], entry["kind"]) == (provider, "drop_before")
    assert entry["destroyed"] == ["000001" if provider == "nrs360" else "000002"]
    assert post(providers, provider).is_success


@BOTH
def test_dropped_after_acting_the_messages_are_accepted(providers: Providers, provider: str) -> None:
    """The connection closes with no answer although the messages were accepted."""
    providers.fault(target=provider, operation="POST *", kind="drop_after", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post(providers, provider)
    assert providers.ledger()["received"] == 1
    assert len(log(providers)[0]["destroyed"]) == 1


@BOTH
def test_a_slow_answer_is_slow_and_right(providers: Providers, provider: str) -> None:
    """A slow request is answered as usual, later, and does not hold up others."""
    providers.fault(target=provider, operation="POST *", kind="slow", seconds=0.4, times=1)
    answers: list[float] = []
    start = time.monotonic()
    thread = threading.Thread(target=lambda: answers.append(post(providers, provider).status_code))
    thread.start()
    while not log(providers):
        assert time.monotonic() - start < 5
    providers.control.get("/sandbox/health")
    assert time.monotonic() - start < 0.4
    thread.join()
    assert time.monotonic() - start >= 0.4
    assert answers[0] in (200, 202)


@BOTH
def test_a_limit_says_when_to_come_back(providers: Providers, provider: str) -> None:
    """429 carries Retry-After in whole seconds, and the error JSON of the provider."""
    providers.fault(target=provider, kind="status", status=429, seconds=7)
    answer = post(providers, provider)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert "error" in answer.json()
    assert providers.ledger()["received"] == 0


@BOTH
def test_a_server_error_is_the_guides_own(providers: Providers, provider: str) -> None:
    """500 comes with the guide's error: 101 at 360NRS, status_code 500 at Smsclouds."""
    providers.fault(target=provider, kind="status")
    answer = post(providers, provider)
    assert answer.status_code == 500
    error = answer.json()["error"]
    if provider == "nrs360":
        assert error == {"code": 101, "description": "Internal Database error"}
    else:
        assert error["status_code"] == 500
        assert error["information"].startswith("Internal Server Error")


def test_a_status_can_have_a_body_of_its_own(providers: Providers) -> None:
    """The rule's body is sent as it is, as a proxy in between would."""
    providers.fault(target="nrs360", kind="status", status=502, body="<html>Bad Gateway</html>")
    answer = post(providers, "nrs360")
    assert (answer.status_code, answer.text) == (502, "<html>Bad Gateway</html>")


@BOTH
def test_garbage_is_html_with_200(providers: Providers, provider: str) -> None:
    """The answer is a web page with 200, and nothing was accepted."""
    providers.fault(target=provider, kind="garbage", operation="POST *")
    answer = post(providers, provider)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert providers.ledger()["received"] == 0


@BOTH
def test_expired_credentials_are_the_providers_401(providers: Providers, provider: str) -> None:
    """A right token is refused once, in the guide's words."""
    providers.fault(target=provider, kind="expire_tokens", times=1)
    assert post(providers, provider).status_code == 401
    assert post(providers, provider).is_success


def test_an_operation_is_named_by_its_route(providers: Providers) -> None:
    """A rule names an operation as method and route template; others pass. Requests are counted by the same names."""
    providers.fault(target="nrs360", operation="GET /sendings/{id}/reports/events", kind="status", status=503)
    assert providers.nrs.get("/sendings/1/reports/events").status_code == 503
    assert providers.nrs.get("/sms/x").status_code == 404
    assert log(providers)[0]["destroyed"] == ["/nrs360/api/rest/sendings/1/reports/events"]
    assert providers.clouds.get("/api/v3/campaign/1/messages").status_code == 404
    assert providers.ledger()["requests"] == {
        "nrs360": {"GET /sendings/{id}/reports/events": 1, "GET /sms/{id}": 1},
        "smsclouds": {"GET /api/v3/campaign/{id}/messages": 1},
    }


def test_the_fault_api_refuses_in_words(providers: Providers) -> None:
    """A rule that is wrong is 400 with the sentence that says why; several rules may come in a list."""
    for body in (b"{", b'{"kind": "explode"}', b'[{"kind": "slow"}, 5]'):
        answer = providers.control.post("/sandbox/faults", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert providers.control.post("/sandbox/faults", json=[{"kind": "slow"}, {"kind": "late"}]).status_code == 201


@pytest.mark.parametrize(
    "settings",
    [
        [],
        {"elsewhere": {}},
        {"nrs360": 5},
        {"nrs360": {"responses_url": "x"}},
        {"nrs360": {"shares": {"lost": 1}}},
        {"nrs360": {"balance": "much"}},
        {"smsclouds": {"events_url": "x"}},
        {"smsclouds": {"shares": []}},
        {"smsclouds": {"token_expires": "tomorrow"}},
    ],
)
def test_wrong_settings_are_refused_in_words(providers: Providers, settings: Any) -> None:
    """A setting that is not known or not understood is 400 with a sentence."""
    answer = providers.control.post("/sandbox/providers", json=settings)
    assert answer.status_code == 400
    assert answer.json()["error"]
