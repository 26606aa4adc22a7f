"""What an answer to a send says of each message (guide: "Send Messages MT / Example response", "Errors")."""

from connector.model.errors import Unreadable
from connector.model.messages import Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.smsclouds.operations.operation import failure_in
from connector.providers.smsclouds.sending import batch_in
from connector.providers.talk import raise_for_status


def outcomes(batch: Batch, response: Response) -> list[Outcome]:
    """All accepted, under the campaign's id; Smsclouds names the messages only later.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says; no text of the batch
            stands in them, even where Smsclouds repeats it.
        Unreadable: 2xx without a campaign's id.
    """
    texts = tuple(message.text for message in batch.messages) if response.status >= 400 else ()
    raise_for_status(response, read_failure=failure_in(response, without=texts))
    campaign = batch_in(batch, response)
    return [Outcome(message.id, State.ACCEPTED, provider_batch=campaign) for message in batch.messages]


def given(response: Response | None) -> Response:
    """The answer to what a conversation asked.

    Raises:
        Unreadable: none was given.
    """
    if response is None:
        raise Unreadable("the conversation with Smsclouds was given no answer")
    return response
