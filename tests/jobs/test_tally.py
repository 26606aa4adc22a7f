"""What the daemon's log tells of its work."""

from dataclasses import dataclass

from jobs.tally import Tally


@dataclass
class Read:
    """What a verb gives."""

    read: int = 0
    fresh: int = 0


def test_counts_add_up_by_job_and_begin_anew_once_told() -> None:
    """A job an account counts with its like; what is nought, or no number, is left out."""
    tally = Tally()
    tally.add("pull", Read(read=3))
    tally.add("dispatch a", Read(read=1, fresh=2))
    tally.add("dispatch b", Read(read=1))
    tally.add("sweep", 7)
    tally.add("rest", True)
    tally.add("odd", "words")
    assert tally.take() == {"pull_read": 3, "dispatch_read": 2, "dispatch_fresh": 2, "sweep": 7}
    assert tally.take() == {}
