"""Reports of a sending (guide: "Events report by sending", "Keystroke report"), streamed: a broken row is told as a
`BrokenRow` and the rest goes on."""

from typing import Annotated

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import IsoDate
from connector.providers.nrs360.report import EventsReport, KeysReport
from connector.providers.operation import Asked, Room, named


class OfSending(Asked):
    """Which sending's report, and of which time."""

    sending_id: Annotated[int | str, named("sendingId", description="the sending's id")]
    before_date: Annotated[IsoDate | None, named("beforeDate", description="what happened before this time")] = None
    after_date: Annotated[IsoDate | None, named("afterDate", description="what happened after this time")] = None


class Reports(Room):
    """Reports of a sending."""

    room = "reports"

    events = NRS360Operation(
        "GET",
        "sendings/{sendingId}/reports/events",
        section="Events report by sending",
        asks=OfSending,
        tells=EventsReport,
        rows=EventsReport,
    )
    keys = NRS360Operation(
        "GET",
        "sendings/{sendingId}/reports/keys",
        section="Keystroke report",
        asks=OfSending,
        tells=KeysReport,
        rows=KeysReport,
    )
