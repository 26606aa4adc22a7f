"""Bulk API 2.0 ingest: create a job, upload CSV, close it, read the three kinds of results."""

from collections.abc import Sequence
from typing import Any

from connector.sandbox.org import ids
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.jobs import DELIMITERS, LINE_ENDINGS, Job
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route
from connector.sandbox.org.schema import Object
from connector.sandbox.org.writing import Result

_CHUNK = 200
_CSV = "text/csv"
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_IDS = ids.Sequence()


def invalid(message: str) -> OrgError:
    """A job that cannot be as it was asked for."""
    return OrgError("INVALIDJOB", f"InvalidJob : {message}")


def create(org: Org, call: Call) -> Answer:
    """`POST …/jobs/ingest`."""
    asked = call.document()
    target = org.schema.get(str(asked.get("object", "")))
    if target is None:
        raise invalid(f"Entity '{asked.get('object')}' is not supported by the Bulk API.")
    operation = asked.get("operation")
    if operation not in _OPERATIONS:
        raise invalid(f"Unknown operation: {operation}")
    if asked.get("contentType", "CSV") != "CSV":
        raise invalid("Only the content type CSV is supported")
    key = asked.get("externalIdFieldName")
    field = target.field(str(key)) if key else None
    if operation == "upsert" and (field is None or not (field.external_id or field.type == "id")):
        raise invalid(f"Field name not found : {key}")
    delimiter, ending = asked.get("columnDelimiter", "COMMA"), asked.get("lineEnding", "LF")
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
        raise invalid(f"Unknown columnDelimiter or lineEnding: {delimiter}, {ending}")
    job = Job(
        id=_IDS.take("750"),
        kind="ingest",
        operation=operation,
        object=target.name,
        created=org.clock.stamp(),
        user=str(org.user),
        api_version=float(call.base.rpartition("v")[2]),
        key=field.name if field else None,
        line_ending=ending,
        delimiter=delimiter,
    )
    org.jobs.add(job)
    return Answer(content=job.describe())


def upload(org: Org, call: Call, job_id: str) -> Answer:
    """`PUT …/jobs/ingest/id/batches`: the CSV, once."""
    job = org.jobs.get(job_id, "ingest")
    if job.state != "Open" or job.uploaded:
        raise OrgError("INVALIDJOBSTATE", f"Job state must be Open and its data not yet uploaded, but is {job.state}")
    if len(call.body) > 150_000_000:
        raise OrgError("REQUEST_ENTITY_TOO_LARGE", "The CSV is larger than 150 MB.", status=413)
    job.read(call.body)
    return Answer(201)


def change(org: Org, call: Call, job_id: str) -> Answer:
    """`PATCH …/jobs/ingest/id` with `{"state": "UploadComplete"}` or `Aborted`."""
    job = org.jobs.get(job_id, "ingest")
    state = call.document().get("state")
    if state == "UploadComplete" and job.state == "Open":
        job.state = "UploadComplete"
        org.jobs.run(lambda: _step(org, job))
    elif state == "Aborted" and job.state in ("Open", "UploadComplete", "InProgress"):
        job.state = "Aborted"
    else:
        raise OrgError("INVALIDJOBSTATE", f"Transitioning from {job.state} to {state} is not supported")
    return Answer(content=job.describe())


def _step(org: Org, job: Job) -> bool:
    """Work on the next rows; says whether some are left."""
    with org.lock:
        if job.state == "UploadComplete":
            job.state = "InProgress"
            return True
        if job.state != "InProgress":
            return False
        target = org.object(job.object)
        unknown = next((each for each in job.header if not _known(target, each)), None)
        if unknown is not None or not job.header:
            job.state = "Failed"
            job.error = f"InvalidBatch : Field name not found : {unknown or ''}"
            return False
        chunk = job.rows[job.processed : job.processed + _CHUNK]
        if not chunk:
            job.state = "JobComplete"
            return False
        with org.records.transaction():
            _save(org, job, target, chunk)
        return True


def _known(target: Object, column: str) -> bool:
    name, _, rest = column.partition(".")
    return name.lower() in target.by_relationship if rest else target.field(name) is not None


def _save(org: Org, job: Job, target: Object, chunk: list[list[str]]) -> None:
    usable = [row for row in chunk if len(row) == len(job.header)]
    results = iter(_results(org, job, target, [_fields(job.header, row) for row in usable]))
    for row in chunk:
        if len(row) != len(job.header):
            message = f"INVALID_CSV_ROW:The row has {len(row)} columns, the header {len(job.header)}:--"
            job.failed.append(("", message, row))
            continue
        result = next(results)
        if result.error:
            fields = " ".join(result.error.fields) or "--"
            job.failed.append((result.id or "", f"{result.error.code}:{result.error.message}:{fields}", row))
        else:
            job.successful.append((result.id or "", result.created, row))


def _fields(header: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """A row's fields: an empty cell leaves its field alone, `#N/A` empties it."""
    fields: dict[str, Any] = {}
    for name, cell in zip(header, row, strict=True):
        if not cell:
            continue
        relationship, _, key = name.partition(".")
        value = None if cell == "#N/A" else cell
        fields[relationship] = {key: value} if key and value is not None else value
    return fields


def _results(org: Org, job: Job, target: Object, rows: list[dict[str, Any]]) -> list[Result]:
    try:
        if job.operation == "insert":
            return org.writer.insert(target, rows)
        if job.operation == "upsert" and job.key and job.key != "Id":
            return org.writer.upsert(target, job.key, rows)
        pairs = [(next((value for name, value in row.items() if name.lower() == "id"), None), row) for row in rows]
        if job.operation in ("update", "upsert"):
            return org.writer.update(target, pairs)
        return org.writer.delete(target, [record_id for record_id, _ in pairs])
    except OrgError as error:
        # A cell of the wrong type fails its row alone here, so the rows are tried one by one.
        if len(rows) == 1:
            return [Result(None, error=OrgError("INVALID_TYPE_ON_FIELD_IN_RECORD", error.message, error.fields))]
        return [result for row in rows for result in _results(org, job, target, [row])]


def _results_csv(job: Job, header: list[str], rows: Sequence[Sequence[Any]]) -> Answer:
    return Answer(content=job.write(header, rows), media_type=_CSV)


def successful(org: Org, _call: Call, job_id: str) -> Answer:
    """`GET …/successfulResults`: sf__Id, sf__Created and the row."""
    job = org.jobs.get(job_id, "ingest")
    rows = [[record_id, created, *row] for record_id, created, row in job.successful]
    return _results_csv(job, ["sf__Id", "sf__Created", *job.header], rows)


def failed(org: Org, _call: Call, job_id: str) -> Answer:
    """`GET …/failedResults`: sf__Id, sf__Error and the row."""
    job = org.jobs.get(job_id, "ingest")
    rows = [[record_id, error, *row] for record_id, error, row in job.failed]
    return _results_csv(job, ["sf__Id", "sf__Error", *job.header], rows)


def unprocessed(org: Org, _call: Call, job_id: str) -> Answer:
    """`GET …/unprocessedrecords`: the rows of a failed or aborted job that were not tried."""
    job = org.jobs.get(job_id, "ingest")
    return _results_csv(job, job.header, job.unprocessed)


def show(org: Org, _call: Call, job_id: str) -> Answer:
    """`GET …/jobs/ingest/id`."""
    return Answer(content=org.jobs.get(job_id, "ingest").describe())


def show_all(org: Org, _call: Call) -> Answer:
    """`GET …/jobs/ingest`."""
    return Answer(
        content={"done": True, "nextRecordsUrl": None, "records": [j.describe() for j in org.jobs.all("ingest")]}
    )


def remove(org: Org, _call: Call, job_id: str) -> Answer:
    """`DELETE …/jobs/ingest/id`, once it is over."""
    job = org.jobs.get(job_id, "ingest")
    if job.state not in ("JobComplete", "Failed", "Aborted"):
        raise OrgError("INVALIDJOBSTATE", f"A job in the state {job.state} cannot be deleted")
    org.jobs.remove(job)
    return Answer(204)


ROUTES = [
    Route("POST", "/jobs/ingest", create),
    Route("GET", "/jobs/ingest", show_all),
    Route("GET", "/jobs/ingest/{id}", show),
    Route("PATCH", "/jobs/ingest/{id}", change),
    Route("DELETE", "/jobs/ingest/{id}", remove),
    Route("PUT", "/jobs/ingest/{id}/batches", upload),
    Route("GET", "/jobs/ingest/{id}/successfulResults", successful),
    Route("GET", "/jobs/ingest/{id}/failedResults", failed),
    Route("GET", "/jobs/ingest/{id}/unprocessedrecords", unprocessed),
]
