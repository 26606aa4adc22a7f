"""The campaigns and replies of a pretend Smsclouds account. What becomes of a message is computed from the seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.providers.smsclouds.dates import written
from connector.sandbox.providers.smsclouds.request import CampaignRequest
from connector.sandbox.providers.world import World

OPT_OUTS = ("STOP", "ALTO", "Alto por favor", "BAJA")
ANSWERS = ("Si, gracias", "Confirmo", "¿Quién es?", "No puedo ese dia", "Ok", "Gracias, ahí estaré", "Sí 👍")
_OPT_OUT_SHARE = 0.2
# Guide, "Status of campaigns": what a campaign can be besides inserting and inserted, and what becomes of messages
# that were still on their way. The other two leave them alone.
STOPS = {"paused": "paused", "canceled": "cancelled", "updating": None, "unknown": None}


@dataclass
class Campaign:
    """An accepted campaign. Its messages' ids run from `first_message` on, in the order of the request.

    `stopped` is the word of `STOPS` that a person has chosen for it in the account's pages.
    """

    id: int
    first_message: int
    request: CampaignRequest
    created: float
    start: float
    shifts: dict[int, float] = field(default_factory=dict)
    stopped: str | None = None
    stopped_at: float = 0.0


@dataclass(frozen=True)
class Reply:
    """A text that a recipient wrote back."""

    id: int
    campaign: Campaign
    place: int
    text: str
    received: float


class Book:
    """Campaigns by id, messages by id, replies in order of arrival."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shares = {"failed": 0.04, "retried": 0.02, "replies": 0.03}
        self.campaigns: dict[int, Campaign] = {}
        self.replies: list[Reply] = []
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        epoch = int(world.now()) - 1_700_000_000
        self._next_campaign, self._next_message = epoch, epoch * 1000
        self._first_reply = epoch

    def add(self, request: CampaignRequest) -> Campaign:
        """Write an accepted campaign down."""
        now = self.world.now()
        start = max(now, request.schedule or 0)
        campaign = Campaign(self._next_campaign, self._next_message, request, now, start)
        self._next_campaign += 1
        self._next_message += len(request.cellphones)
        self.campaigns[campaign.id] = campaign
        return campaign

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and its status, in the guide's word."""
        now = self.world.now()
        for campaign in list(self.campaigns.values()):
            for place, text in enumerate(campaign.request.texts):
                yield text, self.status(campaign, place, now)

    def inserted(self, campaign: Campaign) -> float:
        """When the campaign is in Smsclouds' database (seconds since 1970)."""
        return campaign.created + 0.2 / self.world.speed

    def _chances(self, campaign: Campaign, place: int) -> tuple[float, float, float, float]:
        return self.world.chances(campaign.request.cellphones[place] + campaign.request.texts[place])

    def _end(self, campaign: Campaign, place: int, travel: float, share: float = 1.0) -> float:
        """When `share` of the message's way is behind it."""
        shift = campaign.shifts.get(place, 0.0)
        return campaign.start + shift + share * (0.1 + 0.7 * travel) / self.world.speed

    def done(self, campaign: Campaign, place: int) -> float:
        """When the message is with the phone company or has failed (seconds since 1970)."""
        return self._end(campaign, place, self._chances(campaign, place)[1])

    def status(self, campaign: Campaign, place: int, now: float) -> str:
        """The guide's word for the message's status at `now`."""
        fate, travel, _, _ = self._chances(campaign, place)
        halted = STOPS.get(campaign.stopped or "")
        if halted and self._end(campaign, place, travel) > campaign.stopped_at:
            return halted
        if now >= self._end(campaign, place, travel):
            return "failed" if fate < self.shares["failed"] else "sent"
        retries = fate >= 1 - self.shares["retried"] and now >= self._end(campaign, place, travel, 0.5)
        return "retried" if retries else "in progress"

    def stop(self, campaign: Campaign, word: str | None) -> None:
        """Let a person stop a campaign, or let it go on (None). What is canceled stays so."""
        if campaign.stopped != "canceled":
            campaign.stopped, campaign.stopped_at = word, self.world.now()

    def answer_of(self, campaign: Campaign, place: int) -> tuple[str, float] | None:
        """What the recipient will write back and when, or None."""
        fate, _, wish, wait = self._chances(campaign, place)
        if fate < self.shares["failed"] or wish >= self.shares["replies"]:
            return None
        words = OPT_OUTS if wish < self.shares["replies"] * _OPT_OUT_SHARE else ANSWERS
        text = words[int(wait * 1_000_000) % len(words)]
        return text, self.done(campaign, place) + (0.1 + 0.9 * wait) / self.world.speed

    def receive(self, campaign: Campaign, place: int, text: str) -> Reply:
        """Write down a reply that arrives now."""
        reply = Reply(self._first_reply + len(self.replies), campaign, place, text, self.world.now())
        self.replies.append(reply)
        self.world.ledger.reply()
        return reply

    def shown(self, campaign: Campaign, balance: float) -> dict[str, Any]:
        """Guide, "Messages: ID and Status DLR": the answer of ``GET /api/v3/campaign/ID_Campaign/messages``."""
        now = self.world.now()
        ready = now >= self.inserted(campaign) and campaign.stopped != "unknown"
        rows = [self._row(campaign, place, now) for place in range(len(campaign.request.texts))] if ready else []
        done = sum(row["status"] in ("sent", "failed") for row in rows)
        return {
            "message": "Completado Correctamente",
            "campaign": campaign.id,
            "name": campaign.request.name,
            "campaign_status": campaign.stopped or ("inserted" if ready else "inserting"),
            "scheduled_date": written(campaign.start),
            "recipients_count": len(campaign.request.cellphones),
            "percentage": done * 100 // len(rows) if rows else 0,
            "balance": balance,
            "data": rows,
        }

    def _row(self, campaign: Campaign, place: int, now: float) -> dict[str, Any]:
        status = self.status(campaign, place, now)
        return {
            "id": campaign.first_message + place,
            "cellphone": campaign.request.cellphones[place],
            "status": status,
            "sent_date": written(self.done(campaign, place)) if status in ("sent", "failed") else None,
            "text": campaign.request.texts[place],
        }
