"""The gate of consent: asked by number, across all objects, in the moment before the request leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.model.consent import EVERYTHING, RECIPIENT, ConsentSource, is_of_record
from connector.model.failures import Failure, Fault
from connector.model.states import State
from connector.model.stop_words import STOP_CONFIRMATION
from connector.store import consent as ledger
from connector.store.consent import Asked
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.consent import stops
from connector.sync.parts import Parts

_CONFIRMED_WITHIN = timedelta(hours=24)
_SHOWN = 40
"""Characters of what a person wrote that are shown on the record."""


def consent(
    parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime
) -> Mapping[str, Move]:
    """Those whose recipient is stopped: by any voice of the ledger, or by a reply that is stored and not yet noted.

    The confirmation of a stop by reply passes, once a stop, within 24 hours.
    """
    usual_sender = getattr(parts.providers[account].settings, "sender", None)
    asked = [Asked(row.id, row.to_number, row.sender or usual_sender, row.kind) for row in rows]
    # the inbox first: on PostgreSQL each question sees what was committed before it, and a stop that is noted between
    # the two would be asked for in the ledger too early, and in the inbox too late
    unheard = ledger.unheard(connection, [row.to_number for row in rows])
    said = ledger.stopped(connection, parts.org, asked)
    let_through = _confirmations(parts, connection, [row for row in rows if row.kind == STOP_CONFIRMATION], said, now)
    reasons = {message_id: _reason(words[0]) for message_id, words in said.items()}
    for news in unheard:
        if news.opted_out or stops(parts, news.text):
            about = [row for row in rows if row.to_number == news.phone and row.kind != STOP_CONFIRMATION]
            reasons |= {row.id: _unheard_reason(news) for row in about if row.id not in reasons}
    return {
        message_id: Move(message_id, State.HELD, "consent", _failure(reason))
        for message_id, reason in reasons.items()
        if message_id not in let_through
    }


def _failure(reason: str) -> Failure:
    return Failure("OPTED_OUT", reason, Fault.RECIPIENT, opted_out=True)


def _confirmations(
    parts: Parts, connection: Transaction, rows: Sequence[Any], said: Mapping[str, Sequence[Any]], now: datetime
) -> set[str]:
    """Ids of the messages that confirm a stop which is fresh and not confirmed yet; said again, it is the same stop."""
    stopped = [row for row in rows if _is_stopped_by_reply_alone(said.get(row.id, ()))]
    numbers = [row.to_number for row in stopped]
    said_first = ledger.first_stops(connection, parts.org, RECIPIENT, numbers)
    earlier = ledger.confirmations(connection, parts.org, STOP_CONFIRMATION, numbers)
    let_through: dict[str, str] = {}
    for row in stopped:
        at = said_first.get(row.to_number)
        if at is None or now - at > _CONFIRMED_WITHIN or row.to_number in let_through:
            continue
        if not any(sent.id != row.id and sent.to_number == row.to_number and sent.started_at >= at for sent in earlier):
            let_through[row.to_number] = row.id
    return set(let_through.values())


def _is_stopped_by_reply_alone(words: Sequence[Any]) -> bool:
    """Whether a reply stops everything, and nobody else the number but the records it was written to."""
    replies = [word for word in words if word.voice == RECIPIENT and word.scope == EVERYTHING]
    return bool(replies) and all(word in replies or is_of_record(word.voice) for word in words)


def _reason(word: Any) -> str:
    """Who said what and when, and what to do; the number is not repeated."""
    evidence, day = word.evidence, f"{word.at:%Y-%m-%d %H:%M} UTC"
    what = "messages" if word.scope == EVERYTHING else f"messages of this {word.scope.replace(':', ', ', 1)}"
    if word.source == ConsentSource.REPLY:
        who = f"they wrote {_quoted(evidence)} on {day}; only a start word of theirs, or a person, lifts that"
    elif word.source == ConsentSource.PROVIDER:
        who = f"{evidence.get('account')} told so on {day} ({evidence.get('word')}); `connector consent` shows it"
    elif word.source == ConsentSource.CRM:
        who = f"{evidence.get('object')} {evidence.get('record')} says so in {evidence.get('field')}; clear it there"
    else:
        return f"a person stopped {what} on {day}: {evidence.get('why')}; `connector consent start` lifts that"
    return f"the recipient asked for no {what}: {who}"


def _unheard_reason(news: Any) -> str:
    said = _quoted({"said": news.text}) if news.text else f"{news.word} was told"
    return f"the recipient asked for no messages: {said} came in on {news.received_at:%Y-%m-%d %H:%M} UTC, just before"


def _quoted(evidence: Mapping[str, Any]) -> str:
    said = str(evidence.get("said") or "")
    return f'"{said}"' if said and len(said) <= _SHOWN and not any(char.isdigit() for char in said) else "a reply"
