"""Bulk API 2.0, for backfills: above about 2,000 rows it costs the org fewer requests than collections.

A job that completes may still hold failed rows, and a job that fails keeps what it had done: each row counts by its own
result. The results' order is not promised, so rows carry a key column of their own.

Source: "Bulk API 2.0 and Bulk API Developer Guide", Ingest and Query.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Literal
from urllib.parse import quote

import httpx
import orjson

from connector.crm.backoff import Backoff
from connector.crm.bulk_csv import csv_pieces, csv_rows
from connector.crm.errors import CallRefused, call_error
from connector.crm.http import UsageWatch
from connector.crm.login import Login
from connector.crm.options import SalesforceOptions
from connector.model.errors import CRMError, MayHaveLeft, NeverLeft, Passing, QueryFault, SessionLost

Operation = Literal["insert", "update", "upsert", "delete"]
JOB_BYTES = 100_000_000
"""Raw CSV in one job; the org counts it base64-encoded against 150 MB."""
_JOB_ID = re.compile(r"[A-Za-z0-9]{15,18}")
_LOCATOR = re.compile(r"(?:/?[A-Za-z0-9+=_.~-])+")
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A job as the org describes it. `state` is the org's own word; `error` its reason for a failed job."""

    id: str
    state: str
    processed: int = 0
    failed: int = 0
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether the org will do nothing more for it."""
        return self.state in _ENDED


class Bulk:
    """Ingest and query jobs of one org. `client` is owned by one thread; it follows no redirects.

    `patience` is how long, in seconds, a job is waited for.
    """

    def __init__(
        self,
        client: httpx.Client,
        login: Login,
        options: SalesforceOptions,
        usage: UsageWatch,
        *,
        backoff: Backoff | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 3600.0,
        job_bytes: int = JOB_BYTES,
    ) -> None:
        self._client = client
        self._login = login
        self._usage = usage
        self._jobs = f"{options.data_url}jobs/"
        self._backoff = backoff or Backoff(tries=options.tries)
        self._sleep = sleep
        self._patience = patience
        self._job_bytes = job_bytes
        self.requests = 0

    def load(
        self,
        object_name: str,
        operation: Operation,
        rows: Iterable[Mapping[str, object]],
        *,
        columns: tuple[str, ...],
        external_id: str | None = None,
    ) -> Iterator[BulkJob]:
        """Uploads the rows in jobs of up to 100 MB and yields each job when it has ended, done or failed.

        A column that a row leaves out stays as it is; None empties the field (``#N/A``). `external_id` names the key of
        an upsert.

        Raises:
            Passing: a job was not done within `patience`; it goes on in the org, and `job` tells of it.
            ValueError: a text is exactly ``#N/A``, which would empty its field.
        """
        for piece in csv_pieces(rows, columns, self._job_bytes):
            with piece:
                job = self._backoff.insist(partial(self._uploaded, object_name, operation, piece, external_id))
            self._close(job)
            yield self._waited_for(f"ingest/{job.id}")

    def job(self, job_id: str) -> BulkJob:
        """How an ingest job stands."""
        return _read_job(self._asked("GET", f"ingest/{job_id}"))

    def successful(self, job: BulkJob) -> Iterator[dict[str, str]]:
        """The rows that were written, with ``sf__Id`` and ``sf__Created``."""
        return self._rows(f"ingest/{job.id}/successfulResults/")

    def failed(self, job: BulkJob) -> Iterator[dict[str, str]]:
        """The rows that were refused, with ``sf__Id`` and ``sf__Error`` (``CODE:message:fields --``)."""
        return self._rows(f"ingest/{job.id}/failedResults/")

    def unprocessed(self, job: BulkJob) -> Iterator[dict[str, str]]:
        """The rows that a failed or aborted job never came to, as they were uploaded."""
        return self._rows(f"ingest/{job.id}/unprocessedrecords/")

    def query(self, statement: str, *, page_rows: int = 50_000) -> Iterator[dict[str, str]]:
        """The rows of a SOQL statement as texts, streamed page by page; null and the empty text are both ``""``.

        Raises:
            QueryFault: the org refuses the statement, or the job failed; the sentence has the org's reason.
            Passing: the job was not done within `patience`.
        """
        made = self._asked("POST", "query", json={"operation": "query", "query": statement})
        job = self._waited_for(f"query/{_read_job(made).id}")
        if job.state != "JobComplete":
            raise QueryFault(f"The bulk query {job.id} ended as {job.state}: {job.error or 'no reason given'}.")
        locator: str | None = ""
        while locator is not None:
            address = f"query/{job.id}/results?maxRecords={page_rows}"
            address += f"&locator={quote(locator, safe='')}" if locator else ""
            answer = self._backoff.insist(partial(self._answer, "GET", address, stream=True))
            yield from _rows_of(answer)
            locator = _next_locator(answer.headers.get("sforce-locator", "null"))

    def _uploaded(self, object_name: str, operation: Operation, piece: IO[bytes], external_id: str | None) -> BulkJob:
        """An open job whose data is all there. Made afresh after trouble: a job that is never closed does nothing."""
        description = {"object": object_name, "operation": operation, "contentType": "CSV", "lineEnding": "CRLF"}
        if external_id:
            description["externalIdFieldName"] = external_id
        job = _read_job(_json(self._answer("POST", "ingest", json=description)))
        self._answer("PUT", f"ingest/{job.id}/batches", content=piece)
        return job

    def _close(self, job: BulkJob) -> None:
        """Sets the job going. An answer that is lost is looked up, for a job can be closed once."""

        def closed() -> None:
            try:
                self._answer("PATCH", f"ingest/{job.id}", json={"state": "UploadComplete"})
            except (Passing, MayHaveLeft):
                if self.job(job.id).state == "Open":
                    raise

        self._backoff.insist(closed)

    def _waited_for(self, path: str) -> BulkJob:
        wait, waited = 1.0, 0.0
        while True:
            job = _read_job(self._asked("GET", path))
            if job.ended:
                return job
            if waited >= self._patience:
                raise Passing(f"The bulk job {job.id} is still {job.state} after {waited:.0f} s; ask for it later.")
            self._sleep(wait)
            waited += wait
            wait = min(wait * 1.5, 30.0)

    def _rows(self, path: str) -> Iterator[dict[str, str]]:
        yield from _rows_of(self._backoff.insist(lambda: self._answer("GET", path, stream=True)))

    def _asked(self, method: str, path: str, **body: Any) -> Any:
        return self._backoff.insist(lambda: _json(self._answer(method, path, **body)))

    def _answer(self, method: str, path: str, *, stream: bool = False, **body: Any) -> httpx.Response:
        token = self._login.token()
        try:
            return self._answered(method, path, token, stream=stream, **body)
        except SessionLost:
            token = self._login.renew(token)
        try:
            return self._answered(method, path, token, stream=stream, **body)
        except SessionLost:
            raise self._login.refuse(token) from None

    def _answered(self, method: str, path: str, token: str, *, stream: bool, **body: Any) -> httpx.Response:
        self.requests += 1
        headers = {"Authorization": f"Bearer {token}"}
        if "content" in body:
            body["content"].seek(0)
            headers["Content-Type"] = "text/csv; charset=UTF-8"
        try:
            request = self._client.build_request(method, self._jobs + path, headers=headers, **body)
            answer = self._client.send(request, stream=stream, follow_redirects=False)
            if not answer.is_success:
                answer.read()
                answer.close()
        except httpx.TransportError as error:
            raise _sorted_by_end(error) from error
        self._usage.note(answer.headers.get("sforce-limit-info", ""))
        if not answer.is_success:
            raise _refusal(answer)
        return answer


def _rows_of(answer: httpx.Response) -> Iterator[dict[str, str]]:
    try:
        yield from csv_rows(answer.iter_bytes())
    except httpx.TransportError as error:
        raise _sorted_by_end(error) from error
    finally:
        answer.close()


def _refusal(answer: httpx.Response) -> CRMError:
    try:
        return call_error(answer.status_code, orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        return call_error(answer.status_code, answer.text)


def _json(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content) if answer.content else {}
    except orjson.JSONDecodeError:
        raise Passing(
            f"The org answered a bulk request with what is not JSON; it begins {answer.text[:60]!r}."
        ) from None


def _sorted_by_end(error: httpx.TransportError) -> NeverLeft | MayHaveLeft:
    name = type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return NeverLeft(f"No connection to the org was made ({name}: {error}); check its address and the network.")
    return MayHaveLeft(f"The connection to the org broke before an answer came ({name}: {error}).")


def _next_locator(told: str) -> str | None:
    """Where the results go on; None after the last page.

    Raises:
        QueryFault: what is told is no mark of a place in the results: it could lead a request, and its token, astray.
    """
    if told in ("", "null"):
        return None
    if _LOCATOR.fullmatch(told) is None:
        raise QueryFault(f"The org tells a page of results that is none ({told[:60]!r}), and it is not asked for.")
    return told


def _read_job(body: Any) -> BulkJob:
    """The job that an answer describes.

    Raises:
        CallRefused: its id is none: it could lead a request, and its token, astray.
    """
    told = str(body.get("id", "")) if isinstance(body, Mapping) else ""
    if _JOB_ID.fullmatch(told) is None:
        text = f"The org tells the id of a bulk job that is none ({told[:60]!r}), and it is not asked for."
        raise CallRefused(text, errors=(), status=200)
    return BulkJob(
        id=told,
        state=str(body.get("state", "")),
        processed=int(body.get("numberRecordsProcessed") or 0),
        failed=int(body.get("numberRecordsFailed") or 0),
        error=str(body.get("errorMessage") or ""),
    )
