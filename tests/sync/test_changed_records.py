"""A record that a person withdraws or corrects while its message waits counts as it is then, not as it was read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.model.errors import BudgetSpent, ConnectorError, MayHaveLeft
from connector.model.scopes import Scope
from connector.sandbox.server import Sandbox
from connector.store import pauses
from connector.sync.claiming import claim
from connector.sync.release import release
from connector.sync.unknown import Verdict, resolve_by_hand
from tests.sync.interrupted import BeforeClaims, delete, fails, waited
from tests.sync.site import NRS, Site, number_of, plant, received, record, set_back, site_on, statuses

both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
MINUTES = 60.0
EVERY_PAUSE = [(Scope.EVERYTHING, ""), (Scope.ACCOUNT, NRS), (Scope.MAPPING, "sms-outbox")]


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector whose account sends on WhatsApp too."""
    with site_on(sandbox, url, accounts={NRS: {"whatsapp_sender": "34666777555"}}) as running:
        yield running


def change(sandbox: Sandbox, record_id: str, **fields: Any) -> None:
    """A person changes a record."""
    sandbox.org.update("SMS_Message__c", {record_id: fields})


def change_person(sandbox: Sandbox, record_id: str, **fields: Any) -> None:
    """A person changes the contact of a record."""
    sandbox.org.update("Contact", {record(sandbox, record_id)["Contact__c"]: fields})


def texts(sandbox: Sandbox) -> list[str]:
    """The texts that the pretend 360NRS accepted."""
    return sorted(text for text, _ in sandbox.providers.nrs360.fates())


def claimed(site: Site, channel: str = "SMS") -> str:
    """The id of a record whose message waits, claimed."""
    (record_id,) = plant(site.sandbox, Channel__c=channel)
    change_person(site.sandbox, record_id, FirstName="Ana")
    site.pull()
    assert site.states() == {"claimed": 1}
    return record_id


def left_by_a_crash(site: Site, channel: str = "SMS") -> str:
    """The id of a record whose message waits for its claim, whose token alone was committed."""
    (record_id,) = plant(site.sandbox, Channel__c=channel)
    change_person(site.sandbox, record_id, FirstName="Ana")
    crm = site.parts.crm
    site.with_parts(crm=BeforeClaims(crm, fails(RuntimeError("the process ends here"))))
    with pytest.raises(RuntimeError):
        site.pull()
    site.with_parts(crm=crm)
    assert (site.states(), record(site.sandbox, record_id)["Status__c"]) == ({"queued": 1}, "Queued")
    return record_id


WAITS: list[tuple[Callable[..., str], float]] = [(claimed, 11 * MINUTES), (left_by_a_crash, 2 * MINUTES)]
waits = pytest.mark.parametrize(("waits", "seconds"), WAITS, ids=["claimed", "unclaimed"])


def go_on(site: Site) -> None:
    """Reads, releases, claims, sends and writes, a few times over."""
    for _ in range(3):
        site.pull()
        site.dispatch()
        site.push()
        release(site.parts)
        site.later(1)


# -- what a person did meanwhile


@both
@waits
def test_a_withdrawn_record_is_not_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Its message is cancelled with the reason, and what the person wrote stands; set back, it is sent once."""
    record_id = waits(site)
    site.later(seconds)
    change(sandbox, record_id, Status__c="Cancelled")
    go_on(site)
    assert (site.states(), site.owed(), received(sandbox)["received"]) == ({"cancelled": 1}, 0, 0)
    assert "the record was changed before its message went out" in site.message().failure_reason
    assert record(sandbox, record_id)["Status__c"] == "Cancelled"
    set_back(sandbox, record_id)
    site.work_until(lambda: site.states() == {"cancelled": 1, "delivered": 1})
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@both
@waits
def test_a_deleted_record_is_not_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Its message is cancelled, and the CRM is owed nothing for it."""
    record_id = waits(site)
    site.later(seconds)
    delete(sandbox, record_id)
    go_on(site)
    assert (site.states(), site.owed(), received(sandbox)["received"]) == ({"cancelled": 1}, 0, 0)
    assert "the record was deleted" in site.message().failure_reason


@both
@waits
def test_a_corrected_text_is_what_is_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Once, and the old one never."""
    record_id = waits(site)
    site.later(seconds)
    change(sandbox, record_id, Body__c="Mejor #000001")
    go_on(site)
    assert texts(sandbox) == ["Mejor #000001"]
    assert statuses(sandbox) == {"Sent": 1}


@waits
def test_a_corrected_number_is_where_it_is_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Its message goes to the number that the record leads to now."""
    record_id = waits(site)
    site.later(seconds)
    change_person(sandbox, record_id, MobilePhone=number_of(77))
    go_on(site)
    assert (site.states(), site.message().to_number) == ({"accepted": 1}, number_of(77))
    assert received(sandbox)["received"] == 1


@waits
def test_a_later_date_is_kept(site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float) -> None:
    """A message that was put off waits for its new date, and goes out then."""
    record_id = waits(site)
    site.later(seconds)
    due = site.clock() + timedelta(hours=1)
    change(sandbox, record_id, Send_After__c=f"{due:%Y-%m-%dT%H:%M:%S}.000+0000")
    go_on(site)
    assert received(sandbox)["received"] == 0
    site.later(3600)
    go_on(site)
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@both
@waits
def test_a_consent_field_that_was_set_meanwhile_is_heard(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """The message is held, and so are others to the number, whose own records say nothing."""
    record_id = waits(site)
    site.later(seconds)
    change_person(sandbox, record_id, DoNotCall=True)
    site.pull()
    plant(sandbox, first=1)
    go_on(site)
    assert (site.states(), received(sandbox)["received"]) == ({"held": 2}, 0)
    assert {row.failure_code for row in site.messages()} == {"OPTED_OUT"}


@waits
def test_a_record_that_is_in_the_queue_asks_for_the_same_message(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Whoever sets a record back while its message waits gets that one."""
    record_id = waits(site)
    site.later(seconds)
    set_back(sandbox, record_id)
    go_on(site)
    assert (site.states(), received(sandbox)["received"]) == ({"accepted": 1}, 1)
    assert site.message().round == 1


@waits
def test_a_record_that_can_make_no_message_any_more_says_why(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float
) -> None:
    """Nothing is sent to the number of before."""
    record_id = waits(site)
    site.later(seconds)
    change_person(sandbox, record_id, MobilePhone=None)
    go_on(site)
    site.push()
    assert (site.states(), received(sandbox)["received"]) == ({"rejected": 1}, 0)
    assert "MobilePhone is empty" in record(sandbox, record_id)["Error__c"]


def test_what_fills_a_template_counts_as_a_text(site: Site, sandbox: Sandbox) -> None:
    """A name that is corrected while a WhatsApp message waits is the one in it."""
    record_id = claimed(site, "WhatsApp")
    site.later(11 * MINUTES)
    change_person(sandbox, record_id, FirstName="Eva")
    site.pull()
    assert site.states() == {"held": 1}
    go_on(site)
    assert site.states() == {"accepted": 1}
    assert "Eva" in str(site.message().content)


# -- what nobody touched


@waits
@pytest.mark.parametrize("channel", ["SMS", "WhatsApp"])
def test_an_untouched_record_is_claimed_and_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site, str], str], seconds: float, channel: str
) -> None:
    """As it was read, whichever its channel: nothing of it looks changed."""
    waits(site, channel)
    site.later(seconds)
    site.pull()
    assert site.states() == {"claimed": 1}
    assert site.message().claim_expires > site.clock() + timedelta(minutes=14)
    site.dispatch()
    assert site.states() == {"accepted": 1}


def test_a_claim_whose_answer_was_lost_is_ours(site: Site, sandbox: Sandbox) -> None:
    """The record has left the queue by our own token: its message is claimed again minutes later, and sent once."""
    plant(sandbox)
    crm = site.parts.crm

    class Lost(BeforeClaims):
        """The claim is written, and the answer does not come."""

        def write(self, wanted: Any) -> Any:
            """As the real org, without its answer."""
            self._crm.write(wanted)
            raise MayHaveLeft("no answer came")

    site.with_parts(crm=Lost(crm, lambda: None))
    assert site.pull().claimed == 0
    site.with_parts(crm=crm)
    assert (site.states(), statuses(sandbox)) == ({"queued": 1}, {"Sending": 1})
    site.later(5 * MINUTES)
    go_on(site)
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_a_released_record_that_still_says_held_is_ours(site: Site, sandbox: Sandbox) -> None:
    """Its claim could not be written for minutes after its release: that was no person's doing."""
    record_id = claimed(site)
    site.later(11 * MINUTES)
    change(sandbox, record_id, Body__c="Mejor #000001")
    site.pull()
    site.push()
    assert (site.states(), record(sandbox, record_id)["Status__c"]) == ({"held": 1}, "Held")
    release(site.parts)
    crm = site.parts.crm
    site.with_parts(crm=BeforeClaims(crm, fails(MayHaveLeft("no answer came"))))
    site.pull()
    site.with_parts(crm=crm)
    site.later(5 * MINUTES)
    go_on(site)
    assert (site.states(), texts(sandbox)) == ({"accepted": 1}, ["Mejor #000001"])


def test_a_message_that_is_sent_again_is_ours_though_its_record_says_unknown(site: Site, sandbox: Sandbox) -> None:
    """A person vouched that it never left; its record says `Unknown` by our own word, and its claim has lapsed."""
    plant(sandbox)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_before", "times": 1})
    site.pull()
    site.dispatch()
    site.push()
    assert (site.states(), statuses(sandbox)) == ({"unknown": 1}, {"Unknown": 1})
    site.later(3600)
    assert resolve_by_hand(site.parts, site.message().id, Verdict.NEVER_LEFT, "the provider says so")
    go_on(site)
    assert (site.states(), received(sandbox)["received"]) == ({"accepted": 1}, 1)
    assert statuses(sandbox) == {"Sent": 1}


def test_a_clock_that_is_set_back_keeps_nobody_busy(site: Site) -> None:
    """What was looked at once is claimed, though by its time it is as old as before."""
    left_by_a_crash(site)
    site.later(30 * MINUTES)
    asked = 0

    def set_back_after_a_look() -> datetime:
        nonlocal asked
        asked += 1
        assert asked < 50, "the same record is looked at again and again"
        return site.clock() - timedelta(minutes=0 if asked == 1 else 30)

    site.with_parts(clock=set_back_after_a_look)
    assert claim(site.parts, site.parts.mappings["sms-outbox"]) == 1


# -- what it costs, and when the org cannot be asked


def test_looking_costs_a_request_for_400_records_that_wait_long(site: Site, sandbox: Sandbox) -> None:
    """Of those read just now nothing is asked again; of those that wait, one question for 400 and one write for 200."""
    plant(sandbox, 450)
    calls = site.parts.crm.calls()
    site.pull()
    fresh = site.parts.crm.calls() - calls
    site.pull()
    empty = site.parts.crm.calls() - calls - fresh
    waited(site)
    calls = site.parts.crm.calls()
    assert site.pull().renewed == 450
    assert site.parts.crm.calls() - calls - empty == 2 + 3
    assert fresh - empty == 3


@contextmanager
def unreadable(site: Site, error: ConnectorError) -> Iterator[None]:
    """The org answers no question, though it takes writes."""
    crm = site.parts.crm

    class Silent(BeforeClaims):
        """Answers nothing."""

        def pages(self, query: Any) -> Any:
            """No answer."""
            raise error

    site.with_parts(crm=Silent(crm, lambda: None))
    yield
    site.with_parts(crm=crm)


@waits
@pytest.mark.parametrize(
    "error", [MayHaveLeft("no answer came"), BudgetSpent("only the reserve is left")], ids=lambda it: type(it).__name__
)
def test_what_cannot_be_looked_at_is_neither_claimed_nor_sent(
    site: Site, sandbox: Sandbox, waits: Callable[[Site], str], seconds: float, error: ConnectorError
) -> None:
    """It waits until the org answers, and is then sent as it is."""
    record_id = waits(site)
    before = record(sandbox, record_id)
    site.later(seconds)
    with unreadable(site, error), pytest.raises(type(error)):
        site.pull()
    site.dispatch()
    assert received(sandbox)["received"] == 0
    assert record(sandbox, record_id) == before
    go_on(site)
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


# -- pause, correct, resume


@both
@pytest.mark.parametrize(("scope", "name"), EVERY_PAUSE)
def test_what_is_corrected_or_withdrawn_under_a_pause_counts_when_it_goes_on(
    site: Site, sandbox: Sandbox, scope: Scope, name: str
) -> None:
    """However short the pause: nothing that waited is sent before its record was looked at."""
    withdrawn, corrected, untouched = plant(sandbox, 3)
    site.pull()
    with site.parts.database.begin() as connection:
        assert pauses.pause(connection, scope, name, "a wrong text", site.clock())
    change(sandbox, withdrawn, Status__c="Cancelled")
    change(sandbox, corrected, Body__c="Mejor #000002")
    site.later(5)
    with site.parts.database.begin() as connection:
        assert pauses.resume(connection, scope, name)
    site.dispatch()
    assert received(sandbox)["received"] == 0
    assert site.pull()
    go_on(site)
    assert texts(sandbox) == ["Hola #000003", "Mejor #000002"]
    assert record(sandbox, withdrawn)["Status__c"] == "Cancelled"
    assert record(sandbox, untouched)["Status__c"] == "Sent"
