"""The email campaigns of a pretend Smsclouds account. The guide gives them no status: nobody hears of them again."""

from collections.abc import Iterator
from typing import Any

from connector.sandbox.providers.smsclouds.email import EmailRequest
from connector.sandbox.providers.world import World


class Mail:
    """Email campaigns by id."""

    def __init__(self, world: World) -> None:
        self.campaigns: dict[int, EmailRequest] = {}
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._first = int(world.now()) - 1_700_000_000

    def add(self, request: EmailRequest) -> dict[str, Any]:
        """Write an accepted campaign down; returns the answer of ``POST api/v1/email``."""
        campaign_id = self._first + len(self.campaigns)
        self.campaigns[campaign_id] = request
        return {"message": "New Email Campaign created successfully", "email_campaign_id": campaign_id}

    def fates(self) -> Iterator[tuple[str, str]]:
        """Subject and body of every mail, and the guide's only word: created."""
        for request in list(self.campaigns.values()):
            for text in request.texts:
                yield text, "created"
