"""One Salesforce org, through simple-salesforce 1.12.10 wrapped against its known faults.

simple-salesforce knows the addresses and sorts answers by status; the rest of a call is ours: the token (one refresh
for all threads), timeouts, backoff, orjson, and no `X-PrettyPrint`, which makes a page three times as dear.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError

from connector.crm import soql
from connector.crm.backoff import Backoff
from connector.crm.base import DESCRIBED_FOR
from connector.crm.describe import read_object
from connector.crm.errors import CallRefused, call_error, query_fault
from connector.crm.http import OrgHTTP, UsageWatch, https_address
from connector.crm.login import Bearer, Login
from connector.crm.options import SalesforceOptions
from connector.crm.writer import RecordWriter
from connector.model.describe import ObjectDescription
from connector.model.errors import BudgetSpent, Passing, QueryFault, SessionLost
from connector.model.records import Budget, Page, Ranked, RecordQuery, RecordWrite, WriteResult

_WHOLE_PAGES = MappingProxyType({"Sforce-Query-Options": "batchSize=2000"})

_UNSORTABLE = frozenset({"picklist", "multipicklist", "combobox", "textarea", "time", "location", "address", "base64"})


class Salesforce:
    """An org; keeps `connector.crm.base.CRM`. Thread-safe: all threads share one session and one pool of connections.

    `clock` gives aware datetimes; `transport`, where given, replaces the adapter that talks to the org.
    """

    def __init__(
        self,
        options: SalesforceOptions,
        *,
        clock: Callable[[], datetime],
        transport: BaseAdapter | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.options = options
        self._clock = clock
        self.usage = UsageWatch(options.reserve, clock)
        self._http = OrgHTTP(options, self.usage, transport)
        self.login = Login(options, self._http, clock)
        self._client = _Client(options, self._http)
        self._backoff = backoff or Backoff(tries=options.tries)
        self._writer = RecordWriter(self._ask, options.threads)
        self._describing = threading.Lock()
        self._described: dict[str, tuple[ObjectDescription, datetime]] = {}

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def org_id(self) -> str:
        """The org's 18-character id, from the login answer; an org that leaves it out is asked."""
        named = self._backoff.insist(self.login.org_id)
        return named or str(self._query("SELECT Id FROM Organization LIMIT 1")["records"][0]["Id"])

    def is_production(self) -> bool:
        """Whether the org is neither a sandbox nor a Developer Edition ("Object Reference", Organization)."""
        told = self._query("SELECT IsSandbox, OrganizationType FROM Organization LIMIT 1")["records"][0]
        return not told["IsSandbox"] and told["OrganizationType"] != "Developer Edition"

    def budget(self) -> Budget:
        """The day's requests as the last answer told them."""
        return self.usage.budget

    def calls(self) -> int:
        """HTTP requests made since this object was made, logins included."""
        return self._http.calls

    def limits(self) -> dict[str, dict[str, int]]:
        """The org's limits by name, each with ``Max`` and ``Remaining`` ("REST API Developer Guide", Limits)."""
        answer: dict[str, dict[str, int]] = self._ask("GET", "limits")
        return answer

    def describe(self, object_name: str, *, not_older_than: timedelta = DESCRIBED_FOR) -> ObjectDescription:
        """Fields and types; kept, and asked for again when what is kept is older than that.

        `claim_rule` is true where the fields of the package's claim rule are there; whether the rule itself is active,
        describe does not show.

        Raises:
            QueryFault: there is no such object, or the connector may not see it.
        """
        with self._describing:
            kept = self._described.get(object_name)
            if kept and self._clock() - kept[1] < not_older_than:
                return kept[0]
            asked = self._clock()
            try:
                body = self._ask("GET", f"sobjects/{soql.path(object_name)}/describe")
            except CallRefused as refused:
                raise query_fault(refused) from None
            description = read_object(_holding("fields", body))
            self._described[object_name] = description, asked
            return description

    def pages(self, query: RecordQuery) -> Iterator[Page]:
        """The records, a page at a time, each page by a condition on the last row of the one before.

        Raises:
            QueryFault: the query asks for what the org does not have, ranks by what cannot be compared, or is too long.
            BudgetSpent: the day's requests are used up, but for the reserve of the writes.
        """
        order = (*(each for each in query.order if each.field.lower() != "id"), Ranked("Id"))
        kinds = tuple(self._kind(query.object, each.field) for each in order)
        fields = tuple(dict.fromkeys((*query.fields, *(each.field for each in order))))
        relations = _relations(fields)
        left = query.limit
        beyond = ""
        while left is None or left > 0:
            size = min(query.page_size, self.options.page_size, left or query.page_size)
            statement = soql.select(query.object, fields, (query.where, beyond), order, size)
            read_at = self._clock()
            answer = self._query(statement)
            records: list[dict[str, Any]] = answer["records"]
            if records:
                _strip_attributes(records, relations)
                # taken before the page is handed over, for its reader may change the records
                last = [soql.value_at(records[-1], each.field, kind) for each, kind in zip(order, kinds, strict=True)]
                beyond = soql.after(order, last)
                yield Page(records, read_at)
            if not records or (answer["done"] and len(records) < size):
                return
            left = None if left is None else left - len(records)

    def changed(self, object_name: str, fields: tuple[str, ...], since: datetime, *, where: str = "") -> Iterator[Page]:
        """Records with SystemModstamp >= `since` (aware), by (SystemModstamp, Id). Raises as `pages`."""
        conditions = [f"SystemModstamp >= {soql.timestamp(since)}"] + ([f"({where})"] if where.strip() else [])
        order = (Ranked("SystemModstamp"),)
        return self.pages(RecordQuery(object_name, fields, " AND ".join(conditions), order))

    def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """Writes all by sObject Collections, up to `threads` calls at a time; results in the order asked.

        A call without an answer gives PASSING results. An error of the org as a whole (budget, session) is raised when
        no call had an answer; else the writes it kept from being made are PASSING with its code.
        """
        return self._writer.write(writes)

    def _kind(self, object_name: str, name: str) -> str:
        """The type of a field or relationship path, by describe; `datetime` and `id` of system fields are known."""
        if name.lower() in ("createddate", "lastmodifieddate", "systemmodstamp"):
            return "datetime"
        if name.lower() == "id":
            return "id"
        described = self.describe(object_name)
        first, _, rest = name.partition(".")
        for field in described.fields.values():
            if rest and field.relationship and field.relationship.lower() == first.lower() and field.refers_to:
                return self._kind(field.refers_to[0], rest)
            if not rest and field.name.lower() == name.lower():
                return _sortable(object_name, field.name, field.type)
        raise QueryFault(f"{object_name} has no field {name!r} to rank by; correct the mapping's rank.")

    def _query(self, statement: str) -> dict[str, Any]:
        if not self.usage.reads_may_spend():
            budget = self.usage.budget
            raise BudgetSpent(
                f"{budget.used} of the day's {budget.limit} requests are used; the rest is kept for writes.",
                code="RESERVE",
            )
        try:
            answer = self._ask("GET", soql.address("query", statement), headers=_WHOLE_PAGES)
        except CallRefused as refused:
            raise query_fault(refused) from None
        return _holding("records", answer)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Any:
        return self._backoff.insist(lambda: self._asked_once(method, path, body, headers))

    def _asked_once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        token = self.login.token()
        try:
            return self._client.ask(method, path, token, body, headers)
        except SessionLost:
            token = self.login.renew(token)
        try:
            return self._client.ask(method, path, token, body, headers)
        except SessionLost:
            raise self.login.refuse(token) from None


class _Client(SimpleSalesforce):
    """simple-salesforce without its login, its retries and its JSON.

    It is told that it was handed a session ("direct"), so that a 401 reaches us instead of its endless refresh, which
    would also drop the caller's headers.
    """

    def __init__(self, options: SalesforceOptions, http: OrgHTTP) -> None:
        address = https_address(options.data_url)
        super().__init__(session_id="", instance_url=address, version=options.api_version, session=http)
        self.base_url = address
        self.headers = {"Content-Type": "application/json"}

    def ask(self, method: str, path: str, token: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        """The parsed answer to one request; None for one without a body, and an empty list for an empty list.

        Raises:
            CRMError: any answer but 2xx, sorted by `connector.crm.errors.call_error`.
            NeverLeft, MayHaveLeft: no answer came.
        """
        try:
            answer = self._call_salesforce(method, self.base_url + path, auth=Bearer(token), data=body, headers=headers)
        except SalesforceError as error:
            raise call_error(error.status, error.content) from None
        return self.parse_result_to_json(answer) if answer.content else None

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """The body by orjson. Raises Passing when it is not JSON: the org's edge answers HTML in its bad moments."""
        try:
            return orjson.loads(result.content)
        except orjson.JSONDecodeError:
            raise Passing(
                f"The org answered HTTP {result.status_code} with a body that is not JSON; it begins"
                f" {result.text[:60]!r}.",
                status=result.status_code,
            ) from None


def _holding(key: str, answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict) or key not in answer:
        raise Passing(f"The org's answer has no {key!r}; it is asked again later.")
    return answer


def _relations(fields: Sequence[str]) -> list[tuple[str, ...]]:
    """The relationships that `fields` walk, each as its steps, outermost first."""
    found: dict[tuple[str, ...], None] = {}
    for field in fields:
        steps = tuple(field.split("."))[:-1]
        for depth in range(1, len(steps) + 1):
            found[steps[:depth]] = None
    return list(found)


def _strip_attributes(records: Sequence[dict[str, Any]], relations: Sequence[tuple[str, ...]]) -> None:
    """Takes the org's `attributes` off the records and off the related records in them."""
    for record in records:
        record.pop("attributes", None)
    for steps in relations:
        for record in records:
            related: Any = record
            for step in steps:
                related = related.get(step) if related else None
            if related:
                related.pop("attributes", None)


def _sortable(object_name: str, name: str, kind: str) -> str:
    if kind in _UNSORTABLE:
        raise QueryFault(
            f"{object_name}.{name} is a {kind}, which the org sorts and compares by different rules; rank by a number,"
            " a date, a checkbox or a text."
        )
    return kind
