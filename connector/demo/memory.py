"""How much memory a process has had at once."""

import re
import resource
import sys
from pathlib import Path

_MOST = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_rss_mb() -> float:
    """The most resident memory of this process so far, in MiB.

    Linux keeps in ``ru_maxrss`` what the process that started this one had, if that was more (getrusage(2), execve(2));
    ``VmHWM`` of proc(5) is this program's own.
    """
    try:
        own = _MOST.search(Path("/proc/self/status").read_text("ascii"))
    except OSError:
        own = None
    if own is not None:
        return round(int(own.group(1)) / 1024, 1)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
