"""The ledger of consent: the newest word of each voice counts, and any voice that says stop stops the scope."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.consent import (
    EVERYTHING,
    PERSON,
    RECIPIENT,
    ConsentSource,
    ConsentWord,
    kind_scope,
    provider_voice,
    record_voice,
    sender_scope,
)
from connector.store import consent
from connector.store.consent import CONSENT, Asked
from connector.store.db import Database
from tests.conftest import START, Clock
from tests.store.making import ORG, rows, statements

ANA, EVA = "+34600000001", "+34600000002"
NUMBERS = (ANA, EVA)
VOICES = (RECIPIENT, PERSON, provider_voice("nrs-main"), record_voice("0031", "SMS_Opt_Out__c"))
SCOPES = (EVERYTHING, sender_scope("ACME"), kind_scope("promo"))


def word(number: str = ANA, voice: str = RECIPIENT, *, stopped: bool = True, **more: Any) -> ConsentWord:
    """A word said at nine."""
    said: dict[str, Any] = {"source": ConsentSource.REPLY, "at": START}
    return ConsentWord(number, voice, stopped, **said | more)


def note(database: Database, *words: ConsentWord, org: str = ORG) -> None:
    with database.begin() as connection:
        consent.note(connection, org, words)


def stopped(database: Database, *asked: Asked, org: str = ORG) -> dict[str, list[str]]:
    """Message id to the voices that stop it, the newest first."""
    with database.read() as connection:
        found = consent.stopped(connection, org, asked)
    return {message_id: [row.voice for row in several] for message_id, several in found.items()}


WORDS = st.lists(
    st.builds(
        lambda number, voice, scope, stopped: word(number, voice, stopped=stopped, scope=scope),
        st.sampled_from(NUMBERS),
        st.sampled_from(VOICES),
        st.sampled_from(SCOPES),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=WORDS,
    number=st.sampled_from(NUMBERS),
    sender=st.sampled_from([None, "ACME", "OTHER"]),
    kind=st.sampled_from([None, "promo", "service"]),
)
def test_the_newest_word_of_each_voice_counts(
    database: Database, history: list[ConsentWord], number: str, sender: str | None, kind: str | None
) -> None:
    """Whatever was said before, a message is stopped just when some voice's newest word on a scope of it is stop."""
    with database.begin() as connection:
        connection.execute(CONSENT.delete())
    for each in history:
        note(database, each)
    newest = {(each.number, each.scope, each.voice): each.stopped for each in history}
    asked = Asked("m1", number, sender, kind)
    expected = [
        voice for (of, scope, voice), stop in newest.items() if stop and of == number and scope in asked.scopes()
    ]
    assert sorted(stopped(database, asked).get("m1", [])) == sorted(expected)


def test_a_narrow_stop_leaves_other_messages_alone(database: Database) -> None:
    """A stop of a sender or a kind stops the messages that show it, and no others."""
    note(database, word(scope=sender_scope("ACME")), word(EVA, scope=kind_scope("promo")))
    asked = [
        Asked("same sender", ANA, "ACME", "service"),
        Asked("other sender", ANA, "OTHER", "promo"),
        Asked("no sender", ANA),
        Asked("same kind", EVA, "ACME", "promo"),
        Asked("other kind", EVA, "ACME", "service"),
    ]
    assert set(stopped(database, *asked)) == {"same sender", "same kind"}


def test_everything_stops_whatever_is_asked(database: Database) -> None:
    """A stop of everything needs no sender and no kind; the newest stop is told first."""
    note(database, word(), word(voice=PERSON, source=ConsentSource.PERSON, scope=kind_scope("promo")))
    assert stopped(database, Asked("m1", ANA, None, "promo"), Asked("m2", ANA)) == {
        "m1": [PERSON, RECIPIENT],
        "m2": [RECIPIENT],
    }


def test_a_start_does_not_silence_another_voice(database: Database) -> None:
    """What the recipient takes back, a record may still say."""
    record = record_voice("0031", "SMS_Opt_Out__c")
    note(database, word(), word(voice=record, source=ConsentSource.CRM))
    note(database, word(stopped=False, source=ConsentSource.START_WORD))
    assert stopped(database, Asked("m1", ANA)) == {"m1": [record]}
    note(database, word(voice=record, stopped=False, source=ConsentSource.CRM))
    assert stopped(database, Asked("m1", ANA)) == {}


def test_another_org_s_words_do_not_count(database: Database) -> None:
    """A ledger is one org's."""
    note(database, word(), org="00D000000000002EAA")
    assert stopped(database, Asked("m1", ANA)) == {}


def test_words_are_only_added(database: Database, clock: Clock) -> None:
    """Everything that was said of a number stays, in order, with its evidence."""
    told = {"said": "STOP", "news": "n1", "account": "nrs-main"}
    note(database, word(evidence=told), word(EVA))
    note(database, word(stopped=False, source=ConsentSource.START_WORD, at=clock.go_on(hours=1)))
    with database.read() as connection:
        first, second = consent.history(connection, ORG, ANA)
    assert (first.stopped, first.evidence, first.at, first.source) == (True, told, START, "reply")
    assert (second.stopped, second.at) == (False, START + timedelta(hours=1))
    assert len(rows(database, CONSENT)) == 3


def test_a_stop_began_when_it_was_first_said_since_the_last_start(database: Database, clock: Clock) -> None:
    """However often it was said again; another scope, voice or number, and who says start in the end, began nothing."""
    start: dict[str, Any] = {"stopped": False, "source": ConsentSource.START_WORD}
    note(database, word(), word(**start, at=clock.go_on(hours=1)))
    began = clock.go_on(hours=1)
    note(database, word(at=began), word(at=clock.go_on(hours=1)), word(voice=PERSON), word(scope=kind_scope("promo")))
    note(database, word(EVA), word(EVA, **start))
    with database.read() as connection:
        assert consent.first_stops(connection, ORG, RECIPIENT, [ANA, EVA, ANA]) == {ANA: began}
        assert consent.first_stops(connection, ORG, RECIPIENT, []) == {}


def test_a_batch_of_any_size_is_one_statement(database: Database) -> None:
    """However many messages are asked about, the database is asked once."""
    note(database, *(word(f"+346{n:08}") for n in range(300)))
    asked = [Asked(f"m{n}", f"+346{n:08}", "ACME", "promo") for n in range(600)]
    with statements(database) as made:
        assert len(stopped(database, *asked)) == 300
    assert len(made) == 1


def test_a_voice_is_found_whatever_numbers_it_spoke_of(database: Database) -> None:
    """A record whose number was changed is asked what it said of the old one; narrow scopes are nobody's whole word."""
    record = record_voice("0031", "SMS_Opt_Out__c")
    note(database, word(ANA, record), word(EVA, record, stopped=False), word(EVA, record, scope=kind_scope("promo")))
    with database.read() as connection:
        found = consent.of_voices(connection, ORG, [record, record_voice("0032", "SMS_Opt_Out__c")])
        standing = consent.standing(connection, ORG, [ANA, EVA])
        assert not consent.of_voices(connection, ORG, [])
        assert not consent.standing(connection, ORG, [])
    assert {key: row.stopped for key, row in found.items()} == {(ANA, record): True, (EVA, record): False}
    assert {number: {v: row.stopped for v, row in voices.items()} for number, voices in standing.items()} == {
        ANA: {record: True},
        EVA: {record: False},
    }


@pytest.mark.parametrize("source", list(ConsentSource))
def test_every_source_can_be_kept(database: Database, source: ConsentSource) -> None:
    """The table's own check knows all sources there are."""
    note(database, word(source=source))
    assert rows(database, CONSENT)[0].source == source
