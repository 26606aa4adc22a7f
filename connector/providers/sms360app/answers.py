"""What the answer to a send says of its message (guide: "Request Response")."""

from connector.model.errors import Unreadable
from connector.model.messages import Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.sms360app.codes import ACCEPTED
from connector.providers.sms360app.errors import raise_for
from connector.providers.sms360app.operations import Messages


def outcomes(batch: Batch, response: Response) -> list[Outcome]:
    """Accepted, by the id that callbacks will name.

    Raises:
        Refused, Throttled, MayHaveLeft: as `errors.raise_for` says.
        Unreadable: neither a `status` of 200 with an id, nor a refusal.
    """
    raise_for(response, hiding=[message.text for message in batch.messages])
    told = Messages.send.read(response).message
    if told.status != ACCEPTED or not told.message_id:
        raise Unreadable(f"360 SMS App answered a send with status {told.status} and without the id of a message")
    return [Outcome(message.id, State.ACCEPTED, told.message_id) for message in batch.messages]
