import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

ROWS = {"records": [{"attributes": {"type": "Contact"}, "LastName": str(number)} for number in range(100)]}


@pytest.fixture
def fault(sandbox):
    def add(**rule):
        response = httpx.post(f"{sandbox.org_url}/sandbox/faults", json={"target": "org", **rule})
        assert response.status_code == 201, response.text

    return add


def contacts(client):
    return client.query("SELECT COUNT() FROM Contact")["totalSize"]


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [(429, "", 3), (500, "", 0), (503, "<html>down</html>", 0), (503, "", 2), (502, "bad gateway", 0)],
)
def test_a_status_fault_answers_instead_of_acting(client, fault, status, body, seconds):
    """The status and body are those of the rule, nothing is written, and the next call works."""
    rule = {"kind": "status", "status": status, "body": body, "seconds": seconds, "times": 1}
    fault(operation="POST /sobjects/{object}", **rule)
    response = client("POST", "/sobjects/Contact", {"LastName": "A"})
    assert response.status_code == status
    assert response.text == body if body else response.json()[0]["errorCode"]
    assert response.headers.get("Retry-After") == (str(seconds) if seconds else None)
    assert client("POST", "/sobjects/Contact", {"LastName": "A"}).status_code == 201
    assert contacts(client) == 1


@pytest.mark.parametrize(("kind", "written"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_leaves_doubt(client, fault, kind, written):
    """The client sees the connection close; the record was written only when it dropped after."""
    fault(operation="POST /sobjects/{object}", kind=kind, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client("POST", "/sobjects/Contact", {"LastName": "A"})
    assert contacts(client) == written


def test_garbage_is_html_with_status_200(client, fault):
    """The answer is no JSON at all."""
    fault(operation="GET /query", kind="garbage", times=1)
    response = client("GET", "/query", params={"q": "SELECT Id FROM Contact"})
    assert (response.status_code, response.text[:1]) == (200, "<")


def test_a_slow_answer_comes_late_and_holds_nobody_else_up(client, fault):
    """The delay is the rule's, and the other operations answer meanwhile."""
    fault(operation="GET /limits", kind="slow", seconds=0.4, times=1)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as elsewhere:
        late = elsewhere.submit(client, "GET", "/limits")
        while not client.http.get("/sandbox/faults").json()["log"]:
            assert time.monotonic() - began < 0.4
        assert not late.done()
        assert late.result().status_code == 200
    assert time.monotonic() - began >= 0.4


def test_tokens_expire_at_a_call(client, fault):
    """The call meets 401, and a new login goes on."""
    fault(operation="GET /limits", kind="expire_tokens", times=1)
    assert client.refused("GET", "/limits") == (401, "INVALID_SESSION_ID")
    client.log_in()
    assert client("GET", "/limits").status_code == 200


def test_a_share_of_rows_is_locked(client, fault):
    """About that share of a collection fails with UNABLE_TO_LOCK_ROW, and only those."""
    fault(operation="POST /composite/sobjects", kind="lock_rows", share=0.3, times=1)
    results = client("POST", "/composite/sobjects", ROWS).json()
    locked = [each for each in results if each["errors"]]
    assert 10 < len(locked) < 60
    assert {each["errors"][0]["statusCode"] for each in locked} == {"UNABLE_TO_LOCK_ROW"}
    assert contacts(client) == 100 - len(locked)
    assert all(each["success"] for each in client("POST", "/composite/sobjects", ROWS).json())


def test_locked_rows_replay_by_the_seed(client, sandbox, fault):
    """After a reset the same calls meet the same locks."""
    outcomes = []
    for _ in range(2):
        sandbox.reset()
        client.log_in()
        fault(operation="POST /composite/sobjects", kind="lock_rows", share=0.5)
        outcomes.append([each["success"] for each in client("POST", "/composite/sobjects", ROWS).json()])
    assert outcomes[0] == outcomes[1]


def test_the_days_limit_can_be_feigned(client, fault):
    """403 REQUEST_LIMIT_EXCEEDED for as often as the rule says."""
    fault(kind="limit", operation="GET /limits", times=1)
    assert client.refused("GET", "/limits") == (403, "REQUEST_LIMIT_EXCEEDED")
    assert client("GET", "/limits").status_code == 200


def test_rules_are_shown_cleared_and_checked(client, sandbox, fault):
    """The control API lists what fired, refuses what it cannot read, and forgets on request."""
    fault(operation="GET /limits", kind="status", status=500)
    client("GET", "/limits")
    shown = client.http.get("/sandbox/faults").json()
    assert (shown["rules"][0]["fired"], shown["log"][0]["operation"]) == (1, "GET /limits")
    wrong = client.http.post("/sandbox/faults", json={"kind": "earthquake"})
    assert (wrong.status_code, "earthquake" in wrong.json()["error"]) == (400, True)
    assert client.http.post("/sandbox/faults", content=b"{").status_code == 400
    assert client.http.delete("/sandbox/faults").json()["rules"] == []
    assert client("GET", "/limits").status_code == 200
