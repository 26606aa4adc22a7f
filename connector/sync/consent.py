"""Words on a number go into the ledger of consent, and from there to the CRM's records and the providers' blacklists.

A word is heard from the recipient (a reply), a provider (its blacklist, its refusal), the CRM (a consent field of a
record) or a person. A stop of any but the CRM goes back to every record that holds the number; a number that nobody
stopped before goes onto every blacklist there is, and comes off them when nobody stops it any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import structlog

from connector.mapping.record_mapping import RecordMapping
from connector.model.consent import (
    EVERYTHING,
    RECIPIENT,
    ConsentSource,
    ConsentWord,
    is_of_record,
    provider_voice,
)
from connector.model.messages import PhoneMatch
from connector.model.records import RecordWrite
from connector.model.stop_words import says_start, says_stop
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import blacklist, outbox, phones, writes
from connector.store import consent as ledger
from connector.store.blacklist import OwedCall
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.store.writes import Owed
from connector.sync.parts import Parts
from connector.sync.replies import Heard

log = structlog.get_logger()

_SAID_LENGTH = 160
"""Characters of a reply that are kept as evidence."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a word goes: the org it counts in, the mappings that write it back, and the providers that block."""

    org: str
    mappings: Mapping[str, RecordMapping]
    providers: Mapping[str, Provider[AccountOptions]]

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """That of a running connector."""
        return cls(parts.org, parts.mappings, parts.providers)


def stops(parts: Parts, text: str | None) -> bool:
    """Whether a reply says stop, in the usual words or in those of any mapping."""
    return bool(text) and says_stop(text or "", frozenset().union(*(m.stop_words for m in parts.mappings.values())))


def starts(parts: Parts, text: str | None) -> bool:
    """Whether a reply takes a stop back, in the usual words or in those of any mapping."""
    return bool(text) and says_start(text or "", frozenset().union(*(m.start_words for m in parts.mappings.values())))


def hear(
    parts: Parts, connection: Transaction, heard: Sequence[Heard], messages: Mapping[str, Any], now: datetime
) -> None:
    """What people and providers told: stops, and start words, which lift a stop of a reply and nothing else.

    Of what a recipient said the latest word counts, in whatever order the words arrive: a stop that is said again moves
    the time of the stop, and a start word is kept though there is nothing to lift, for an older stop may come after it.
    """
    reach = Reach.of(parts)
    said = [word for item in heard if (word := _word(parts, item, messages)) is not None]
    standing = ledger.standing(connection, parts.org, sorted({word.number for word in said}))
    changes: list[ConsentWord] = []
    lifted: dict[str, datetime] = {}
    for word in sorted(said, key=lambda word: (word.at, word.stopped)):
        voices = standing.setdefault(word.number, {})
        known = voices.get(word.voice)
        if known is not None and not _counts(word, known):
            continue
        if known is not None and known.stopped and not word.stopped:
            lifted[word.number] = known.at
        changes.append(word)
        voices[word.voice] = word
    tell(reach, connection, changes, now)
    of_message = {word.number: word.evidence.get("message") for word in said}
    stopped = {word.number for word in said if word.stopped and standing[word.number][word.voice].stopped}
    write_stops(reach, connection, stopped, now, of_message)
    write_starts(reach, connection, {number: at for number, at in lifted.items() if number not in stopped}, now)
    if changes:
        log.info("consent_changed", count=len(changes), stopped=sum(word.stopped for word in changes))


def _counts(word: ConsentWord, known: Any) -> bool:
    """Whether a word is its voice's newest from now on, beside the one that has been until now.

    A provider is not held to its dates: what it takes back it takes back by its list, which is dated by us, and lags.
    """
    if word.voice != RECIPIENT:
        return word.stopped != bool(known.stopped)
    return bool(word.at > known.at or (word.at == known.at and word.stopped and not known.stopped))


def _word(parts: Parts, heard: Heard, messages: Mapping[str, Any]) -> ConsentWord | None:
    news, number = heard.news, heard.number(messages)
    if number is None or not (heard.opted_out or starts(parts, news.text)):
        return None
    evidence = {"account": news.account, "news": news.id, "message": heard.message_id}
    if heard.is_reply:
        source = ConsentSource.REPLY if heard.opted_out else ConsentSource.START_WORD
        evidence["said"] = (news.text or "")[:_SAID_LENGTH]
        return ConsentWord(number, RECIPIENT, heard.opted_out, source, heard.at, evidence)
    evidence["word"] = news.word
    return ConsentWord(number, provider_voice(news.account), True, ConsentSource.PROVIDER, heard.at, evidence)


def hear_refusals(parts: Parts, connection: Transaction, account: str, moves: Sequence[Move], now: datetime) -> None:
    """A provider's answer to a send that says: this recipient opted out."""
    refused = {move.message_id: move.failure for move in moves if move.failure and move.failure.opted_out}
    if not refused:
        return
    rows = outbox.rows(connection, list(refused))
    words, of_message = [], {}
    for message_id, failure in refused.items():
        number = rows[message_id].to_number
        evidence = {"account": account, "message": message_id, "word": failure.code}
        words.append(ConsentWord(number, provider_voice(account), True, ConsentSource.PROVIDER, now, evidence))
        of_message[number] = message_id
    standing = ledger.standing(connection, parts.org, sorted(of_message))
    reach = Reach.of(parts)
    tell(reach, connection, [word for word in words if not _says_stop(standing, word)], now)
    write_stops(reach, connection, set(of_message), now, of_message)


def _says_stop(standing: Mapping[str, Mapping[str, Any]], word: ConsentWord) -> bool:
    known = standing.get(word.number, {}).get(word.voice)
    return known is not None and bool(known.stopped)


def tell(reach: Reach, connection: Transaction, words: Sequence[ConsentWord], now: datetime) -> None:
    """Adds words to the ledger, and owes the blacklists the numbers that are stopped, or free, from now on."""
    if not words:
        return
    numbers = sorted({word.number for word in words if word.scope == EVERYTHING})
    before = ledger.standing(connection, reach.org, numbers)
    ledger.note(connection, reach.org, words)
    after = {number: dict(before.get(number, {})) for number in numbers}
    for word in words:
        if word.scope == EVERYTHING:
            after[word.number][word.voice] = word
    calls: list[OwedCall] = []
    for number in numbers:
        stopped, was = stopping(after[number]), stopping(before.get(number, {}))
        if bool(stopped) == bool(was):
            continue
        calls += [
            OwedCall(account, number, bool(stopped))
            for account in _blacklists(reach)
            if (stopped or was) != {provider_voice(account)}  # its own blacklist has told us so
        ]
    blacklist.owe(connection, calls, now)


def stopping(voices: Mapping[str, Any]) -> set[str]:
    """Those of the voices whose newest word is stop."""
    return {voice for voice, word in voices.items() if word.stopped}


def _blacklists(reach: Reach) -> list[str]:
    return [name for name, provider in reach.providers.items() if provider.account_capability().keeps_blacklist]


def write_stops(
    reach: Reach,
    connection: Transaction,
    numbers: Iterable[str],
    now: datetime,
    of_message: Mapping[str, str | None] | None = None,
) -> None:
    """Owes every record that holds one of the numbers, or addresses, what the mappings write for a stop.

    A record that said so by itself is left alone: taking the stop back must not clear what we did not set.
    `of_message` names the message that a number's stop answers.
    """
    held = phones.holders(connection, reach.org, sorted(numbers))
    ours = _last_told(reach, connection, [match for matches in held.values() for match in matches if match.opted_out])
    for number, matches in held.items():
        wanted = [match for match in matches if not match.opted_out or match in ours]
        made = [(mapping, mapping.on_opt_out(wanted)) for mapping in reach.mappings.values()]
        _owe(reach, connection, made, now, (of_message or {}).get(number))


def write_starts(reach: Reach, connection: Transaction, lifted: Mapping[str, datetime], now: datetime) -> None:
    """Owes what the mappings write when a stop is taken back, to the records that this stop was written to."""
    held = phones.holders(connection, reach.org, sorted(lifted))
    ours = _last_told(reach, connection, [match for matches in held.values() for match in matches])
    for number, matches in held.items():
        told = [match for match in matches if match in ours and ours[match] >= lifted[number]]
        _owe(reach, connection, [(mapping, mapping.on_opt_in(told)) for mapping in reach.mappings.values()], now, None)


def _last_told(reach: Reach, connection: Transaction, matches: Sequence[PhoneMatch]) -> dict[PhoneMatch, datetime]:
    """When those of the records that we told of a stop, or a start, of what they were found by were told last."""
    ours = ledger.write_backs(connection, reach.org, [match.record_id for match in matches])
    told: dict[PhoneMatch, datetime] = {}
    for match in matches:
        fields = frozenset().union(*(mapping.opt_out_fields(match) for mapping in reach.mappings.values()))
        rows = [row for field in fields if (row := ours.get((match.record_id, field))) is not None]
        if rows:
            told[match] = max(row.created_at for row in rows)
    return told


def _owe(
    reach: Reach,
    connection: Transaction,
    made: Iterable[tuple[RecordMapping, Sequence[RecordWrite]]],
    now: datetime,
    message_id: str | None,
) -> None:
    """Owes the writes, those that several mappings make alike once."""
    owed: dict[str, Owed] = {}
    for mapping, several in made:
        for write in several:
            same = f"{write.object} {write.record_id} {sorted(write.fields.items())}"
            owed.setdefault(same, Owed(write, mapping.name, message_id))
    writes.owe(connection, reach.org, list(owed.values()), now)


def owe_stop(reach: Reach, connection: Transaction, matches: Sequence[PhoneMatch], now: datetime) -> None:
    """Owes records found later what the mappings write for a stop."""
    _owe(reach, connection, [(mapping, mapping.on_opt_out(matches)) for mapping in reach.mappings.values()], now, None)


def standing_but_of_records(voices: Mapping[str, Any]) -> list[Any]:
    """The stops of recipient, provider and person: those that the CRM is told of."""
    return [word for voice, word in voices.items() if word.stopped and not is_of_record(voice)]
