"""The sandbox in a process of its own that outlives every daemon, and what the proof asks of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from connector.demo.world import World

SENDS: Mapping[str, str] = {
    "nrs360": "POST /sms",
    "smsclouds": "POST /api/v3/campaign",
    "bulk360": "POST /api/bulk360/v2.0",
    "sms360app": "POST /send",
    "optimum": "POST /api/SMS/Send",
    "smpp": "submit_sm",
}
"""The operation by which each provider, and Smsclouds' message centre, is given messages."""
ToldLine = tuple[str, str, int, str, list[str]]
"""Provider, kind of news, serial, the provider's id, and its words in the order of their pushes."""


class ChaosWorld(World):
    """The pretend world, with its faults."""

    def add_faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Puts rules in force."""
        self._json("POST", f"{self.org_url}/sandbox/faults", list(rules))

    def clear_faults(self) -> None:
        """Takes all rules out of force; their log stays."""
        self._json("DELETE", f"{self.org_url}/sandbox/faults")

    def faults(self) -> list[dict[str, Any]]:
        """The log of the faults that fired."""
        log: list[dict[str, Any]] = self._json("GET", f"{self.org_url}/sandbox/faults")["log"]
        return log

    def reset(self) -> None:
        """Forgets all records, messages, faults and counts."""
        self._json("POST", f"{self.org_url}/sandbox/reset")
        self._token = None

    def allow_requests(self, daily: int) -> None:
        """Sets the org's limit of requests a day."""
        self._json("POST", f"{self.org_url}/sandbox/org", {"daily_requests": daily})

    def configure(self, **providers: Mapping[str, Any]) -> None:
        """Sets what the providers can be told."""
        self._json("POST", f"{self.providers_url}/sandbox/providers", providers)

    def progress(self) -> int:
        """Messages the providers accepted and statuses that were acknowledged: it only grows."""
        ledger = self.providers_ledger()
        return int(ledger["received"] + ledger["statuses_acknowledged"])

    def fates(self) -> Iterator[tuple[str, int, str]]:
        """(provider, serial, its own word) of every message accepted."""
        with self._http.stream("GET", f"{self.providers_url}/sandbox/ledger/fates") as answer:
            for line in answer.iter_lines():
                provider, serial, word = line.split()
                yield provider, int(serial), word

    def told(self) -> Iterator[ToldLine]:
        """What those providers have told that try each push once; a word with a question mark was not acknowledged."""
        with self._http.stream("GET", f"{self.providers_url}/sandbox/ledger/told") as answer:
            for line in answer.iter_lines():
                provider, news, serial, of, *words = line.split()
                yield provider, news, int(serial), of, words

    def destroyed(self) -> dict[int, str]:
        """The serials whose send got no answer, or one that leaves doubt, with what the fault log says of it."""
        found: dict[int, str] = {}
        doubtful = [
            fault
            for fault in self.faults()
            if fault["operation"] == SENDS.get(fault["target"]) and _leaves_doubt(fault)
        ]
        by_number = self._serials_by_number() if any(fault["target"] == "smpp" for fault in doubtful) else {}
        for fault in doubtful:
            for named in fault["destroyed"]:
                serial = by_number.get(named, named)
                if serial.isdecimal():
                    found[int(serial)] = json.dumps({name: fault[name] for name in ("target", "kind")})
        return found

    def _serials_by_number(self) -> dict[str, str]:
        """The serial of the message to each number of ten digits: a part of a long text has no other name."""
        asked = self.records("SELECT External_Id__c, Contact__r.MobilePhone FROM SMS_Message__c")
        return {
            "".join(filter(str.isdecimal, record["Contact__r"]["MobilePhone"] or ""))[-10:]: record[
                "External_Id__c"
            ].rpartition("-")[2]
            for record in asked
        }

    def _json(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        answer = self._http.request(method, url, json=body).raise_for_status()
        told: dict[str, Any] = orjson.loads(answer.content)
        return told


def _leaves_doubt(fault: Mapping[str, Any]) -> bool:
    if fault["kind"] == "status":
        return bool(fault["status"] >= 500)
    if fault["kind"] == "expire_tokens":  # an SMSC's session ends with it, and whatever else was under way over that
        return bool(fault["target"] == "smpp")
    return fault["kind"] in ("drop_before", "drop_after", "garbage")
