"""What the answer to a send or a call says of each message (guide: "Response")."""

from connector.model.errors import Unreadable
from connector.model.messages import Channel, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.optimum.codes import RECEIVED, TITLE
from connector.providers.optimum.errors import raise_for
from connector.providers.optimum.operations import SMS, Voice

CALL = "call-"
"""Stands before the ID of a call where it is kept, for nothing says that calls and SMS do not share their numbers."""


def outcomes(batch: Batch, response: Response) -> list[Outcome]:
    """All accepted, under the one ID that the answer bears.

    It is the id of each SMS too, though they share it, so that no call's record, which has an id of its own, is taken
    for the status of an SMS to the same number; a call has no id until its record tells one.

    Raises:
        Refused, Throttled, MayHaveLeft: as `errors.raise_for` says.
        Unreadable: neither an error id nor an ID that was `Received`.
    """
    raise_for(response, hiding=[message.text for message in batch.messages])
    is_call = batch.messages[0].channel is Channel.VOICE
    told = (Voice.call_with_message if is_call else SMS.send).read(response)
    if told.status.strip().lower() != RECEIVED:
        raise Unreadable(f"{TITLE} answered with an ID and a status that the guide does not give to an answer")
    own, shared = (None, f"{CALL}{told.id}") if is_call else (told.id, told.id)
    return [Outcome(message.id, State.ACCEPTED, own, shared) for message in batch.messages]
