"""A provider's own blacklist feeds the ledger: read whole, page by page; what we put there is no word of its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.model.consent import PERSON, RECIPIENT, ConsentSource, ConsentWord, provider_voice
from connector.model.errors import ExchangeError
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import consent as ledger
from connector.store import inbox
from connector.store.blacklist import CALL
from connector.store.consent import CONSENT
from connector.sync import provider_consent
from connector.sync.blacklist import keep_blacklist
from connector.sync.consent import Reach, tell
from connector.sync.provider_consent import hear_blacklist
from jobs.schedule import table
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, mapping, number_of, plant, received, requests, site_on

LIST = "GET /v2/blacklist/{type}"
EVERY = timedelta(hours=4)
VOICE = provider_voice(NRS)
OPT_IN = "on_opt_in:\n  words: [vuelvan]\n  set: {Contact.SMS_Opt_Out__c: false}\ntests:"


@pytest.fixture
def opting_in(sandbox: Sandbox, url: str, tmp_path: Path) -> Iterator[Site]:
    """A site whose mapping clears the CRM's field when a stop is taken back."""
    path = tmp_path / "opting_in.yaml"
    path.write_text(mapping().read_text("utf-8").replace("tests:", OPT_IN), "utf-8")
    with site_on(sandbox, url, mappings=[str(path)]) as site:
        yield site


def lists(sandbox: Sandbox) -> dict[str, Any]:
    """The pretend 360NRS's blacklist for SMS."""
    entries: dict[str, Any] = sandbox.providers.nrs360.blacklists.lists["sms"]
    return entries


def enter(sandbox: Sandbox, *numbers: str, kind: str = "sms") -> None:
    """Somebody puts numbers on the provider's list, by its pages or by unsubscribing."""
    for number in numbers:
        sandbox.providers.nrs360.blacklists.enter(kind, number.removeprefix("+"), None, None)


def leave(sandbox: Sandbox, *numbers: str) -> None:
    """Somebody takes numbers off it."""
    for number in numbers:
        del lists(sandbox)[number.removeprefix("+")]


def hear(site: Site) -> int:
    """The list is read whole, whenever that was done last; what follows is written to the CRM."""
    site.later(EVERY.total_seconds() + 1)
    words = hear_blacklist(site.parts, NRS, EVERY)
    site.push()
    return words


def said(site: Site) -> list[tuple[str, str, bool]]:
    """(number, voice, stopped) of the whole ledger, oldest first."""
    return [(row.number, row.voice, row.stopped) for row in rows(site.parts.database, CONSENT)]


def stopping(site: Site, number: str) -> set[str]:
    """Whose word stops a number."""
    with site.parts.database.read() as connection:
        voices = ledger.standing(connection, site.parts.org, [number]).get(number, {})
    return {voice for voice, row in voices.items() if row.stopped}


def reply(site: Site, text: str, number: str) -> None:
    """A person writes, and is heard."""
    news = News(NewsKind.REPLY, f"{text} {site.clock()}", site.clock(), phone=number, text=text)
    with site.parts.database.begin() as connection:
        inbox.keep(connection, SMSCLOUDS, "smsclouds", [news], site.clock())
    site.note()
    site.later(6)
    site.note()
    site.push()


def contact(sandbox: Sandbox, serial: int = 1) -> dict[str, Any]:
    """The contact that `plant` made for a serial."""
    return next(row for row in sandbox.org.rows("Contact") if row["LastName"] == f"Ruiz {serial}")


def by_hand(site: Site, number: str, voice: str, *, stopped: bool) -> None:
    """A person's word, or one that a person says for another voice."""
    with site.parts.database.begin() as connection:
        word = ConsentWord(number, voice, stopped, ConsentSource.PERSON, site.clock(), {"why": "asked"})
        tell(Reach.of(site.parts), connection, [word], site.clock())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_a_number_newly_on_the_list_is_stopped_everywhere(site: Site, sandbox: Sandbox) -> None:
    """By the account's voice, with the evidence; the record is told, the message held, and nobody is blocked anew."""
    plant(sandbox, 2)
    site.sweep()
    site.pull()
    enter(sandbox, number_of(1))
    assert hear(site) == 1
    (word,) = rows(site.parts.database, CONSENT)
    assert (word.number, word.voice, word.stopped, word.source) == (number_of(1), VOICE, True, "provider")
    assert (word.evidence["account"], word.evidence["word"]) == (NRS, "on its blacklist")
    assert word.evidence["since"]
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    assert contact(sandbox, 2)["SMS_Opt_Out__c"] is False
    site.pull()
    site.dispatch()
    states = {row.to_number: row.state for row in site.messages()}
    assert states == {number_of(1): State.HELD, number_of(2): State.ACCEPTED}
    assert received(sandbox)["received"] == 1
    assert rows(site.parts.database, CALL) == [], "the list that told us needs no telling"
    assert hear(site) == 0, "said once"


def test_addresses_are_on_a_list_of_their_own(site: Site, sandbox: Sandbox) -> None:
    """Numbers are read from the list for SMS and e-mail addresses from that for mailings; calls' list is not ours."""
    enter(sandbox, "Ana@example.com", kind="mailing")
    enter(sandbox, number_of(3), kind="voice")
    assert hear(site) == 1
    assert said(site) == [("ana@example.com", VOICE, True)]


def test_a_number_that_went_off_the_list_is_free_again(opting_in: Site, sandbox: Sandbox) -> None:
    """The voice says start, the CRM is told where this stop had been written, and the next message goes."""
    site = opting_in
    plant(sandbox)
    site.sweep()
    enter(sandbox, number_of(1))
    hear(site)
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    leave(sandbox, number_of(1))
    assert hear(site) == 1
    assert said(site) == [(number_of(1), VOICE, True), (number_of(1), VOICE, False)]
    assert contact(sandbox)["SMS_Opt_Out__c"] is False
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1}
    enter(sandbox, number_of(1))
    assert hear(site) == 1, "put there once more, it is new once more"
    assert stopping(site, number_of(1)) == {VOICE}


def test_what_we_put_there_does_not_outlast_the_recipients_start(opting_in: Site, sandbox: Sandbox) -> None:
    """A stop by reply goes onto the list, the list is read, the person says start: they are free, and off the list."""
    site = opting_in
    plant(sandbox)
    site.sweep()
    reply(site, "STOP", number_of(1))
    assert keep_blacklist(site.parts, NRS) == 1
    assert set(lists(sandbox)) == {number_of(1).removeprefix("+")}
    assert hear(site) == 0, "it is there by our own doing"
    assert stopping(site, number_of(1)) == {RECIPIENT}
    reply(site, "START", number_of(1))
    assert hear(site) == 0, "it is still there, and we are about to take it off"
    assert keep_blacklist(site.parts, NRS) == 1
    assert lists(sandbox) == {}
    assert hear(site) == 0
    assert stopping(site, number_of(1)) == set()
    site.sweep()
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1}


def test_a_number_that_comes_back_after_we_took_it_off_is_the_providers_word(opting_in: Site, sandbox: Sandbox) -> None:
    """Once our own entry is gone, a new one is somebody else's."""
    site = opting_in
    reply(site, "STOP", number_of(1))
    keep_blacklist(site.parts, NRS)
    reply(site, "START", number_of(1))
    keep_blacklist(site.parts, NRS)
    enter(sandbox, number_of(1))
    assert hear(site) == 1
    assert stopping(site, number_of(1)) == {VOICE}


def test_a_number_taken_off_while_the_list_was_read_is_not_stopped(site: Site, sandbox: Sandbox) -> None:
    """A page that was made before our own call took effect shows what is no longer so."""
    by_hand(site, number_of(1), PERSON, stopped=True)
    keep_blacklist(site.parts, NRS)
    pages = list(site.parts.line(NRS).converse(site.parts.providers[NRS].blacklisted()))
    assert [news.phone for page in pages for news in page] == [number_of(1)]
    began = site.clock()
    by_hand(site, number_of(1), PERSON, stopped=False)
    site.later(1)
    assert keep_blacklist(site.parts, NRS) == 1
    assert sum(provider_consent._take_in(site.parts, NRS, page, began) for page in pages) == 0
    assert stopping(site, number_of(1)) == set()


def test_a_list_that_breaks_off_adds_stops_and_lifts_none(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its first pages show is kept; what its last pages might have shown stays stopped; it is read again soon."""
    monkeypatch.setattr("connector.providers.nrs360.blacklist._ROWS_A_PAGE", 2)
    numbers = [number_of(serial) for serial in range(1, 6)]
    enter(sandbox, *numbers[:3])
    assert hear(site) == 3
    leave(sandbox, numbers[2])
    enter(sandbox, *numbers[3:])
    sandbox.faults.add({"target": "nrs360", "operation": LIST, "kind": "status", "status": 500, "after": 1, "times": 1})
    site.later(EVERY.total_seconds() + 1)
    with pytest.raises(ExchangeError):
        hear_blacklist(site.parts, NRS, EVERY)
    assert stopping(site, numbers[2]) == {VOICE}, "it was not on the pages that came, and others were to come"
    site.later(60)
    assert hear_blacklist(site.parts, NRS, EVERY) >= 1, "a reading that broke off does not wait for hours"
    assert stopping(site, numbers[2]) == set()
    assert all(stopping(site, number) == {VOICE} for number in (*numbers[:2], *numbers[3:]))


def test_a_row_that_slips_between_two_pages_is_asked_for_by_itself(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number leaves while the list is read, and the rows behind it move up past the page: none of them is lifted."""
    monkeypatch.setattr("connector.providers.nrs360.blacklist._ROWS_A_PAGE", 2)
    numbers = [number_of(serial) for serial in range(1, 6)]
    enter(sandbox, *numbers)
    assert hear(site) == 5
    take_in = provider_consent._take_in

    def first_leaves(*given: Any) -> int:
        lists(sandbox).pop(numbers[0].removeprefix("+"), None)
        return take_in(*given)

    monkeypatch.setattr(provider_consent, "_take_in", first_leaves)
    assert hear(site) == 0, "the third row was on no page, and is on the list"
    assert all(stopping(site, number) == {VOICE} for number in numbers)
    monkeypatch.setattr(provider_consent, "_take_in", take_in)
    assert hear(site) == 1
    assert stopping(site, numbers[0]) == set()


def test_only_what_the_list_said_is_taken_back_by_the_list(site: Site, sandbox: Sandbox) -> None:
    """A refusal's stop stands though no list shows its number; other voices' stops stand whatever the list does."""
    with site.parts.database.begin() as connection:
        refusal = ConsentWord(number_of(1), VOICE, True, ConsentSource.PROVIDER, site.clock(), {"word": "571"})
        tell(Reach.of(site.parts), connection, [refusal], site.clock())
    by_hand(site, number_of(2), PERSON, stopped=True)
    assert hear(site) == 0
    assert (stopping(site, number_of(1)), stopping(site, number_of(2))) == ({VOICE}, {PERSON})
    enter(sandbox, number_of(1))
    assert hear(site) == 1, "the list says it too, and from now on it is the list's word"
    leave(sandbox, number_of(1))
    assert hear(site) == 1
    assert stopping(site, number_of(1)) == set()


def test_an_entry_older_than_a_persons_lift_does_not_undo_it(site: Site, sandbox: Sandbox) -> None:
    """Who lifted the provider's stop knew of that entry; a newer entry counts."""
    enter(sandbox, number_of(1))
    hear(site)
    by_hand(site, number_of(1), VOICE, stopped=False)
    assert hear(site) == 0
    assert stopping(site, number_of(1)) == set()
    lists(sandbox)[number_of(1).removeprefix("+")]["createdAt"] = (site.clock() - timedelta(hours=1)).isoformat()
    assert hear(site) == 1
    assert stopping(site, number_of(1)) == {VOICE}


def test_many_pages_cost_the_same_few_statements_each(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are taken in one by one, however many there are, each with as many statements as another."""
    monkeypatch.setattr("connector.providers.nrs360.blacklist._ROWS_A_PAGE", 50)
    enter(sandbox, *(number_of(serial) for serial in range(1, 241)))
    sizes: list[int] = []
    take_in = provider_consent._take_in

    def measured(*given: Any) -> int:
        sizes.append(len(given[2]))
        return take_in(*given)

    monkeypatch.setattr(provider_consent, "_take_in", measured)
    assert hear(site) == 240
    assert sizes == [50, 50, 50, 50, 40]
    assert requests(sandbox, LIST) == 6, "five pages for SMS and one for mailings"


def test_a_list_emptied_at_once_is_lifted_by_and_by(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each number is asked for by itself, some a round; the next round does not wait for hours."""
    monkeypatch.setattr(provider_consent, "_ASKED_ONE_BY_ONE", 3)
    numbers = [number_of(serial) for serial in range(1, 8)]
    enter(sandbox, *numbers)
    hear(site)
    leave(sandbox, *numbers)
    assert hear(site) == 3
    assert [hear_blacklist(site.parts, NRS, EVERY) for _ in range(3)] == [3, 1, 0]
    assert not any(stopping(site, number) for number in numbers)


def test_it_is_read_every_few_hours_and_where_the_account_keeps_one(sandbox: Sandbox, url: str) -> None:
    """The job looks often and reads seldom; an account told to leave its list alone has no such job."""
    with site_on(sandbox, url) as site:
        names = {job.name: job for job in table(site.parts, site.app.settings, site.senders)}
        job = names[f"blacklisted {NRS}"]
        assert f"blacklisted {SMSCLOUDS}" not in names
        job.verb()
        first = requests(sandbox, LIST)
        assert first == 2
        site.later(3600)
        job.verb()
        assert requests(sandbox, LIST) == first
        site.later(3 * 3600)
        job.verb()
        assert requests(sandbox, LIST) == 2 * first
        assert job.every <= 300, "a reading that failed is made again soon"
        parts = replace(site.parts, providers={NRS: _left_alone(site)})
        assert [job.name for job in table(parts, site.app.settings, site.senders) if "blacklist" in job.name] == []


def _left_alone(site: Site) -> Any:
    adapter = site.parts.providers[NRS]
    return type(adapter)(NRS, adapter.settings.model_copy(update={"blacklist": False}))
