"""What an answer to a send says of each message (guide: "Send Messages MT / Example response", "Errors")."""

import orjson

from connector.model.errors import Unreadable
from connector.model.failures import Failure
from connector.model.messages import Outcome
from connector.model.states import State
from connector.providers.base import Batch, Response
from connector.providers.smsclouds.codes import failure_of
from connector.providers.talk import raise_for_status


def outcomes(batch: Batch, response: Response) -> list[Outcome]:
    """All accepted, under the campaign's id; Smsclouds names the messages only later.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
        Unreadable: 2xx without a campaign's id.
    """
    accept(response, batch)
    body = response.json()
    campaign = body.get("campaign") if isinstance(body, dict) else None
    if isinstance(campaign, bool) or not str(campaign or "").isdecimal():
        raise Unreadable(f"Smsclouds answered HTTP {response.status} to a send without a campaign's id")
    return [Outcome(message.id, State.ACCEPTED, provider_batch=str(campaign)) for message in batch.messages]


def accept(response: Response, batch: Batch | None = None) -> None:
    """Returns for 2xx, else raises what the status means; the texts of `batch` are kept out of the error."""
    raise_for_status(response, read_failure=_error_in(response, batch))


def _error_in(response: Response, batch: Batch | None) -> Failure | None:
    if 200 <= response.status < 300:
        return None
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or "information" not in error:
        return None
    information = str(error["information"])
    for message in batch.messages if batch else ():
        information = information.replace(message.text, "…") if message.text else information
    return failure_of(response.status, information)
