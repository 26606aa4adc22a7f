"""Nothing is sent before this process has read who opted out: in the CRM's records and on the providers' blacklists."""

import threading
import time
from collections.abc import Sequence

import structlog

from connector.sync.alarms import Alarms
from jobs.schedule import QUEUE, Job

log = structlog.get_logger()

_SUBJECT = "sending"
_TOLD_AFTER = 60.0
"""Seconds after which an alarm tells that sending waits for a reading that is under way, as a large org's first is."""
_STILL_READING = (
    "nothing is sent yet, for who opted out is still being read, which takes minutes at a large org's first start; "
    "sending begins by itself."
)


class OptOutsFirst:
    """Holds back the jobs that send until each that reads opt-outs has come through once.

    One that fails is run again as soon as the queue could be read, for an org that cannot be asked gives nothing to
    send either. One that fails as often as its row says, each time though the queue could be read, is waited for no
    longer: its own alarm stands. Thread-safe.
    """

    def __init__(self, jobs: Sequence[Job], alarms: Alarms) -> None:
        self._alarms = alarms
        self._senders = tuple(job.name for job in jobs if job.sends)
        self._tries_left = {job.name: job.before_sending for job in jobs if job.before_sending}
        self._failed: set[str] = set()
        self._spared = set(self._tries_left)
        """Those whose next failure does not count: the queue has not been read since their last one."""
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Logs what sending waits for; from now on the waiting is timed."""
        self._began = time.monotonic()
        if self._tries_left:
            log.info("sending_waits", readings=sorted(self._tries_left))

    def holds_back(self, job: Job) -> bool:
        """Whether a job may not run yet, for it sends."""
        return job.sends and bool(self._tries_left)

    def waits_for(self, job: Job) -> bool:
        """Whether sending waits for this job."""
        return job.name in self._tries_left

    def came_through(self, job: Job) -> Sequence[str]:
        """Notes that a job ran to its end; gives the jobs to be woken for it."""
        with self._lock:
            if job.name == QUEUE:
                self._spared.clear()
                return sorted(self._failed)
            return self._over(job.name)

    def failed(self, job: Job, reason: str) -> Sequence[str]:
        """Notes that a job failed; gives the jobs to be woken for it."""
        with self._lock:
            name = job.name
            if name not in self._tries_left:
                return ()
            if name not in self._spared:
                self._tries_left[name] -= 1
                if not self._tries_left[name]:
                    log.warning("opt_outs_not_read", job=name, reason=reason)
                    return self._over(name)
            self._spared.add(name)
            self._failed.add(name)
            self._alarms.sound(_SUBJECT, f"nothing is sent yet, for who opted out could not be read ({name}): {reason}")
            return ()

    def tell_if_long(self) -> None:
        """Sounds an alarm when sending has waited for long."""
        with self._lock:
            waits = self._tries_left and time.monotonic() - self._began > _TOLD_AFTER
            if waits and _SUBJECT not in self._alarms.standing():
                self._alarms.sound(_SUBJECT, _STILL_READING)

    def _over(self, name: str) -> Sequence[str]:
        self._failed.discard(name)
        if self._tries_left.pop(name, None) is None or self._tries_left:
            return ()
        self._alarms.settle(_SUBJECT)
        log.info("sending_begins", waited=round(time.monotonic() - self._began, 3))
        return self._senders
