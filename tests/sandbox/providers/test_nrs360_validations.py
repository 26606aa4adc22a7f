"""Email validation by the pretend 360NRS: started, told of, shown, read as CSV, deleted."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, until

BASE = "https://dashboard.360nrs.com/api/rest/validation/emails"
PATH = "/validation/emails"
SHOWN = [
    *("id", "status", "total", "processed", "valid", "estimatedCost", "cost", "currency"),
    *("createdAt", "updatedAt", "finishedAt", "resultUrl"),
]


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes JSON down."""
    taken: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/told", taken
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def start(providers: Providers, **body: Any) -> httpx.Response:
    return providers.nrs.post(PATH, json=body)


def shown(providers: Providers, number: int = 1) -> dict[str, Any]:
    data: dict[str, Any] = providers.nrs.get(f"{PATH}/{number}").json()["data"]
    return data


def test_a_validation_lives_as_in_the_guide(providers: Providers, told: tuple[str, list[dict[str, Any]]]) -> None:
    """Pending when it is answered, then told of as started and finished, with what was found and what it costs."""
    url, taken = told
    answer = start(providers, emails=["a@example.com", "b@example.com", "nobody"], force=False, notificationUrl=url)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert list(data) == SHOWN
    assert [data[key] for key in ("status", "total", "processed", "valid")] == ["pending", 3, 0, 0]
    assert [data[key] for key in ("estimatedCost", "cost", "currency")] == [0.0105, 0, "EUR"]
    assert (data["finishedAt"], data["resultUrl"]) == (None, None)
    until(lambda: len(taken) == 2)
    assert [list(push["data"]) for push in taken] == [[*SHOWN, "error"]] * 2
    started, finished = (push["data"] for push in taken)
    assert [started[key] for key in ("status", "processed", "cost", "error")] == ["started", 0, 0.0105, ""]
    assert [finished[key] for key in ("status", "processed", "cost", "error")] == ["finished", 3, 0.0105, ""]
    assert finished["resultUrl"] == f"{BASE}/1/result"
    until(lambda: shown(providers)["status"] == "finished")
    assert shown(providers) == {key: finished[key] for key in SHOWN}
    report = providers.nrs.get(f"{PATH}/1/result")
    assert report.headers["content-type"].startswith("text/csv")
    head, *rows = report.text.splitlines()
    assert head == "email;result"
    results = dict(row.split(";") for row in rows)
    assert list(results) == ["a@example.com", "b@example.com", "nobody"]
    assert set(results.values()) <= {"deliverable", "undeliverable", "risky"}
    assert results["nobody"] == "undeliverable"
    assert sum(result == "deliverable" for result in results.values()) == finished["valid"]


def test_a_validation_can_fail(providers: Providers, told: tuple[str, list[dict[str, Any]]]) -> None:
    """A failed one is told of with the guide's words, costs nothing and has no result."""
    url, taken = told
    providers.configure(nrs360={"validations_fail": True})
    start(providers, emails=["a@example.com"], notificationUrl=url)
    until(lambda: len(taken) == 2)
    failed = taken[1]["data"]
    assert [failed[key] for key in ("status", "processed", "valid", "cost", "finishedAt", "resultUrl", "error")] == [
        *("failed", 0, 0, 0, None, None),
        "Failed to process email validation",
    ]
    until(lambda: shown(providers)["status"] == "failed")
    assert providers.nrs.get(f"{PATH}/1/result").status_code == 404


def test_groups_are_validated(providers: Providers) -> None:
    """The addresses of a group's contacts; what is known already costs nothing unless it is forced."""
    for address in ("a@example.com", "b@example.com"):
        providers.nrs.post("/contacts", json={"email": address, "groupsNames": ["G"]})
    providers.nrs.post("/contacts", json={"email": "c@example.com", "groupsNames": ["Other"]})
    assert start(providers, groupsIds=[1]).json()["data"]["total"] == 2
    again = start(providers, groupsIds=[1], emails=["d@example.com"]).json()["data"]
    assert (again["total"], again["estimatedCost"]) == (3, 0.0035)
    assert start(providers, groupsIds=[1], force=True).json()["data"]["estimatedCost"] == 0.007
    spent = 100_000 - providers.nrs.get("/account").json()["data"]["balance"]
    assert spent == pytest.approx(0.007 + 0.0035 + 0.007)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "The emails field is required when groupsIds is not present."),
        ({"emails": [], "groupsIds": []}, "The emails field is required when groupsIds is not present."),
        ({"emails": "a@example.com"}, "The emails field must be an array of strings."),
        ({"emails": [5]}, "The emails field must be an array of strings."),
        ({"groupsIds": ["1"]}, "The groupsIds field must be an array of integers."),
        ({"groupsIds": [1]}, "The groupsIds field names the group 1, which does not exist."),
        ({"emails": ["a@example.com"], "force": 1}, "The force field must be a boolean."),
        ({"emails": ["a@example.com"], "notificationUrl": "x"}, "The notificationUrl field must be a valid URL."),
        ({"emails": ["a@example.com"], "colour": "x"}, "The colour field is not allowed."),
    ],
)
def test_a_broken_validation_is_422(providers: Providers, body: dict[str, Any], words: str) -> None:
    """Each row of the guide's table is held, and nothing is begun."""
    answer = start(providers, **body)
    assert (answer.status_code, answer.json()) == (422, {"error": {"code": 422, "description": words}})
    assert providers.nrs.get(PATH).json()["data"] == []


def test_validations_are_listed_and_deleted(providers: Providers) -> None:
    """In pages with the guide's keys; one that is deleted, or not finished, shows no result; 111 without money."""
    for place in range(3):
        start(providers, emails=[f"{place}@example.com"])
    assert providers.nrs.get(f"{PATH}/3/result").status_code == 404
    listed = providers.nrs.get(f"{PATH}?limit=2").json()
    assert [list(row) for row in listed["data"]] == [SHOWN] * 2
    assert listed["meta"]["pagination"]["links"] == {"next": f"{BASE}?page=2"}
    deleted = providers.nrs.delete(f"{PATH}/1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for answer in (providers.nrs.get(f"{PATH}/1"), providers.nrs.delete(f"{PATH}/1")):
        assert answer.json() == {"error": {"code": 404, "description": "Resource not found"}}
    providers.configure(nrs360={"balance": 0.003})
    assert start(providers, emails=["new@example.com"]).json()["error"]["code"] == 111
    assert providers.nrs.get(PATH).json()["meta"]["pagination"]["total"] == 2
