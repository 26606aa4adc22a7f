"""What people sent by `connector call`: who, when, to how many, and how it ended."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from connector.cli.opening import opened
from connector.cli.screen import show_json, show_table
from connector.cli.times import shown
from connector.log import masked
from connector.model.address import read_recipient
from connector.model.caps import MILLIONTHS
from connector.store import typed_sends
from connector.store.typed_sends import IN_DOUBT, TypedSends

_SHOWN = 100
_FIELDS = (
    "id", "at", "who", "account", "provider", "operation", "size", "recipients", "parts", "outcome", "ended_at",
    "provider_batch", "error",
)  # fmt: skip
_WORDS = {"may_have_left": "may have left", "never_left": "never left", "asked": "asked and never noted how it ended"}


def shown_typed(row: Any, cell: Callable[[str, Any], Any]) -> dict[str, Any]:
    """A typed send's fields, each as `cell` makes it of its name and value; `money` in the caps' currency."""
    fields = {name: cell(name, getattr(row, name)) for name in _FIELDS}
    return {**fields, "money": row.money / MILLIONTHS}


def in_doubt(outcome: str) -> str:
    """What an outcome that leaves doubt means."""
    how = "The command ended before its answer was noted" if outcome == "asked" else "Its answer was lost"
    return f"{how}: it may have been sent. Look at the provider before typing it again."


def show_sent(config: Path | None, to: str | None, *, as_json: bool) -> None:
    """Prints the last typed sends, the newest first, with numbers cut to their last digits; with `to`, those to this
    number or address.

    Raises:
        StoreError: the store cannot be read.
        UnreadableAddress, UnreadablePhone: `to` is neither.
    """
    recipient = read_recipient(to) if to is not None else None
    with opened(config) as app, app.database.read() as connection:
        rows = typed_sends.newest(connection, _SHOWN, to=recipient)
    if as_json:
        show_json({"typed_sends": [shown_typed(row, _masked) for row in rows]})
        return
    columns = ("id", "at", "who", "account", "operation", "recipients", "parts", "ended", "provider's id")
    lines = [
        (
            row.id,
            shown(row.at),
            row.who or "",
            row.account,
            row.operation,
            row.size,
            row.parts,
            _WORDS.get(row.outcome, row.outcome),
            row.provider_batch or "",
        )
        for row in rows
    ]
    show_table("Typed sends", columns, lines)


def counted(typed: Sequence[TypedSends]) -> str:
    """All of them in one sentence."""
    ends: Counter[str] = Counter()
    for each in typed:
        ends[each.outcome] += each.number
    by_end = ", ".join(f"{number} {_WORDS.get(outcome, outcome)}" for outcome, number in sorted(ends.items()))
    sends, reached = _many(ends.total(), "send"), _many(sum(each.recipients for each in typed), "recipient")
    return f"By hand (`connector call`): {sends} to {reached}, beside the messages: {by_end}."


def doubts(typed: Sequence[TypedSends]) -> Iterator[tuple[str, str]]:
    """A sentence, with its style, for each account with typed sends of which nobody knows whether they left."""
    for each in typed:
        if each.outcome in IN_DOUBT:
            sentence = (
                f"Of {_many(each.number, 'send')} by hand through {each.account} nobody knows whether anything left "
                f"({_WORDS[each.outcome]}); the last is {each.newest}: look at the provider."
            )
            yield sentence, "yellow"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _masked(name: str, value: Any) -> Any:
    return [masked(recipient) for recipient in value] if name == "recipients" else value
