"""Bulk API 2.0 query: create a job, wait, read its result page by page with a locator."""

from collections.abc import Iterator
from typing import Any

from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.ids import Sequence
from connector.sandbox.org.jobs import DELIMITERS, LINE_ENDINGS, Job
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.bulk_ingest import invalid
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route
from connector.sandbox.soql.plan import Plan

_PAGE = 50_000
_IDS = Sequence()


def create(org: Org, call: Call) -> Answer:
    """`POST …/jobs/query`; raises OrgError when the query cannot run in bulk."""
    asked = call.document()
    operation = asked.get("operation")
    if operation not in ("query", "queryAll"):
        raise invalid(f"Unknown operation: {operation}")
    plan = org.querying.plan(str(asked.get("query", "")), deleted=operation == "queryAll")
    if plan.shape is None or plan.children:
        raise OrgError("API_ERROR", "Aggregate Relationships and subqueries are not supported in Bulk Query")
    delimiter, ending = asked.get("columnDelimiter", "COMMA"), asked.get("lineEnding", "LF")
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
        raise invalid(f"Unknown columnDelimiter or lineEnding: {delimiter}, {ending}")
    job = Job(
        id=_IDS.take("750"),
        kind="query",
        operation=operation,
        object=plan.object.name,
        created=org.clock.stamp(),
        user=str(org.user),
        api_version=float(call.base.rpartition("v")[2]),
        line_ending=ending,
        delimiter=delimiter,
        state="UploadComplete",
        plan=plan,
    )
    org.jobs.add(job)
    org.jobs.run(lambda: _step(org, job))
    return Answer(content=job.describe())


def _step(org: Org, job: Job) -> bool:
    with org.lock:
        if job.state == "UploadComplete":
            job.state = "InProgress"
            return True
        if job.state == "InProgress" and job.plan is not None:
            job.keys = [row[0] for row in org.records.rows(job.plan.keys, job.plan.parameters)]
            job.state = "JobComplete"
        return False


def results(org: Org, call: Call, job_id: str) -> Answer:
    """`GET …/jobs/query/id/results?locator=…&maxRecords=…`; the locator `null` says that this was the last page."""
    job = org.jobs.get(job_id, "query")
    if job.state != "JobComplete" or job.plan is None or job.plan.shape is None:
        raise OrgError("INVALIDJOBSTATE", f"The results of a job in the state {job.state} cannot be read")
    locator = call.query.get("locator", "0")
    size = call.query.get("maxRecords", str(_PAGE))
    if not locator.isdigit() or not size.isdigit() or int(size) < 1:
        raise OrgError("INVALID_QUERY_LOCATOR", "invalid query locator")
    start = int(locator)
    end = start + min(int(size), _PAGE)
    keys = job.keys[start:end]
    rows = org.querying.rows(job.plan, keys)
    following = "null" if end >= len(job.keys) else str(end)
    body = job.write(job.plan.header, _lines(job.plan, rows))
    return Answer(
        content=body,
        headers={"Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(rows))},
        media_type="text/csv",
    )


def _lines(plan: Plan, rows: list[Any]) -> Iterator[list[Any]]:
    """The selected fields of each row. CSV ends a datetime with Z where JSON says +0000."""
    moments = frozenset(plan.datetimes)
    for row in rows:
        yield [
            row[place].replace("+0000", "Z") if place in moments and row[place] else row[place]
            for place in plan.columns
        ]


def show(org: Org, _call: Call, job_id: str) -> Answer:
    """`GET …/jobs/query/id`."""
    return Answer(content=org.jobs.get(job_id, "query").describe())


def show_all(org: Org, _call: Call) -> Answer:
    """`GET …/jobs/query`."""
    return Answer(
        content={"done": True, "nextRecordsUrl": None, "records": [j.describe() for j in org.jobs.all("query")]}
    )


def abort(org: Org, call: Call, job_id: str) -> Answer:
    """`PATCH …/jobs/query/id` with `{"state": "Aborted"}`."""
    job = org.jobs.get(job_id, "query")
    if call.document().get("state") != "Aborted" or job.state == "JobComplete":
        raise OrgError("INVALIDJOBSTATE", f"A query job in the state {job.state} can only be aborted while it runs")
    job.state = "Aborted"
    return Answer(content=job.describe())


def remove(org: Org, _call: Call, job_id: str) -> Answer:
    """`DELETE …/jobs/query/id`."""
    org.jobs.remove(org.jobs.get(job_id, "query"))
    return Answer(204)


ROUTES = [
    Route("POST", "/jobs/query", create),
    Route("GET", "/jobs/query", show_all),
    Route("GET", "/jobs/query/{id}", show),
    Route("PATCH", "/jobs/query/{id}", abort),
    Route("DELETE", "/jobs/query/{id}", remove),
    Route("GET", "/jobs/query/{id}/results", results),
]
