"""Lookups before a send, over real sockets: asked once a recipient, told to the record, and heeded."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.cli import single_pass
from connector.cli.single_pass import SinglePass
from connector.model.consent import PERSON, ConsentSource, ConsentWord
from connector.model.scopes import Scope
from connector.sandbox.server import Sandbox
from connector.store import consent, lookups, pauses
from connector.store.lookups import LOOKUP
from connector.sync.breakers import Standing
from connector.sync.housekeeping import housekeep
from connector.sync.lookup import MOST_LOST, MOST_TRIES, look_up
from connector.sync.rates import Rates
from connector.sync.release import release
from jobs.schedule import table
from tests.conftest import START
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, mapping, number_of, plant, received, record, requests, site_on

BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
HLR = "GET /api/v3/hlr/{number}"
FIELDS = {"status": "status", "carrier": "carrier", "line_type": "type", "ported": "ported", "valid": "ported"}
SET = '{Error__c: "{lookup.carrier}/{lookup.status}"}'


def with_lookup(folder: Path, **section: str) -> list[str]:
    """The example mapping with a lookup of these keys."""
    text = mapping().read_text("utf-8")
    lines = "".join(f"  {key}: {value}\n" for key, value in section.items())
    written = folder / "with-lookup.yaml"
    written.write_text(text.replace("\nroute:\n", f"\nlookup:\n{lines}route:\n"), "utf-8")
    return [str(written)]


@contextmanager
def looking_up(
    sandbox: Sandbox, url: str, folder: Path, accounts: dict[str, Any] | None = None, **section: str
) -> Iterator[Site]:
    """A site whose messages are looked up at Smsclouds, unless said otherwise."""
    section = {"account": SMSCLOUDS, "set": SET} | section
    asked = {SMSCLOUDS: {"hlr_fields": FIELDS}} | (accounts or {})
    with site_on(sandbox, url, mappings=with_lookup(folder, **section), accounts=asked) as site:
        yield site


def asks(site: Site, account: str = SMSCLOUDS) -> int:
    """Runs the verb for an account."""
    return look_up(site.parts, account, site.senders[account])


def send(site: Site, account: str = SMSCLOUDS) -> None:
    """One turn of all that a message with a lookup goes through."""
    site.pull()
    site.dispatch(account)
    asks(site)
    site.dispatch(account)
    site.push()


def the_lookup(site: Site) -> Any:
    """The one lookup there is."""
    (only,) = rows(site.parts.database, LOOKUP)
    return only


def away() -> str:
    """The address of a server that nobody listens at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}/smsclouds"


def hlr_fault(sandbox: Sandbox, **rule: Any) -> None:
    """A fault at Smsclouds' lookups."""
    sandbox.faults.add({"target": "smsclouds", "operation": HLR, **rule})


@BOTH_STORES
def test_a_message_waits_for_its_lookup_and_its_record_is_told(sandbox: Sandbox, url: str, folder: Path) -> None:
    """It stays claimed without an attempt until the lookup is there; then its record has the fields, and it leaves."""
    (message,) = plant(sandbox, 1, "MX")
    with looking_up(sandbox, url, folder) as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"claimed": 1}
        assert received(sandbox)["received"] == 0
        assert asks(site) == 1
        site.dispatch(SMSCLOUDS)
        site.push()
        assert site.states() == {"accepted": 1}
        told = record(sandbox, message)
        known = lookups.known(the_lookup(site))
        assert told["Error__c"] == f"{known.carrier}/{known.fields['status']}"
        assert told["Status__c"] == "Sent"

    assert requests(sandbox, HLR, "smsclouds") == 1


def test_one_lookup_a_recipient_however_many_messages_wait(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Three messages to one number are one question, and each of their records is told."""
    ids = plant(sandbox, 3, "MX")
    contacts = [record(sandbox, each)["Contact__c"] for each in ids]
    sandbox.org.update("Contact", {contact: {"MobilePhone": number_of(1, "MX")} for contact in contacts})
    with looking_up(sandbox, url, folder) as site:
        send(site)
        assert all("/" in record(sandbox, each)["Error__c"] for each in ids)
        assert site.states() == {"accepted": 3}
    assert requests(sandbox, HLR, "smsclouds") == 1


@BOTH_STORES
def test_a_result_is_kept_as_long_as_the_mapping_says(sandbox: Sandbox, url: str, folder: Path) -> None:
    """The next message to the number goes out by the result that is kept, and its record is told too; once `keep` is
    over, the number is looked up again."""
    (first,) = plant(sandbox, 1, "MX")
    contact = record(sandbox, first)["Contact__c"]
    with looking_up(sandbox, url, folder, keep="2h") as site:
        send(site)
        for hours, asked in ((1, 1), (2, 2)):
            site.later(hours * 3600)
            (again,) = plant(sandbox, 1, "MX", first=10 * hours, Contact__c=contact)
            site.pull()
            site.dispatch(SMSCLOUDS)
            assert requests(sandbox, HLR, "smsclouds") == 1
            asks(site)
            site.dispatch(SMSCLOUDS)
            site.push()
            assert requests(sandbox, HLR, "smsclouds") == asked
            assert "/" in record(sandbox, again)["Error__c"]
        assert site.states() == {"accepted": 3}


@BOTH_STORES
def test_a_stop_rejects_the_message_with_its_reason(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Nothing is sent; the record says who was asked, what it said and which condition that met, and has the fields."""
    (message,) = plant(sandbox, 1, "MX")
    stop = "\"lookup.carrier != 'Nobody'\""
    with looking_up(sandbox, url, folder, stop=stop, set='{Provider_Id__c: "{lookup.carrier}"}') as site:
        send(site)
        assert site.states() == {"rejected": 1}
        told = record(sandbox, message)
        assert told["Status__c"] == "Failed"
        assert told["Error__c"].startswith(
            f"LOOKUP_STOP: the recipient's lookup at {SMSCLOUDS} stops it (lookup.carrier != 'Nobody'): "
        )
        assert told["Provider_Id__c"] in told["Error__c"]
        assert number_of(1, "MX")[-10:] not in told["Error__c"]
    assert received(sandbox)["received"] == 0


def test_a_stop_that_is_not_met_stops_nothing(sandbox: Sandbox, url: str, folder: Path) -> None:
    """What a lookup does not tell is null, and null is not false."""
    plant(sandbox, 1, "MX")
    with looking_up(sandbox, url, folder, stop='"lookup.country == false"') as site:
        send(site)
        assert site.states() == {"accepted": 1}


def test_a_stop_that_cannot_be_decided_holds_the_message(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Nothing goes out on a guess: the reason names the mapping's fault."""
    plant(sandbox, 1, "MX")
    with looking_up(sandbox, url, folder, stop="\"lookup.country.startsWith('M')\"") as site:
        send(site)
        assert site.states() == {"held": 1}
        assert "lookup.stop" in site.message().failure_reason
    assert received(sandbox)["received"] == 0


def test_nobody_is_looked_up_whom_consent_stops(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Consent decides first, so that no lookup is paid for; and after the lookup it is asked again."""
    plant(sandbox, 2, "MX")
    with looking_up(sandbox, url, folder) as site:
        stop(site, number_of(1, "MX"))
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"claimed": 1, "held": 1}
        assert the_lookup(site).target == number_of(2, "MX")
        asks(site)
        stop(site, number_of(2, "MX"))
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"held": 2}
        assert {row.failure_code for row in site.messages()} == {"OPTED_OUT"}
    assert received(sandbox)["received"] == 0


def stop(site: Site, number: str) -> None:
    """A person stops a number."""
    word = ConsentWord(number, PERSON, True, ConsentSource.PERSON, site.clock(), {"why": "a test"})
    with site.parts.database.begin() as connection:
        consent.note(connection, site.parts.org, [word])


@BOTH_STORES
@pytest.mark.parametrize(("on_failure", "state"), [("send", "accepted"), ("hold", "held")])
def test_an_account_that_is_away_holds_or_sends_as_the_mapping_says(
    sandbox: Sandbox, url: str, folder: Path, on_failure: str, state: str
) -> None:
    """A message waits for its lookup as long as `wait`, and no longer."""
    plant(sandbox, 1)
    asked = {"lookups": smsclouds_at(away())}
    with looking_up(sandbox, url, folder, asked, account="lookups", of="to", wait="3m", on_failure=on_failure) as site:
        for mobile in sandbox.org.rows("Contact"):
            sandbox.org.update(
                "Contact", {mobile["Id"]: {"MobilePhone": number_of(1, "MX"), "MailingCountryCode": "MX"}}
            )
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"claimed": 1}
        assert asks(site, "lookups") == 0
        assert "lookups of lookups" in site.alarms()
        site.later(200)
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {state: 1}
        if state == "held":
            assert site.message().failure_code == "LOOKUP_FAILED"
            assert "did not come in time from lookups; the last try ended so: no connection" in (
                site.message().failure_reason
            )
            assert site.message().not_before > site.clock()


def smsclouds_at(base_url: str) -> dict[str, Any]:
    """The settings of another account at Smsclouds."""
    return {"provider": "smsclouds", "base_url": base_url, "token": "sandbox", "hlr_fields": FIELDS}


def test_tries_that_cost_nothing_come_to_an_end(sandbox: Sandbox, url: str, folder: Path) -> None:
    """After so many refused connections the lookup has failed, and its messages go on without waiting any longer."""
    plant(sandbox, 1, "MX")
    asked = {"lookups": smsclouds_at(away())}
    with looking_up(sandbox, url, folder, asked, account="lookups", wait="10d") as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        for _ in range(MOST_TRIES - 1):
            assert asks(site, "lookups") == 0
            assert asks(site, "lookups") == 0, "it is not tried again before its time"
            site.later(90)  # longer than the longest wait between tries
        assert asks(site, "lookups") == 1
        site.later(300)  # a claim must hold for Smsclouds' ten minutes, and is renewed when half of it is over
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"accepted": 1}


@pytest.mark.parametrize("fault", ["drop_after", "garbage"])
def test_a_lookup_whose_answer_is_lost_is_asked_again_once(
    sandbox: Sandbox, url: str, folder: Path, fault: str
) -> None:
    """It may have cost money, so that two questions are all there are; the reason says so, and holds for an hour."""
    (first,) = plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind=fault)
    with looking_up(sandbox, url, folder, on_failure="hold") as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        settled = [settled_after(site, 60) for _ in range(4)]
        assert settled == [0, 1, 0, 0]
        assert requests(sandbox, HLR, "smsclouds") == MOST_LOST
        plant(sandbox, 1, "MX", first=9, Contact__c=record(sandbox, first)["Contact__c"])
        site.pull()
        site.dispatch(SMSCLOUDS)
        asks(site)
        assert site.states() == {"held": 2}
        assert requests(sandbox, HLR, "smsclouds") == MOST_LOST
        assert "may have cost" in site.messages()[0].failure_reason
        site.push()
        sandbox.faults.clear()
        site.later(3700)
        site.pull()
        release(site.parts)
        send(site)
        assert site.states() == {"accepted": 2}


def settled_after(site: Site, seconds: float) -> int:
    """How many lookups a run of the verb settles; time goes on after it."""
    settled = asks(site)
    site.later(seconds)
    return settled


def test_a_crash_between_question_and_answer_counts_as_a_lost_answer(sandbox: Sandbox, url: str, folder: Path) -> None:
    """What was committed as asked and never noted is asked once more, after the next start, and not a third time."""
    plant(sandbox, 1, "MX")
    with looking_up(sandbox, url, folder) as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        for lost in (1, 2):
            with site.parts.database.begin() as connection:
                lookups.begin(connection, [the_lookup(site).id])
            parts, site.parts = site.parts, replace(site.parts, rates=Exhausted())
            asks(site)
            site.parts = parts
            assert the_lookup(site).lost == lost
            site.later(10)
        assert the_lookup(site).standing == "failed"
        asks(site)
    assert requests(sandbox, HLR, "smsclouds") == 0


class Exhausted(Rates):
    """An account's rate with nothing left of it."""

    def __init__(self) -> None:
        super().__init__({}, lambda: START)

    def left(self, account: str, messages: int, requests: int) -> tuple[int, int]:
        return 0, 0


def test_a_number_that_is_refused_is_not_tried_again(sandbox: Sandbox, url: str, folder: Path) -> None:
    """A refusal of the number itself settles the lookup at once."""
    plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind="status", status=422, body='{"message": "no"}')
    with looking_up(sandbox, url, folder) as site:
        send(site)
        assert the_lookup(site).standing == "failed"
        assert site.states() == {"accepted": 1}
    assert requests(sandbox, HLR, "smsclouds") == 1


def test_credentials_that_are_refused_sound_an_alarm_and_are_tried_again(
    sandbox: Sandbox, url: str, folder: Path
) -> None:
    """Nothing is known of the number by that; once it is mended, the lookup comes."""
    plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind="status", status=401, times=1)
    with looking_up(sandbox, url, folder) as site:
        send(site)
        assert site.states() == {"claimed": 1}
        assert f"lookups of {SMSCLOUDS}" in site.alarms()
        site.later(120)
        send(site)
        assert site.states() == {"accepted": 1}
        assert f"lookups of {SMSCLOUDS}" not in site.alarms()


def test_a_recipient_whom_the_account_cannot_look_up_is_a_failure(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Smsclouds knows Mexican numbers alone: others are sent or held without a question."""
    plant(sandbox, 1, "ES")
    with looking_up(sandbox, url, folder, on_failure="hold") as site:
        site.pull()
        site.dispatch(NRS)
        assert site.states() == {"held": 1}
        assert f"{SMSCLOUDS} looks no phone up of ES" in site.message().failure_reason
        assert rows(site.parts.database, LOOKUP) == []


def test_a_paused_account_is_not_asked(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Pausing the account that is asked stops its lookups, and a single pass does not wait for them."""
    plant(sandbox, 1)
    asked = {"lookups": smsclouds_at(f"{sandbox.providers_url}/smsclouds")}
    with looking_up(sandbox, url, folder, asked, account="lookups") as site:
        with site.parts.database.begin() as connection:
            lookups.ask_for(connection, {("lookups", number_of(1, "MX"))}, site.clock())
            assert lookups.owed(connection, ["lookups"], site.clock()) == 1
            pauses.pause(connection, Scope.ACCOUNT, "lookups", "a test", site.clock())
            assert lookups.owed(connection, ["lookups"], site.clock()) == 0
        assert asks(site, "lookups") == 0
        with site.parts.database.begin() as connection:
            pauses.resume(connection, Scope.ACCOUNT, "lookups")
        assert asks(site, "lookups") == 1


def test_a_rate_holds_for_lookups_too(sandbox: Sandbox, url: str, folder: Path) -> None:
    """At one request a second an account is asked once, and again when its second has come."""
    with looking_up(sandbox, url, folder, {SMSCLOUDS: {"hlr_fields": FIELDS, "requests_a_second": 1.0}}) as site:
        with site.parts.database.begin() as connection:
            lookups.ask_for(connection, {(SMSCLOUDS, number_of(each, "MX")) for each in range(3)}, site.clock())
        assert asks(site) == 1
        site.later(1.1)
        assert asks(site) == 1


def asked_for(site: Site, count: int, account: str = SMSCLOUDS) -> None:
    """Makes the lookups of so many numbers due."""
    with site.parts.database.begin() as connection:
        lookups.ask_for(connection, {(account, number_of(each, "MX")) for each in range(count)}, site.clock())


def test_an_account_whose_breaker_is_open_is_not_asked(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Sends that failed keep lookups from it too; when its pause is over, one finds out, and the others follow."""
    with looking_up(sandbox, url, folder) as site:
        for _ in range(5):
            site.parts.breakers.failed(SMSCLOUDS, "no connection was made")
        asked_for(site, 3)
        assert asks(site) == 0
        assert requests(sandbox, HLR, "smsclouds") == 0
        assert [row.tries for row in rows(site.parts.database, LOOKUP)] == [0, 0, 0]
        site.later(61)
        assert asks(site) == 3
        assert site.parts.breakers.standing(SMSCLOUDS) is Standing.CLOSED
        assert f"breaker of {SMSCLOUDS}" not in site.alarms()


def test_lookups_that_fail_by_the_accounts_fault_open_its_breaker(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Nothing more is asked then, and the messages that the account would send wait as well; one probe a pause goes."""
    with looking_up(sandbox, url, folder, {SMSCLOUDS: {"hlr_fields": FIELDS, "breaker_failures": 1}}) as site:
        hlr_fault(sandbox, kind="status", status=500)
        asked_for(site, 9)
        asks(site)
        first = requests(sandbox, HLR, "smsclouds")
        assert 1 <= first <= site.parts.providers[SMSCLOUDS].settings.senders
        assert site.parts.breakers.standing(SMSCLOUDS) is Standing.OPEN
        plant(sandbox, 1, "MX", first=30)
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert received(sandbox)["received"] == 0
        site.later(61)
        asks(site)
        assert requests(sandbox, HLR, "smsclouds") == first + 1
        asks(site)
        assert requests(sandbox, HLR, "smsclouds") == first + 1, "its pause is longer now"


def test_a_lookup_that_comes_starts_the_count_of_failures_anew(sandbox: Sandbox, url: str, folder: Path) -> None:
    """A refusal of the number, too, is an answer of a provider that is well."""
    with looking_up(sandbox, url, folder) as site:
        for status in (None, 422):
            for _ in range(4):
                site.parts.breakers.failed(SMSCLOUDS, "no connection was made")
            if status is not None:
                hlr_fault(sandbox, kind="status", status=status, body='{"message": "no"}')
            asked_for(site, 1)
            assert asks(site) == 1
            site.parts.breakers.failed(SMSCLOUDS, "no connection was made")
            assert site.parts.breakers.standing(SMSCLOUDS) is Standing.CLOSED
            site.parts.breakers.worked(SMSCLOUDS)


def test_a_short_not_now_to_a_lookup_is_no_failure_of_the_account(sandbox: Sandbox, url: str, folder: Path) -> None:
    """It is heeded by the rate, and the breaker stays closed."""
    hlr_fault(sandbox, kind="status", status=429, seconds=5)
    with looking_up(sandbox, url, folder, {SMSCLOUDS: {"hlr_fields": FIELDS, "breaker_failures": 1}}) as site:
        asked_for(site, 1)
        assert asks(site) == 0
        assert requests(sandbox, HLR, "smsclouds") == 1
        assert site.parts.breakers.standing(SMSCLOUDS) is Standing.CLOSED


def test_what_is_known_is_forgotten_when_nobody_keeps_it(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Housekeeping drops a lookup after the store's days and the mappings' `keep`, whichever is longer."""
    plant(sandbox, 1, "MX")
    with looking_up(sandbox, url, folder, keep="10d") as site:
        send(site)
        site.later(5 * 24 * 3600)
        housekeep(site.parts, 1)
        assert len(rows(site.parts.database, LOOKUP)) == 1
        site.later(6 * 24 * 3600)
        housekeep(site.parts, 1)
        assert rows(site.parts.database, LOOKUP) == []


def test_a_single_pass_does_not_end_before_its_lookups(sandbox: Sandbox, url: str, folder: Path) -> None:
    """One pass reads, looks up, sends and writes, though its messages are put off while they wait."""
    ids = plant(sandbox, 5, "MX")
    with looking_up(sandbox, url, folder) as site:
        SinglePass(site.app, site.parts).run()
        assert set(site.states()) <= {"accepted", "sent"}
        assert all("/" in record(sandbox, each)["Error__c"] for each in ids)
    assert requests(sandbox, HLR, "smsclouds") == 5


def test_a_single_pass_waits_for_lookups_whose_account_is_tried_again_soon(
    sandbox: Sandbox, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing can be done until its breaker lets one question through, and what waits for the answer leaves."""
    monkeypatch.setattr(single_pass, "_PATIENCE", 0.2)
    plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind="status", status=500, times=1)
    asked = {"hlr_fields": FIELDS, "breaker_failures": 1, "breaker_pause": 3.0}
    with looking_up(sandbox, url, folder, {SMSCLOUDS: asked}) as site:
        assert SinglePass(site.app, site.parts).run() == ()
        assert set(site.states()) <= {"accepted", "sent", "delivered"}
    assert requests(sandbox, HLR, "smsclouds") == 2


def test_a_single_pass_says_which_lookups_were_put_off(sandbox: Sandbox, url: str, folder: Path) -> None:
    """A provider that does not let the account in is asked again in a minute, which is left to the next pass."""
    plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind="status", status=401)
    with looking_up(sandbox, url, folder) as site:
        (left,) = SinglePass(site.app, site.parts).run()
        assert (left.account, left.counts, left.again_at) == (None, {"lookups": 1}, None)
        assert "1 lookups" in left.sentence


def test_a_single_pass_says_which_lookups_it_leaves(
    sandbox: Sandbox, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their account is tried again only much later."""
    monkeypatch.setattr(single_pass, "_PATIENCE", 0.2)
    plant(sandbox, 1, "MX")
    hlr_fault(sandbox, kind="status", status=500)
    asked = {"hlr_fields": FIELDS, "breaker_failures": 1, "breaker_pause": 900.0}
    with looking_up(sandbox, url, folder, {SMSCLOUDS: asked}) as site:
        (left,) = SinglePass(site.app, site.parts).run()
        assert (left.account, left.counts["lookups"]) == (SMSCLOUDS, 1)
        assert left.again_at is not None
        assert timedelta(seconds=800) < left.again_at - site.clock() < timedelta(seconds=900)


def test_only_an_account_that_a_mapping_asks_has_the_job(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Its row wakes every account's sending, for any of them may have waited."""
    with looking_up(sandbox, url, folder) as site:
        jobs = {job.name: job for job in table(site.parts, site.app.settings, site.senders)}
        assert [name for name in jobs if name.startswith("lookup ")] == [f"lookup {SMSCLOUDS}"]
        assert set(jobs[f"lookup {SMSCLOUDS}"].wakes) == {f"dispatch {name}" for name in site.parts.providers}
