"""A report's size costs no memory: it is read as it comes, over a real socket, through the adapter's conversation."""

import tracemalloc

import httpx

from benchmarks.report_memory import open_batch, pretended
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from connector.providers.talk import Line

FEW, MANY = 2_000, 200_000
OURS = 10
ALLOWED = 3 * 1024 * 1024


def read(url: str, rows: int) -> tuple[int, int]:
    """How much news a report of so many rows tells when each page is let go, and the most bytes held meanwhile."""
    provider = NRS360("main", NRS360Options.model_validate({"username": "u", "api_password": "p", "base_url": url}))
    asked = open_batch(rows, every=OURS)
    with httpx.HTTPTransport() as transport:
        tracemalloc.start(1)
        try:
            told = sum(len(news) for news in Line(transport, url).converse(provider.statuses([asked])))
            return told, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_a_report_a_hundred_times_as_long_takes_no_more_memory() -> None:
    """Of 200,000 rows each tenth is ours and told, and the peak is within 3 MB of that of 2,000."""
    with pretended() as url:
        few, least = read(url, FEW)
        many, most = read(url, MANY)
    assert (few, many) == (FEW // OURS, MANY // OURS)
    assert most - least < ALLOWED, f"{least:,} bytes for {FEW:,} rows, {most:,} for {MANY:,}"
