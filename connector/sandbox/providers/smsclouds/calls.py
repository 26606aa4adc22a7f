"""The voice campaigns of a pretend Smsclouds account (guide, "Blaster (RoboCall) Status" and "Cancel Campaigns")."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.providers.smsclouds.asked import disturb
from connector.sandbox.providers.smsclouds.dates import written
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.voice import VoiceRequest
from connector.sandbox.providers.world import World

QUEUED, PROCESS, SENT, FAILED = 0, 1, 2, 3
# Of the words for a campaign the guide shows TO_SEND, COMPLETED and CANCELLED; the second is a guess from its list.
_WORDS = {QUEUED: "TO_SEND", PROCESS: "PROCESS", SENT: "COMPLETED", FAILED: "CANCELLED"}
_DONE = "Completado Correctamente"
_QUEUE = 0.3


@dataclass
class VoiceCampaign:
    """An accepted voice campaign. Its messages' ids run from `first_message` on, in the order of the request."""

    id: int
    first_message: int
    request: VoiceRequest
    start: float
    cancelled: bool = False
    shifts: dict[int, float] = field(default_factory=dict)


class Calls:
    """Voice campaigns by id. `numbers` shows a campaign's status as 0 to 3, as the guide's list has it, and not as a
    word, as its examples have it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.campaigns: dict[int, VoiceCampaign] = {}
        self.share_failed = 0.04
        self.numbers = False
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._next_campaign = int(world.now()) - 1_700_000_000
        self._next_message = self._next_campaign * 1000

    def add(self, request: VoiceRequest) -> VoiceCampaign:
        """Write an accepted voice campaign down; the faults of its statuses befall it now."""
        start = max(self.world.now(), request.schedule or 0)
        campaign = VoiceCampaign(self._next_campaign, self._next_message, request, start)
        self._next_campaign += 1
        self._next_message += len(request.cellphones)
        self.campaigns[campaign.id] = campaign
        for place in range(len(request.cellphones)):
            disturb(self.world, campaign, place, self._done)
        return campaign

    def find(self, campaign_id: int) -> VoiceCampaign:
        """The campaign with this id. Raises Refusal(404)."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None:
            raise Refusal(404)
        return campaign

    def _chances(self, campaign: VoiceCampaign, place: int) -> tuple[float, float, float, float]:
        return self.world.chances(campaign.request.cellphones[place] + campaign.request.spoken[place])

    def _times(self, campaign: VoiceCampaign, place: int) -> tuple[float, float]:
        """When the call leaves the queue and when it is over (seconds since 1970)."""
        travel = self._chances(campaign, place)[1]
        leaves = campaign.start + _QUEUE / self.world.speed
        return leaves, leaves + campaign.shifts.get(place, 0.0) + (0.1 + 0.7 * travel) / self.world.speed

    def _done(self, campaign: VoiceCampaign, place: int) -> float:
        return self._times(campaign, place)[1]

    def status(self, campaign: VoiceCampaign, place: int, now: float) -> int:
        """0 to 3 of the guide's list for one call at `now`."""
        leaves, ends = self._times(campaign, place)
        if campaign.cancelled:
            return FAILED
        if now >= ends:
            return FAILED if self._chances(campaign, place)[0] < self.share_failed else SENT
        return PROCESS if now >= leaves else QUEUED

    def _campaign_status(self, campaign: VoiceCampaign, statuses: list[int]) -> int:
        if campaign.cancelled:
            return FAILED
        if set(statuses) <= {SENT, FAILED}:
            return SENT
        return QUEUED if set(statuses) == {QUEUED} else PROCESS

    def fates(self) -> Iterator[tuple[str, str]]:
        """What each recipient hears and the guide's word for the call."""
        now = self.world.now()
        words = ("Queued", "Process", "Sent", "Fail/Cancel")
        for campaign in list(self.campaigns.values()):
            for place, spoken in enumerate(campaign.request.spoken):
                yield spoken, words[self.status(campaign, place, now)]

    def accepted(self, campaign: VoiceCampaign, balance: float) -> dict[str, Any]:
        """The answer of ``POST api/v3/voice``."""
        return {
            **self._head(campaign),
            "scheduled_date": written(campaign.start),
            "recipients_count": len(campaign.request.cellphones),
            "status": _WORDS[QUEUED],
            "balance": balance,
        }

    def shown(self, campaign: VoiceCampaign) -> dict[str, Any]:
        """The answer of ``GET api/v3/voice/ID``."""
        now, asked = self.world.now(), campaign.request
        statuses = [self.status(campaign, place, now) for place in range(len(asked.cellphones))]
        status = self._campaign_status(campaign, statuses)
        return {
            **self._head(campaign),
            "text": asked.text,
            "audio": asked.audio,
            "scheduled_date": written(campaign.start),
            "recipients_count": len(asked.cellphones),
            "recipients_processed": sum(status in (SENT, FAILED) for status in statuses),
            "remittent": asked.remittent,
            "transfer_num": asked.transfer_num,
            "transfer_key": asked.transfer_key,
            "status": status if self.numbers else _WORDS[status],
            "voice_messages": [self._row(campaign, place, status) for place, status in enumerate(statuses)],
        }

    def _head(self, campaign: VoiceCampaign) -> dict[str, Any]:
        asked = campaign.request
        kind = "text" if asked.audio is None else "audio"
        head = {"message": _DONE, "voice_campaign": campaign.id, "name": asked.name}
        return head | {"type": kind, "country": "Mexico"}

    def _row(self, campaign: VoiceCampaign, place: int, status: int) -> dict[str, Any]:
        over = status in (SENT, FAILED) and not campaign.cancelled
        return {
            "voice_message": campaign.first_message + place,
            "cellphone": campaign.request.cellphones[place],
            "sent_date": written(self._done(campaign, place)) if over else None,
            "voice_message_status": status,
        }

    def cancel(self, campaign: VoiceCampaign) -> dict[str, Any]:
        """The answer of ``POST api/v3/voice/ID/cancel``. Raises Refusal(422) unless every call is still queued."""
        now = self.world.now()
        if any(self.status(campaign, place, now) != QUEUED for place in range(len(campaign.request.cellphones))):
            raise Refusal(422, "La campaña solo se puede cancelar mientras su estatus es 0 (Queued).")
        campaign.cancelled = True
        return {
            "message": _DONE,
            "voice_campaign": campaign.id,
            "name": campaign.request.name,
            "status": _WORDS[FAILED],
            "scheduled_date": written(campaign.start),
        }
