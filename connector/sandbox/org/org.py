"""The org as a whole: its schema, records, sessions and limits, behind one lock."""

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.sandbox.org import sfdx, standard
from connector.sandbox.org.clock import Clock
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.jobs import Jobs
from connector.sandbox.org.preparing import Draft
from connector.sandbox.org.querying import Querying
from connector.sandbox.org.records import Records
from connector.sandbox.org.schema import Object
from connector.sandbox.org.tokens import Tokens
from connector.sandbox.org.values import shown
from connector.sandbox.org.writing import Writer

SOURCE = Path(__file__).resolve().parents[3] / "salesforce"
USERNAME = "integration@sandbox.example"


class Org:
    """One pretend org. Hold `lock` around anything that reads or writes; the methods here do so themselves."""

    def __init__(self, seed: int = 1, source: Path = SOURCE, daily_requests: int = 100_000) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.schema = sfdx.extend(standard.objects(), source)
        if not any(each.custom for each in self.schema.objects.values()):
            raise FileNotFoundError(f"The sandbox found no custom object under {source}: give it the SFDX source.")
        self.clock = Clock()
        self.daily_requests = daily_requests
        self._begin()

    def _begin(self) -> None:
        self.records = Records(self.schema)
        self.writer = Writer(self.schema, self.records, self.clock)
        self.querying = Querying(self.schema, self.records, self.clock)
        self.random = random.Random(self.seed)
        self.jobs = Jobs()
        self.used_requests = 0
        self.calls: Counter[str] = Counter()
        self.clock.ahead = timedelta()
        organization = {"Name": "Sandbox", "OrganizationType": "Developer Edition", "InstanceName": "SBX1"}
        self.organization = self.insert("Organization", [organization | {"IsSandbox": False}])[0]
        user = {"Username": USERNAME, "LastName": "Integration", "Alias": "integ", "Email": USERNAME}
        self.writer.user = self.insert("User", [user])[0]
        self.user = self.writer.user
        self.tokens = Tokens(self.clock, self.organization)

    def reset(self) -> None:
        """Forget every record, session and count."""
        self.jobs.close()
        with self.lock:
            self.records.close()
            self._begin()

    def close(self) -> None:
        """End the worker and forget everything."""
        self.jobs.close()
        with self.lock:
            self.records.close()

    def object(self, name: str) -> Object:
        """The object of that name; raises OrgError NOT_FOUND as an unknown address does."""
        found = self.schema.get(name)
        if found is None:
            raise OrgError("NOT_FOUND", "The requested resource does not exist")
        return found

    def insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Create records from Python and return their ids; audit fields may be set. Raises the first OrgError."""
        with self.lock, self.records.transaction():
            results = self.writer.insert(self.object(name), rows, system=True)
            for each in results:
                if each.error:
                    raise each.error
            return [str(each.id) for each in results]

    def update(self, name: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change records from Python, given as fields by id, as a user would. Raises the first OrgError."""
        with self.lock, self.records.transaction():
            for each in self.writer.update(self.object(name), list(changes.items())):
                if each.error:
                    raise each.error

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every record of an object that is not in the recycle bin, all fields, in the order they were made."""
        target = self.object(name)
        names = ", ".join(f'"{each.name}"' for each in target.fields)
        with self.lock:
            found = self.records.rows(f'SELECT {names} FROM "{target.name}" WHERE IsDeleted = 0 ORDER BY row')  # noqa: S608
        return [
            {field.name: shown(field, value) for field, value in zip(target.fields, row, strict=True)} for row in found
        ]

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records a query answers with, all pages of them."""
        with self.lock:
            answer = self.querying.first(soql, "", size=10_000_000)
            records: list[dict[str, Any]] = answer["records"]
            return records

    def lock_share(self, share: float) -> None:
        """From now on refuse this share of saved records as locked by somebody else; 0 ends it."""

        def locked(target: Object, draft: Draft) -> OrgError | None:
            if self.random.random() >= share:
                return None
            lookups = (
                each.name for each in target.fields if each.type == "reference" and each.reference_to != ("User",)
            )
            parent = next((draft.values[name] for name in lookups if draft.values.get(name)), draft.id)
            message = f"unable to obtain exclusive access to this record or 1 records: {parent}"
            return OrgError("UNABLE_TO_LOCK_ROW", message)

        self.writer.lock = locked if share else None

    def ledger(self) -> dict[str, Any]:
        """What the org holds and was asked: calls by operation, records by object and status, repeated activities."""
        with self.lock:
            records = {
                each.name: {
                    "total": self._count(each),
                    **({"by_status": self._by_status(each)} if self._status(each) else {}),
                }
                for each in self.schema.objects.values()
            }
            return {
                "calls": dict(self.calls),
                "total_calls": self.used_requests,
                "tokens_issued": self.tokens.issued,
                "records": records,
                "duplicate_activities": self._duplicate_activities(),
            }

    @staticmethod
    def _status(target: Object) -> str | None:
        return next((name for name in ("Status__c", "Status") if target.field(name)), None)

    def _count(self, target: Object) -> int:
        sql = f'SELECT count(*) FROM "{target.name}" WHERE IsDeleted = 0'  # noqa: S608 - the schema's name
        return int(self.records.rows(sql)[0][0])

    def _by_status(self, target: Object) -> dict[str, int]:
        status = self._status(target)
        sql = f'SELECT "{status}", count(*) FROM "{target.name}" WHERE IsDeleted = 0 GROUP BY 1 ORDER BY 1'  # noqa: S608
        return {str(value): number for value, number in self.records.rows(sql)}

    def _duplicate_activities(self) -> dict[str, int]:
        """Activities beyond the first of the same subject, person and text: a key cannot repeat, but a task can."""
        sql = "SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM Task WHERE IsDeleted = 0 AND {} GROUP BY {})"
        same_key = sql.format("SMS_External_Id__c IS NOT NULL", "SMS_External_Id__c")
        same_text = sql.format("Description IS NOT NULL", "WhoId, Subject, Description")
        return {
            "by_external_id": int(self.records.rows(same_key)[0][0] or 0),
            "by_text": int(self.records.rows(same_text)[0][0] or 0),
        }
