"""Keys that people press in calls (guide: "Keystroke report"): each is a reply to the call it was pressed in."""

from collections import Counter
from collections.abc import Iterator

import structlog

from connector.model.errors import Refused, Throttled
from connector.model.failures import Fault
from connector.model.messages import News, NewsKind, OpenBatch
from connector.providers.base import Conversation, news_key
from connector.providers.nrs360.codes import NAME
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.reports import OfSending, Reports
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.report import BrokenRow, KeysReport
from connector.providers.nrs360.turns import answered, in_lists, is_absent

log = structlog.get_logger(__name__)


def pressed(settings: NRS360Options, batch: OpenBatch, sending: str) -> Conversation[None]:
    """The keys pressed in a sending's calls. The guide promises the report to interactive sendings alone: one that is
    refused it has no keys.

    Raises:
        Refused, Throttled: the account itself is turned away, or asked to wait.
        MayHaveLeft, Unreadable: see `connector.providers.operation.Operation.read`.
    """
    response = yield Reports.keys.request(OfSending(sending_id=sending), headers=authorization(settings))
    if is_absent(response):
        return
    try:
        keys = PressedKeys(Reports.keys.read(answered(response)), batch, sending)
    except Refused as error:
        if isinstance(error, Throttled) or error.failure.fault is Fault.ACCOUNT:
            raise
        log.info("keys_not_reported", provider=NAME, sending=sending, reason=str(error))
        return
    yield from in_lists(keys)
    if keys.broken:
        log.warning("report_rows_skipped", provider=NAME, sending=sending, rows=keys.broken)


class PressedKeys:
    """A report's keys as replies; `broken` counts the lines without a number or a key, and is whole once all are read.

    A row has neither an id nor a time, and may be there twice, for a menu can ask for the same key again: the n-th
    row of a number and a key is always the same news.
    """

    def __init__(self, report: KeysReport, batch: OpenBatch, sending: str) -> None:
        self._report = report
        self._batch = batch
        self._sending = sending
        self.broken = 0

    def __iter__(self) -> Iterator[News]:
        times: Counter[tuple[str, str]] = Counter()
        for row in self._report:
            number, key = ("", "") if isinstance(row, BrokenRow) else _read(row.phonenumber, row.key)
            if not number or not key:
                self.broken += 1
                continue
            times[number, key] += 1
            yield self._reply(number, key, times[number, key])

    def _reply(self, number: str, key: str, time: int) -> News:
        return News(
            NewsKind.REPLY,
            news_key(NAME, "key", self._sending, number, key, time),
            word="key",
            reference=self._batch.reference,
            provider_batch=self._sending,
            phone=number,
            text=key,
            raw={"key": key, "time": time, "sendingId": self._sending},
        )


def _read(phonenumber: str, key: str) -> tuple[str, str]:
    digits = phonenumber.strip().removeprefix("+")
    return f"+{digits}" if digits.isascii() and digits.isdecimal() else "", key.strip()
