"""Taking back what 360NRS holds until its date (guide: "Scheduled messages"), by its guid and never without one.

A send answers no guid, and a list tells a recipient of a single guid only. So a message that may be taken back travels
alone: the sending that its answer, or its campaign's name, tells then has one guid.
"""

import structlog

from connector.model.errors import Refused, Unreadable
from connector.model.messages import Channel, OpenBatch
from connector.providers.base import Conversation
from connector.providers.exchange import Response
from connector.providers.nrs360.codes import NAME
from connector.providers.nrs360.conversations import sendings_named
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.scheduled import ChooseScheduled, ListScheduled, Scheduled
from connector.providers.nrs360.options import NRS360Options
from connector.providers.withdrawal import Withdrawal

log = structlog.get_logger(__name__)

CHANNELS = frozenset({Channel.SMS, Channel.EMAIL})
"""Scheduled are SMS and MAILING alone: other channels take a date, and nothing takes it back."""
_INVALID_GUID = "120"
"""The guide's error of a guid that is not among the scheduled ones."""


def find(settings: NRS360Options, batch: OpenBatch) -> Conversation[str | None]:
    """The guid of a sending of one message, which our reference finds where its answer was lost."""
    known = batch.provider_batch
    for sending in [known] if known else (yield from sendings_named(settings, batch)):
        asked = ListScheduled(sending_id=int(sending))
        response = yield Scheduled.list.request(asked, headers=authorization(settings))
        listed = Scheduled.list.read(_given(response)).result
        guids = [each.guid for each in listed if each.sending_id == asked.sending_id]
        if len(guids) == 1:
            return guids[0]
        if guids:
            log.warning("scheduled_ambiguous", provider=NAME, sending=sending, count=len(guids))
    return None


def cancel(settings: NRS360Options, guid: str) -> Conversation[Withdrawal]:
    """Deletes the one scheduled message.

    Raises:
        Unreadable: an answer that neither counts it as deleted nor says, by the guide's error, that it is not held: it
            may go out still.
    """
    response = yield Scheduled.delete.request(ChooseScheduled(guid=int(guid)), headers=authorization(settings))
    try:
        told = Scheduled.delete.read(_given(response))
    except Refused as error:
        if error.failure.code == _INVALID_GUID:
            return Withdrawal.NOT_HELD
        raise
    if told.result and told.deleted:
        return Withdrawal.WITHDRAWN
    raise Unreadable("360NRS neither deleted the scheduled message nor said why not; it is asked again")


def _given(response: Response | None) -> Response:
    if response is None:
        raise Unreadable("the conversation with 360NRS was given no answer")
    return response
