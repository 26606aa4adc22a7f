"""The phone index, the alarms and the housekeeping."""

from datetime import timedelta
from typing import Any

import pytest

from connector import log
from connector.model.errors import QueryFault
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import phones
from connector.store.inbox import INBOX
from connector.store.outbox import EVENT, MESSAGE
from connector.store.writes import WRITE
from connector.sync.alarms import Alarms
from connector.sync.housekeeping import housekeep
from tests.conftest import Clock
from tests.store.making import rows
from tests.sync.site import Site, plant, record


def contact(sandbox: Sandbox, phone: str | None, **changes: Any) -> str:
    """A contact with a mobile number as somebody typed it."""
    (made,) = sandbox.org.insert(
        "Contact", [{"LastName": "Ruiz", "MobilePhone": phone, "MailingCountryCode": "ES"} | changes]
    )
    return made


def holders(site: Site, number: str) -> set[str]:
    """Ids of the records that hold a number, as the index knows them."""
    with site.parts.database.read() as connection:
        return {match.record_id for match in phones.holders(connection, site.parts.org, [number]).get(number, [])}


def test_numbers_are_found_however_they_are_typed(site: Site, sandbox: Sandbox) -> None:
    """The index reads each number in its record's country, and knows all that hold it."""
    made = {contact(sandbox, typed) for typed in ("611 22 33 44", "+34611223344", "0034-611-223344", "(611) 223 344")}
    site.sweep()
    assert holders(site, "+34611223344") == made


def test_unreadable_numbers_are_no_obstacle(site: Site, sandbox: Sandbox) -> None:
    """Free text that holds no number is noted as such, and the rest of the sweep goes on."""
    contact(sandbox, "call the office")
    contact(sandbox, None)
    good = contact(sandbox, "611223344")
    assert site.sweep() > 0
    assert holders(site, "+34611223344") == {good}
    assert site.alarms() == {}


def test_a_changed_number_is_followed(site: Site, sandbox: Sandbox) -> None:
    """The number a record held before leads to it no more."""
    made = contact(sandbox, "611223344")
    site.sweep()
    sandbox.org.update("Contact", {made: {"MobilePhone": "622334455"}})
    site.sweep()
    assert (holders(site, "+34611223344"), holders(site, "+34622334455")) == (set(), {made})


def test_a_late_commit_is_seen_by_the_overlap(site: Site, sandbox: Sandbox) -> None:
    """A row may appear with a SystemModstamp before the last one seen: ten minutes are read again."""
    asked: list[Any] = []
    crm = site.parts.crm

    class Noting:
        """The real org; notes since when it is asked."""

        def __getattr__(self, name: str) -> Any:
            return getattr(crm, name)

        def changed(self, object_name: str, fields: Any, since: Any, **named: Any) -> Any:
            if object_name == "Contact":
                asked.append(since)
            return crm.changed(object_name, fields, since, **named)

    site.with_parts(crm=Noting())
    made = contact(sandbox, "611223344")
    site.sweep()
    site.sweep()
    from datetime import datetime

    stamp = datetime.fromisoformat(record(sandbox, made, "Contact")["SystemModstamp"])
    assert asked[1] == stamp - timedelta(minutes=10), "by the org's own time, never by our clock"


def test_the_second_sweep_reads_only_what_changed(site: Site, sandbox: Sandbox) -> None:
    """An hour later, records that did not change are not read again."""
    for place in range(5):
        contact(sandbox, f"61122334{place}")
    assert site.sweep() > 0
    sandbox.org.clock.ahead += timedelta(hours=1)
    new = contact(sandbox, "622334455")
    site.sweep()
    assert site.sweep() <= 2, "one contact's two phone fields"
    assert holders(site, "+34622334455") == {new}


def test_an_opt_out_in_the_crm_holds_the_number_everywhere(site: Site, sandbox: Sandbox) -> None:
    """Another record that holds the number says no: the message is held, by number, when it is to be sent."""
    (record_id,) = plant(sandbox)
    number = sandbox.org.rows("Contact")[0]["MobilePhone"]
    contact(sandbox, number, SMS_Opt_Out__c=True)
    site.sweep()
    site.pull()
    site.dispatch()
    site.push()
    assert site.states() == {"held": 1}
    assert sandbox.ledger.as_json()["received"] == 0
    assert record(sandbox, record_id)["Status__c"] == "Held"


def test_an_object_the_org_refuses_sounds_an_alarm_and_the_others_are_read(site: Site, sandbox: Sandbox) -> None:
    """A phone field that is gone stops that object's sweep and no other's, until it is mended."""
    made = contact(sandbox, "611223344")
    crm = site.parts.crm

    class LeadIsGone:
        """The real org, but for one object."""

        def __getattr__(self, name: str) -> Any:
            return getattr(crm, name)

        def changed(self, object_name: str, *given: Any, **named: Any) -> Any:
            if object_name == "Lead":
                raise QueryFault("Lead has no field MobilePhone.")
            return crm.changed(object_name, *given, **named)

    site.with_parts(crm=LeadIsGone())
    site.sweep()
    assert site.alarms() == {"phone index of Lead": "Lead has no field MobilePhone."}
    assert holders(site, "+34611223344") == {made}
    site.with_parts(crm=crm)
    site.sweep()
    assert site.alarms() == {}


# -- alarms


def test_an_alarm_stands_since_it_first_sounded_and_is_logged_once(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same trouble said again is the same alarm; settled, it is gone."""
    log.set_up("console", "INFO")  # whatever test came before may have set another
    alarms = Alarms(clock)
    began = clock.now
    alarms.sound("account nrs-main", "Top the account up.")
    clock.go_on(minutes=5)
    alarms.sound("account nrs-main", "Top the account up.")
    assert alarms.standing() == {"account nrs-main": (began, "Top the account up.")}
    assert capsys.readouterr().err.count("Top the account up.") == 1
    alarms.settle("account nrs-main")
    alarms.settle("account nrs-main")
    assert alarms.standing() == {}
    assert capsys.readouterr().err.count("alarm_over") == 1


def test_another_sentence_is_told_and_keeps_the_beginning(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """What changes of a standing trouble is logged; since when it stands does not change."""
    log.set_up("console", "INFO")  # whatever test came before may have set another
    alarms = Alarms(clock)
    began = clock.now
    alarms.sound("store", "The disk is full.")
    clock.go_on(minutes=1)
    alarms.sound("store", "The database cannot be reached.")
    assert alarms.standing()["store"] == (began, "The database cannot be reached.")
    assert "cannot be reached" in capsys.readouterr().err


# -- housekeeping


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_housekeeping_drops_what_ended_long_ago_and_owes_nothing(site: Site, sandbox: Sandbox) -> None:
    """Ended, told and old: the message goes with its events, writes and news."""
    plant(sandbox, 3)
    site.work_through()
    assert housekeep(site.parts, 90) == 0
    site.later(91 * 86_400)
    assert housekeep(site.parts, 90) >= 3
    for table in (MESSAGE, EVENT, WRITE):
        assert rows(site.parts.database, table) == []
    assert [row for row in rows(site.parts.database, INBOX) if row.message_id] == []


def test_housekeeping_keeps_what_still_owes_or_waits(site: Site, sandbox: Sandbox) -> None:
    """A status the CRM was never told, a doubt, a message in flight: nothing of it goes, however old."""
    plant(sandbox, 1)
    site.pull()
    site.dispatch()
    owing = site.message()
    site.work_until(lambda: site.message().state == State.DELIVERED)
    with site.parts.database.begin() as connection:
        connection.execute(WRITE.update().where(WRITE.c.message_id == owing.id).values(standing="parked"))
    plant(sandbox, 1, first=2)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_before", "times": 1})
    site.pull()
    site.dispatch()
    plant(sandbox, 1, first=3)
    site.pull()
    assert site.states() == {"delivered": 1, "unknown": 1, "claimed": 1}
    site.later(400 * 86_400)
    housekeep(site.parts, 90)
    assert site.states() == {"delivered": 1, "unknown": 1, "claimed": 1}
