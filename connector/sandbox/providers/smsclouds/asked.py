"""Faults of statuses that nobody pushes: SMS and voice campaigns are asked for theirs."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from connector.sandbox.faults import STATUSES
from connector.sandbox.providers.world import World


class Asked(Protocol):
    """A campaign whose messages' ids run from `first_message` on and whose lives can be shifted, in seconds."""

    first_message: int
    start: float
    shifts: dict[int, float]


_Campaign = TypeVar("_Campaign", bound=Asked)


def disturb(world: World, campaign: _Campaign, place: int, done: Callable[[_Campaign, int], float]) -> None:
    """Let a fault befall the statuses of one message, which is `done` at a time.

    They can be late, or early: over when the campaign starts. Twice or out of order means nothing here.
    """
    fault = world.faults.take("smsclouds", STATUSES)
    if fault is None:
        return
    fault.destroyed.append(str(campaign.first_message + place))
    if fault.kind == "late":
        campaign.shifts[place] = fault.seconds
    elif fault.kind == "early":
        campaign.shifts[place] = campaign.start - done(campaign, place)
