"""A send that a person types: read into what is held to pauses, live fire, consent and caps, and noted as it ends."""

import getpass
import os
from collections.abc import Sequence
from typing import Any

from connector.app import App
from connector.cli.screen import complain, remark
from connector.log import masked
from connector.model.errors import StoreError, UnreadableAddress, UnreadablePhone
from connector.model.text import measure
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.operation import Asked, Call, Operation
from connector.sync import typed_sends
from connector.sync.parts import Parts
from connector.sync.typed_sends import Begun, Typed, TypedMessage


class NotSent(Exception):
    """A send was not made; `reasons` are why, a sentence each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def send(app: App, account: str, call: Call[..., Any], asked: Asked) -> Any:
    """Makes a send that nothing holds back, and gives what is told. Its row is committed before it leaves.

    Raises:
        NotSent: a recipient, a pause, live fire, consent or a cap is against it.
        ConnectorError: it cannot be known whether something is; or the request ended without an answer.
    """
    operation = call.operation
    messages, unreadable = _messages(app.providers[account], operation, asked)
    if unreadable:
        raise NotSent(unreadable)
    parts = app.parts()
    begun = typed_sends.begin(parts, Typed(account, operation.name, messages, _parts_each(operation, asked), _who()))
    if not isinstance(begun, Begun):
        raise NotSent([_told(each.recipients, each.reason) for each in begun])
    try:
        told = call.of(asked)
    except Exception as error:
        _failed(parts, begun, error)
        raise
    _answered(parts, begun, operation, told)
    return told


def recipients(operation: Operation[..., Any], asked: Asked) -> Sequence[str]:
    """Whom it would reach, as written; none for what does not send."""
    return operation.recipients(asked) if operation.recipients else ()


def shortened(numbers: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
    return ", ".join(numbers[:3]) + more


def _told(numbers: Sequence[str], reason: str) -> str:
    return f"{shortened([masked(number) for number in numbers])}: {reason}" if numbers else reason


def _messages(
    provider: Provider[AccountOptions], operation: Operation[..., Any], asked: Asked
) -> tuple[list[TypedMessage], list[str]]:
    sender = getattr(asked, "sender", None)
    messages, unreadable = [], []
    for place, written in enumerate(recipients(operation, asked), 1):
        try:
            messages.append(TypedMessage(str(place), provider.recipient(written), sender))
        except (UnreadableAddress, UnreadablePhone) as error:
            unreadable.append(f"recipient {place} cannot be told, and so not whether it is stopped: {error}")
    return messages, unreadable


def _parts_each(operation: Operation[..., Any], asked: Asked) -> int:
    """Of how many parts the text is, its variables not filled in; one where parts cannot be counted."""
    if operation.text is None:
        return 1
    try:
        return measure(operation.text(asked)).parts
    except ValueError:  # no alphabet holds it, and the provider will say so
        return 1


def _who() -> str | None:
    """The user of the operating system, or who became that user by sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, ImportError, OSError):  # a container may have no name for its user
        return None


def _answered(parts: Parts, begun: Begun, operation: Operation[..., Any], told: Any) -> None:
    batch = operation.batch(told) if operation.batch else None
    try:
        typed_sends.answered(parts, begun, str(batch) if batch is not None else None)
    except StoreError as error:
        complain(f"It was sent, and the store keeps it as {begun.id}, asked and without an end: {error}")
    else:
        remark(f"It is kept as {begun.id}: `connector message show {begun.id}`.")


def _failed(parts: Parts, begun: Begun, error: Exception) -> None:
    try:
        typed_sends.failed(parts, begun, error, masked(str(error)) or type(error).__name__)
    except StoreError as trouble:
        complain(f"The store keeps it as {begun.id}, asked and without an end: {trouble}")
