"""Requests that hold few messages though they could hold many are committed a share at a time, not one a sender."""

from collections.abc import Iterator

import pytest

from connector.sandbox.server import Sandbox
from connector.sync.lineup import Lineup
from connector.sync.planning import plan
from tests.sync.site import SMSCLOUDS, Site, plant, site_on

BULK360 = "bulk360-my"
MESSAGES = 20


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector whose queue has messages with a text each for Bulk360, and many of one campaign for Smsclouds."""
    plant(sandbox, MESSAGES, "MY")
    plant(sandbox, 500, "MX", first=1 + MESSAGES)
    with site_on(sandbox, url, accounts={SMSCLOUDS: {"batch_size": 200}}) as running:
        running.pull()
        yield running


def test_texts_of_their_own_are_committed_together(site: Site) -> None:
    """Twenty messages that travel alone are one plan: they are read and gated once, not again for every few."""
    planned = plan(site.parts, BULK360, site.parts.providers[BULK360], Lineup())
    assert [len(each.batch.messages) for each in planned] == [1] * MESSAGES


def test_full_requests_are_one_a_sender(site: Site) -> None:
    """Of requests that are full no more are in doubt at once than can be under way."""
    planned = plan(site.parts, SMSCLOUDS, site.parts.providers[SMSCLOUDS], Lineup())
    assert [len(each.batch.messages) for each in planned] == [200, 200]
