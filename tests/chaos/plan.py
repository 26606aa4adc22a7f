"""What happens when: everything that goes wrong in a run, drawn from its seed, by progress and not by the clock."""

import random
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.world import SENDS

Kind = Literal["kill", "clock", "store"]


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that goes wrong once the world has come as far as `at` (see `ChaosWorld.progress`).

    `seconds`: a kill's further delay, where the clock is set to, or how long the store cannot be used.
    """

    at: int
    kind: Kind
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `batch` is how many messages a send request takes at most, `providers` who is sent through."""

    messages: int
    kills: int
    seed: int
    batch: int
    store_troubles: int
    clock_steps: int
    patience: float
    providers: tuple[str, ...] = tuple(SENDS)

    def blows(self) -> list[Blow]:
        """All of them, in order of progress; about one and a half steps of progress are made a message."""
        chance = random.Random(self.seed)
        reach = int(1.5 * self.messages)
        blows = [Blow(chance.randint(1, reach), "kill", chance.uniform(0.0, 0.4)) for _ in range(self.kills)]
        blows += [Blow(chance.randint(1, reach), "clock", chance.uniform(-200, 400)) for _ in range(self.clock_steps)]
        blows += [Blow(chance.randint(1, reach), "store", chance.uniform(0.5, 2.5)) for _ in range(self.store_troubles)]
        return sorted(blows, key=lambda blow: blow.at)


LOST_ANSWERS = 0.05
"""Share of sends whose connection is dropped after the provider has accepted."""


def rules() -> list[dict[str, Any]]:
    """The faults of the providers and the org, all at once; of several that strike one request the first counts."""
    of_providers = [rule for target, send in SENDS.items() for rule in _of_provider(target, send)]
    return of_providers + _of_tokens() + _of_news() + _of_org()


def _of_provider(target: str, send: str) -> list[dict[str, Any]]:
    return [
        {"target": target, "operation": send, "kind": "drop_after", "share": LOST_ANSWERS},
        {"target": target, "operation": send, "kind": "drop_before", "share": 0.01},
        {"target": target, "operation": send, "kind": "status", "status": 429, "seconds": 1, "share": 0.04},
        {"target": target, "operation": send, "kind": "status", "status": 500, "share": 0.02},
        {"target": target, "operation": send, "kind": "garbage", "share": 0.01},
        {"target": target, "operation": send, "kind": "expire_tokens", "share": 0.01},
        {"target": target, "operation": "GET *", "kind": "status", "status": 500, "share": 0.05},
        {"target": target, "operation": "GET *", "kind": "drop_after", "share": 0.02},
        {"target": target, "operation": "POST /api/v3/response*", "kind": "status", "status": 500, "share": 0.1},
    ]


def _of_tokens() -> list[dict[str, Any]]:
    """Bulk360's tokens, which `expire_tokens` above makes worthless in the middle of everything, are hard to renew."""
    token = {"target": "bulk360", "operation": "POST /oauth/token"}
    return [
        {**token, "kind": "drop_after", "share": 0.05},
        {**token, "kind": "status", "status": 429, "seconds": 1, "share": 0.05},
        {**token, "kind": "status", "status": 500, "share": 0.1},
        {**token, "kind": "garbage", "share": 0.05},
    ]


def _of_news() -> list[dict[str, Any]]:
    return [
        {"operation": "statuses", "kind": kind, "share": 0.05, "seconds": seconds}
        for kind, seconds in (("late", 3.0), ("twice", 0.5), ("reorder", 0.2), ("early", 0.0))
    ] + [{"operation": "replies", "kind": kind, "share": 0.1, "seconds": 1.0} for kind in ("late", "twice", "early")]


def _of_org() -> list[dict[str, Any]]:
    return [
        {"target": "org", "operation": "*", "kind": "expire_tokens", "share": 0.01},
        {"target": "org", "operation": "*", "kind": "status", "status": 500, "share": 0.01},
        {"target": "org", "operation": "*", "kind": "status", "status": 503, "share": 0.02},
        {"target": "org", "operation": "*", "kind": "drop_after", "share": 0.02},
        {"target": "org", "operation": "* /composite/sobjects*", "kind": "lock_rows", "share": 0.03},
    ]
