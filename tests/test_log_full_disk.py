"""A log that cannot be written: nothing else stops for it."""

import errno
import logging
from collections.abc import Iterator

import pytest
import structlog

from connector import log
from connector.sync.alarms import Alarms
from tests.sync.site import ShiftedClock


class FullDisk:
    """Standard error on a disk that is full until `room`; `lines` are those that were written."""

    def __init__(self) -> None:
        self.room = False
        self.tried = 0
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        self.tried += 1
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines.append(text)
        return len(text)

    def flush(self) -> None:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")

    def isatty(self) -> bool:
        return False


@pytest.fixture
def restored() -> Iterator[None]:
    """The log's set-up as it was before the test."""
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    yield
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers


@pytest.mark.usefixtures("restored")
def test_an_alarm_is_sounded_though_its_line_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is lost, the alarm stands, whoever sounded it goes on; once there is room, lines are written again."""
    disk = FullDisk()
    monkeypatch.setattr("sys.stderr", disk)  # here, for what a fixture puts there is put back before the test
    log.set_up("json", "INFO")
    alarms = Alarms(ShiftedClock())
    alarms.sound("store", "the disk is full")
    logging.getLogger("somebody.else").warning("so it is")
    assert disk.tried
    assert disk.lines == []
    assert list(alarms.standing()) == ["store"]
    disk.room = True
    alarms.settle("store")
    assert any("alarm_over" in line for line in disk.lines)
