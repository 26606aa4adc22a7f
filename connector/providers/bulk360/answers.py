"""What an answer to a send says of each message (guide: "HTTP Response")."""

from connector.model.errors import ConnectorError, Refused
from connector.model.failures import Failure, Fault
from connector.model.messages import Message, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.bulk360.codes import (
    BAD_CREDENTIALS,
    BANNED_CONTENT,
    INVALID_CLIENT,
    RESPONSES,
    Code,
    code_of,
    response_failure,
)
from connector.providers.bulk360.operations import WHATSAPP_PREFIX, Messages, SentMessage
from connector.providers.exchange import Response

LEFT_OUT = Failure(
    "left_out", "Bulk360's answer does not mention this number, so it is not known whether it was sent", Fault.PROVIDER
)
_NO_CODE = Code(State.UNKNOWN, "no code")


def outcomes(batch: Batch, response: Response) -> list[Outcome]:
    """One outcome a message, by its `to` and its own code.

    An answer in which every message is refused for one reason is a refusal of the whole. Banned content refuses each
    message, for they share the text.

    Raises:
        Refused, Throttled, MayHaveLeft, Unreadable: as the row's `raise_for` says.
    """
    try:
        told = Messages.send.read(response).each
    except Refused as error:
        if error.failure.code != BANNED_CONTENT:
            raise
        return [Outcome(message.id, State.REJECTED, failure=error.failure) for message in batch.messages]
    alone = told[0] if len(told) == len(batch.messages) == 1 and told[0].to is None else None
    rows = _by_number(told)
    found = [_outcome(message, rows.get(message.to.removeprefix("+"), alone)) for message in batch.messages]
    _raise_for_the_whole(found, response)
    return found


def token_was_turned_away(response: Response) -> bool:
    """Whether nothing was done for want of a good token: HTTP 401 or code 401, and no number that fared otherwise."""
    if response.status != 401 and b"401" not in response.body:
        return False
    try:
        told = Messages.send.read(response).each
    except Refused as error:
        return error.failure.code in (BAD_CREDENTIALS, INVALID_CLIENT)
    except ConnectorError:
        return False
    return all(code_of(row.code) == BAD_CREDENTIALS for row in told)


def _by_number(told: list[SentMessage]) -> dict[str, SentMessage]:
    """Each number's row. Of two rows of one number the one that may have been sent counts."""
    rows: dict[str, SentMessage] = {}
    for row in told:
        number = str(row.to or "").strip().removeprefix(WHATSAPP_PREFIX).removeprefix("+")
        if number not in rows or _code(rows[number]).state is State.REJECTED:
            rows[number] = row
    return rows


def _code(row: SentMessage) -> Code:
    return RESPONSES.get(code_of(row.code), _NO_CODE)


def _outcome(message: Message, row: SentMessage | None) -> Outcome:
    if row is None:
        return Outcome(message.id, State.UNKNOWN, failure=LEFT_OUT)
    code = code_of(row.code)
    state = _code(row).state
    failure = None if state in (State.ACCEPTED, State.DELIVERED) else response_failure(code)
    return Outcome(message.id, state, str(row.ref) if row.ref else None, failure=failure)


def _raise_for_the_whole(found: list[Outcome], response: Response) -> None:
    """Raises Refused when all are refused by the account's fault, so that they wait for it to be mended."""
    failures = [outcome.failure for outcome in found if outcome.state is State.REJECTED and outcome.failure]
    if len(failures) == len(found) and all(failure.fault is Fault.ACCOUNT for failure in failures):
        raise Refused(failures[0], status=response.status)
