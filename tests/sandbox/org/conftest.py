from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connector.sandbox.server import Sandbox

VERSION = "/services/data/v66.0"


class Client:
    """Speaks raw HTTP to the org, below one API version, with a session of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.http = httpx.Client(base_url=sandbox.org_url, timeout=20)
        self.log_in()

    def log_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
        token = self.http.post("/services/oauth2/token", data=form).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        if json is not None:
            more["json"] = json
        return self.http.request(method, path if path.startswith("/services") else VERSION + path, **more)

    def query(self, soql: str, **headers: str) -> dict[str, Any]:
        response = self("GET", "/query", params={"q": soql}, headers=headers)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def refused(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """The status and errorCode of a refusal."""
        response = self(method, path, json, **more)
        [error] = response.json()
        assert error["message"]
        return response.status_code, error["errorCode"]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    running_sandbox.org.daily_requests = 100_000
    return running_sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.http.close()
