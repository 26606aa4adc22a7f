"""The sandbox in a process of its own, and what the demonstration asks of it over HTTP."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import httpx
import orjson

_API = "/services/data/v66.0"


class World:
    """The sandbox's process. It ends when this one does, however that comes about: it watches its standard input."""

    def __init__(self, *, seed: int, speed: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "connector.demo.sandbox_process", str(seed), str(speed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self._process.stdout is None:
            raise RuntimeError("the sandbox's process has no output to read its addresses from")
        told = self._process.stdout.readline()
        if not told:
            raise RuntimeError("the sandbox did not start; `connector sandbox` shows why")
        addresses = orjson.loads(told)
        self.org_url: str = addresses["org"]
        self.providers_url: str = addresses["providers"]
        self.smsc_port: int = addresses["smsc_port"]
        self._http = httpx.Client(timeout=120.0, trust_env=False)
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def queue(self, messages: int, *, first: int = 1, countries: Sequence[str] | None = None) -> int:
        """Puts records with queued messages into the org; gives how many messages.

        `first` is the lowest serial, `countries` those that people live in, else the sandbox's own population.
        """
        wishes = {"messages": messages, "first": first} | ({"countries": list(countries)} if countries else {})
        planted = self._json("POST", f"{self.org_url}/sandbox/seed", wishes)
        return int(planted["SMS_Message__c"])

    def push_to(self, providers: Mapping[str, Mapping[str, Any]]) -> None:
        """Sets the pretend providers by their names: where our receiver is, and what else the control API takes."""
        self._json("POST", f"{self.providers_url}/sandbox/providers", providers)

    def providers_ledger(self) -> dict[str, Any]:
        """What the providers received, told apart by the serial in each text."""
        return self._json("GET", f"{self.providers_url}/sandbox/ledger/providers")

    def serials(self) -> Iterator[tuple[str, int, int]]:
        """(provider, serial, times received) of every text."""
        with self._http.stream("GET", f"{self.providers_url}/sandbox/ledger/serials") as answer:
            for line in answer.iter_lines():
                provider, serial, count = line.split()
                yield provider, int(serial.lstrip("#")), int(count)

    def records(self, soql: str) -> Iterator[dict[str, Any]]:
        """The org's records, asked for as anybody would ask."""
        if self._token is None:
            login = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
            answer = self._http.post(f"{self.org_url}/services/oauth2/token", data=login)
            self._token = answer.raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        page = self._http.get(f"{self.org_url}{_API}/query", params={"q": soql}, headers=headers)
        while True:
            told = orjson.loads(page.raise_for_status().content)
            yield from told["records"]
            if told["done"]:
                return
            page = self._http.get(f"{self.org_url}{told['nextRecordsUrl']}", headers=headers)

    def _json(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        answer = self._http.request(method, url, json=body).raise_for_status()
        told: dict[str, Any] = orjson.loads(answer.content)
        return told
