"""Taking back a voice campaign that has not begun (guide: "Blaster (RoboCall) Cancel Campaigns"). The guide has nothing
of the kind for SMS and email campaigns."""

from connector.model.errors import Refused, Unreadable
from connector.model.messages import Channel, OpenBatch
from connector.model.states import State
from connector.providers.base import Conversation
from connector.providers.smsclouds.addressing import authorization
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.codes import CALLS, VOICE_BATCH
from connector.providers.smsclouds.operations.voice import NamedVoiceCampaign, Voice
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.withdrawal import Withdrawal

CHANNELS = frozenset({Channel.VOICE})
_QUEUED = frozenset({"0", "queued", "to_send"})
_UNPROCESSABLE = 422
"""How what is not queued any more is refused: the guide gives the rule, and this as the one status that fits it."""


def find(batch: OpenBatch) -> Conversation[str | None]:
    """The voice campaign's id, which the answer to its send told; nothing finds one whose answer was lost."""
    yield from ()
    known = batch.provider_batch or ""
    return known.removeprefix(VOICE_BATCH) if known.startswith(VOICE_BATCH) else None


def cancel(settings: SmscloudsOptions, campaign: str) -> Conversation[Withdrawal]:
    """Cancels it while it is queued; one that is refused is asked how it stands."""
    asked, headers = NamedVoiceCampaign(voice_campaign=int(campaign)), authorization(settings)
    response = yield Voice.cancel.request(asked, headers=headers)
    try:
        status = Voice.cancel.read(given(response)).status
    except Refused as error:
        if error.status != _UNPROCESSABLE:
            raise
        shown = yield Voice.show.request(asked, headers=headers)
        status = Voice.show.read(given(shown)).status or ""
    word = str(status).strip().lower()
    state = CALLS.get(word)
    if word in _QUEUED:
        raise Unreadable("Smsclouds does not cancel a voice campaign that it shows as queued; it is asked again")
    if state is State.CANCELLED:
        return Withdrawal.WITHDRAWN
    # 3 is "Fail/Cancel": before its date it can hardly be the first, and that is for who knows the date to say
    return Withdrawal.NOT_HELD if state is State.FAILED else Withdrawal.TOO_LATE
