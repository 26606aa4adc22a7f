"""What an answer to a send says of each message (guide: "Send SMS Message / Response", "Send a message to a
conversation")."""

from collections.abc import Collection, Mapping
from typing import Any

from connector.model.errors import Refused, Unreadable
from connector.model.failures import Failure, Fault
from connector.model.messages import Message, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.nrs360.codes import failure_of, of_the_message
from connector.providers.nrs360.operation import error_in, failure_in
from connector.providers.nrs360.whatsapp import in_conversation
from connector.providers.talk import raise_for_status

LEFT_OUT = Failure(
    "left_out", "360NRS's answer does not mention this number, so it is not known whether it was sent", Fault.PROVIDER
)
NO_CONVERSATION = Failure(
    "404",
    "360NRS: there is no conversation with this number; send a template, for a text can follow the person's own alone",
    Fault.RECIPIENT,
)


def outcomes(batch: Batch, response: Response, *, own_codes: Collection[str] = ()) -> list[Outcome]:
    """One outcome a message by its `to`: 202 all, 207 each its own, 4xx one error for all. Of a text into a
    conversation the status alone decides. `own_codes` are errors of what the batch's messages themselves name.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
        Unreadable: 2xx without a list of results.
    """
    error = _sorted(error_in(response), own_codes)
    if in_conversation(batch.messages[0]):
        return [_said(batch.messages[0], response, error)]
    raise_for_status(response, read_failure=error)
    body = response.json()
    if not isinstance(body, dict) or not isinstance(body.get("result"), list):
        raise Unreadable(f"360NRS answered HTTP {response.status} to a send without a list of results")
    sending = str(body["sendingId"]) if body.get("sendingId") else None
    rows = {_recipient(row): row for row in reversed(body["result"]) if isinstance(row, dict)}
    return [_outcome(message, sending, rows.get(_plain(message.to)), own_codes) for message in batch.messages]


def _sorted(failure: Failure | None, own_codes: Collection[str]) -> Failure | None:
    return of_the_message(failure) if failure is not None and failure.code in own_codes else failure


def _said(message: Message, response: Response, error: Failure | None) -> Outcome:
    """Of a text into a conversation. The guide shows no answer to one: an id in it is kept, where there is one."""
    if error is not None and error.code == "404":
        raise Refused(NO_CONVERSATION)
    raise_for_status(response, read_failure=error)
    try:
        body = response.json()
    except Unreadable:
        body = None
    told = body.get("data", body) if isinstance(body, dict) else None
    known = told.get("id") if isinstance(told, dict) else None
    return Outcome(message.id, State.ACCEPTED, str(known) if known else None)


def _outcome(
    message: Message, sending: str | None, row: Mapping[str, Any] | None, own_codes: Collection[str]
) -> Outcome:
    if row is None or not isinstance(row.get("accepted"), bool):
        return Outcome(message.id, State.UNKNOWN, provider_batch=sending, failure=LEFT_OUT)
    if row["accepted"]:
        provider_id = str(row["id"]) if row.get("id") else None
        parts = row["parts"] if isinstance(row.get("parts"), int) else None
        return Outcome(message.id, State.ACCEPTED, provider_id, sending, parts=parts)
    error = row.get("error")
    failure = failure_in(error) if isinstance(error, dict) else failure_of("", "refused without a reason")
    return Outcome(message.id, State.REJECTED, provider_batch=sending, failure=_sorted(failure, own_codes))


def _recipient(row: Mapping[str, Any]) -> str:
    return _plain(str(row.get("to", "")))


def _plain(recipient: str) -> str:
    """A number without its plus, an address in small letters."""
    return recipient.strip().removeprefix("+").lower()
