"""The short form of `make chaos`: few messages and kills, everything that goes wrong in the long one, both stores."""

import os
import random

import pytest

from connector.providers.registry import PROVIDERS
from tests.chaos import storm
from tests.chaos.__main__ import SHORT, seeded


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_sent_twice_or_lost_whatever_goes_wrong(kind: str) -> None:
    """Kills, lost answers, locked rows, ended sessions, a failing store and a wrong clock: zeros all the same."""
    seed = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
    said: list[str] = []
    storm.prepare()
    verdict = storm.run(seeded(SHORT, seed), kind, said.append)
    told = verdict.as_json()
    assert verdict.passed(), f"{told}\nCHAOS_SEED={seed} plays it again"
    assert told["kills"] >= SHORT.kills
    assert sum(told["by_status"].values()) == SHORT.messages
    assert set(told["received"]) == set(SHORT.providers) == set(PROVIDERS)
