"""Compares our batches with what the providers list of them, number by number. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.model.errors import ExchangeError
from connector.model.messages import OpenBatch, OpenMessage
from connector.model.states import FINAL, State
from connector.store import comparison, open_batches, typed_sends
from connector.sync.comparing import Compared, Difference, Kind
from connector.sync.parts import Parts

_BATCHES_AT_ONCE = 20
_MOST_FAILURES = 3
_MUST_BE_SHOWN = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})
"""States a listing must have heard of; what was only accepted may not stand in it yet."""


@dataclass(slots=True)
class _Shown:
    """What a listing says of one number: the furthest state, and the provider's own word for it."""

    state: State | None
    word: str


def differences_in_listings(parts: Parts, window: Compared) -> Iterator[Difference]:
    """What is in doubt, and where a provider's listing and our store disagree, account by account."""
    for account, provider in parts.providers.items():
        if window.accounts is not None and account not in window.accounts:
            continue
        with parts.database.read() as connection:
            doubts = comparison.in_doubt(connection, account, window.since, window.until)
        for reference, started, count in doubts:
            sentence = f"of {count} messages sent at {started:%Y-%m-%d %H:%M:%S}Z nobody knows what became"
            yield Difference(Kind.OUTCOME_UNKNOWN, account, reference, sentence)
        try:
            yield from _unknown_sendings(parts, account, window)
        except ExchangeError as error:
            yield Difference(Kind.NOT_COMPARED, account, "its list of sendings", str(error))
        if provider.shows_batches:
            yield from _of_batches(parts, account, window)


def _unknown_sendings(parts: Parts, account: str, window: Compared) -> Iterator[Difference]:
    conversation = parts.providers[account].sendings(window.since, window.until)
    for listed in parts.line(account).converse(conversation):
        named = {news.reference: news.provider_batch for news in listed if news.reference}
        with parts.database.read() as connection:
            known = comparison.known_attempts(connection, list(named))
            typed = typed_sends.known_batches(connection, account, {each for each in named.values() if each})
        for reference, sending in named.items():
            if reference not in known and sending not in typed:
                sentence = f"it carries our reference {reference}, and no attempt of ours has it: an older store's?"
                yield Difference(Kind.SENDING_UNKNOWN, account, sending or reference, sentence)


def _of_batches(parts: Parts, account: str, window: Compared) -> Iterator[Difference]:
    after, failures = "", 0
    while failures < _MOST_FAILURES:
        with parts.database.read() as connection:
            batches = open_batches.between(connection, account, window.since, window.until, after, _BATCHES_AT_ONCE)
        for batch in batches:
            try:
                yield from _of_batch(parts, account, batch)
            except ExchangeError as error:
                failures += 1
                yield Difference(Kind.NOT_COMPARED, account, batch.reference, str(error))
        if len(batches) < _BATCHES_AT_ONCE:
            return
        after = batches[-1].reference
    yield Difference(Kind.NOT_COMPARED, account, "its other batches", "the provider cannot be asked; try again later")


def _of_batch(parts: Parts, account: str, batch: OpenBatch) -> Iterator[Difference]:
    ours = {message.to: message for message in batch.messages}
    shown: dict[str, _Shown] = {}
    for listed in parts.line(account).converse(parts.providers[account].shown(batch)):
        with parts.database.read() as connection:
            batches = {news.provider_batch for news in listed if news.provider_batch} - {batch.provider_batch}
            typed = typed_sends.known_batches(connection, account, batches) if batches else set()
        for news in listed:
            if news.phone and news.provider_batch not in typed:
                before = shown.setdefault(news.phone, _Shown(news.state, news.word))
                if _rank(news.state) >= _rank(before.state):
                    before.state, before.word = news.state, news.word
    yield from _of_numbers(account, batch, ours, shown)


def _of_numbers(
    account: str, batch: OpenBatch, ours: Mapping[str, OpenMessage], shown: Mapping[str, _Shown]
) -> Iterator[Difference]:
    for phone, told in shown.items():
        message = ours.get(phone)
        if message is None:
            sentence = f"{_masked(phone)} is {told.word} there, and no message of that batch went to it"
            yield Difference(Kind.NUMBER_UNKNOWN, account, batch.reference, sentence)
        elif told.state is not None and told.state is not message.state:
            sentence = f"to {_masked(phone)}: {message.state} here, {told.word} there (listings may lag)"
            yield Difference(Kind.STATE_DIFFERS, account, message.id, sentence)
    for phone, message in ours.items():
        if phone not in shown and message.state in _MUST_BE_SHOWN:
            sentence = f"to {_masked(phone)}: {message.state} here, and not in batch {batch.reference} there"
            yield Difference(Kind.NUMBER_MISSING, account, message.id, sentence)


def _masked(phone: str) -> str:
    return f"…{phone[-3:]}"


def _rank(state: State | None) -> int:
    if state is None:
        return 0
    return 3 if state in FINAL else 2 if state is State.SENT else 1
