"""A 360NRS that only reports: events of as many rows as are asked for, made as they are sent and never whole anywhere.

Run as a module it serves in a process of its own, tells its port on standard output, and ends when its standard input
does.
"""

import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECIPIENTS = 1_000
"""Recipients of every sending; their events follow each other in turn."""
_COLUMNS = "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,browser,os,url,createdAt"
_EVENTS = ("sent", "delivered", "clicked", "soft_bounced")
_ROWS_A_CHUNK = 500
_PATH = re.compile(r"/sendings/(\d+)/reports/events")


def number_of(recipient: int) -> str:
    """A recipient's number as the report writes it, by the recipient's place from 0."""
    return f"346{recipient:08d}"


def report(rows: int) -> Iterator[str]:
    """The CSV (guide: "Events report by sending") in chunks: its columns, then as many rows."""
    yield f"{_COLUMNS}\n"
    for start in range(0, rows, _ROWS_A_CHUNK):
        yield "".join(_row(place, rows) for place in range(start, min(rows, start + _ROWS_A_CHUNK)))


def _row(place: int, sending: int) -> str:
    turn, recipient = divmod(place, RECIPIENTS)
    minutes, second = divmod(place, 60)
    at = f"2020-05-{1 + minutes // 1440 % 28:02d}T{minutes // 60 % 24:02d}:{minutes % 60:02d}:{second:02d}+00:00"
    event = _EVENTS[turn % len(_EVENTS)]
    return f"spring ~01JREPORT,1,{sending},{recipient},{event},{number_of(recipient)},,,ES,,,,{at}\n"


class ReportServer(ThreadingHTTPServer):
    """Serves on a free port of the loopback, in threads; the sending's id in the address says how many rows it has."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Reports)

    @property
    def url(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self.server_port}"


class _Reports(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The report in chunks, or 404."""
        asked = _PATH.search(self.path)
        if asked is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in report(int(asked[1])):
            body = chunk.encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        """Keeps quiet."""


if __name__ == "__main__":
    server = ReportServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.url, flush=True)  # what whoever started it reads
    while os.read(sys.stdin.fileno(), 1):
        pass
