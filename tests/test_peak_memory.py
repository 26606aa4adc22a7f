"""The memory that the demonstration and the benchmarks tell of is their own."""

import subprocess
import sys

import pytest

from connector.demo.memory import peak_rss_mb

_TELL = "from connector.demo.memory import peak_rss_mb; print(peak_rss_mb())"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the figure on")
def test_what_the_process_before_had_is_not_counted() -> None:
    """A process that was started by a large one tells how large it was itself."""
    large = b"x" * 400_000_000
    told = subprocess.run([sys.executable, "-c", _TELL], capture_output=True, text=True, check=True)
    assert 5 < float(told.stdout) < 350 < len(large) / 1024**2 < peak_rss_mb()
