"""Tapes under cassettes/, replayed only: a request that no tape holds is an error, never a call."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import vcr

from connector.providers.talk import Line
from tests.providers.scrub import scrub_request, scrub_response

CASSETTES = Path(__file__).parents[2] / "cassettes"

REPLAY = vcr.VCR(
    cassette_library_dir=str(CASSETTES),
    record_mode="none",
    match_on=["method", "scheme", "host", "port", "path", "query", "body"],
    before_record_request=scrub_request,
    before_record_response=scrub_response,
)


@contextmanager
def replayed(name: str, base_url: str) -> Iterator[Line]:
    """A line to a tape; at the end every answer on the tape must have been asked for."""
    with REPLAY.use_cassette(f"{name}.yaml") as tape, httpx.HTTPTransport() as transport:
        yield Line(transport, base_url)
    assert tape.all_played, f"{name}: only {tape.play_count} of {len(tape)} were asked for"
