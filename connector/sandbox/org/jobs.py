"""Bulk API 2.0 jobs: their states, their CSV, and the thread that works on them.

Source: "Bulk API 2.0 and Bulk API Developer Guide".
"""

import csv
import io
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.org.errors import OrgError
from connector.sandbox.soql.plan import Plan

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(slots=True)
class Job:
    """One job. Rows are lists of cells under `header`; a failed row has its error beside it."""

    id: str
    kind: str  # "ingest" or "query"
    operation: str
    object: str
    created: str
    user: str
    api_version: float
    key: str | None = None
    line_ending: str = "LF"
    delimiter: str = "COMMA"
    state: str = "Open"
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    successful: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    failed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    error: str | None = None
    plan: Plan | None = None
    keys: list[int] = field(default_factory=list)
    uploaded: bool = False

    @property
    def processed(self) -> int:
        """How many rows have an outcome."""
        return len(self.successful) + len(self.failed)

    @property
    def unprocessed(self) -> list[list[str]]:
        """The rows that were not tried, because the job failed or was aborted."""
        return self.rows[self.processed :] if self.state in ("Failed", "Aborted") else []

    def describe(self) -> dict[str, Any]:
        """The job as the API shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": self.api_version,
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.kind == "ingest":
            shown |= {
                "contentUrl": f"services/data/v{self.api_version}/jobs/ingest/{self.id}/batches",
                "externalIdFieldName": self.key,
                "numberRecordsProcessed": self.processed,
                "numberRecordsFailed": len(self.failed),
                "retries": 0,
            }
        else:
            shown |= {"numberRecordsProcessed": len(self.keys), "isPkChunkingSupported": False}
        if self.error:
            shown["errorMessage"] = self.error
        return shown

    def write(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
        """Rows as this job's CSV: every cell quoted, UTF-8, null empty."""
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=DELIMITERS[self.delimiter],
            lineterminator=LINE_ENDINGS[self.line_ending],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue().encode()

    def read(self, body: bytes) -> None:
        """Take the uploaded CSV; raises OrgError InvalidBatch-like codes when it cannot be read."""
        try:
            text = body.decode("utf-8-sig")
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[self.delimiter], strict=True)
            lines = [line for line in reader if line]
        except (UnicodeDecodeError, csv.Error) as error:
            raise OrgError("INVALIDJOBSTATE", f"The CSV cannot be read: {error}") from error
        self.header, self.rows = (lines[0], lines[1:]) if lines else ([], [])
        self.uploaded = True


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Jobs:
    """Every job of the org, and one thread that works on them in turn. Call `close` at the end."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sandbox-bulk")
        self._closed = threading.Event()

    def add(self, job: Job) -> None:
        """Keep a new job."""
        self._jobs[job.id] = job

    def get(self, job_id: str, kind: str) -> Job:
        """The job; raises OrgError NOT_FOUND."""
        job = self._jobs.get(job_id)
        if job is None or job.kind != kind:
            raise OrgError("NOT_FOUND", "The requested resource does not exist")
        return job

    def all(self, kind: str) -> list[Job]:
        """The jobs of a kind, oldest first."""
        return [each for each in self._jobs.values() if each.kind == kind]

    def remove(self, job: Job) -> None:
        """Forget a job."""
        del self._jobs[job.id]

    def run(self, steps: Callable[[], bool]) -> None:
        """Call `steps` on the worker until it says that nothing is left."""

        def work() -> None:
            while not self._closed.is_set() and steps():
                pass

        self._worker.submit(work)

    def close(self) -> None:
        """Stop after the step under way."""
        self._closed.set()
        self._worker.shutdown()
