"""`connector consent`: a person sees who stopped a number, stops it, and lifts a stop."""

from typing import Any

import pytest

from connector.sandbox.server import Sandbox
from connector.store.blacklist import CALL
from connector.store.db import Database
from connector.store.writes import WRITE
from tests.cli.place import Place
from tests.store.making import rows

NUMBER = "+34611223344"


@pytest.fixture
def known(sandbox: Sandbox, place: Place) -> Place:
    """A place whose store has met its org, where one contact holds the number."""
    sandbox.org.insert("Contact", [{"LastName": "Ruiz", "MobilePhone": NUMBER, "MailingCountryCode": "ES"}])
    answer = place.type("once")
    assert answer.code == 0, answer.err
    return place


def table(place: Place, which: Any) -> list[Any]:
    database = Database(f"sqlite:///{place.store}")
    found = list(rows(database, which))
    database.close()
    return found


def test_a_store_that_met_no_org_says_so(place: Place) -> None:
    """Without an org there is no ledger to write into; the sentence says what to do."""
    answer = place.type("consent", "stop", NUMBER, "--why", "asked by phone")
    assert answer.code == 1
    assert "has not met its org yet" in answer.err


def test_a_stop_by_hand_is_kept_told_and_lifted(known: Place) -> None:
    """It reaches the CRM's record and the blacklist, shows with its reason, and a start takes it back."""
    assert known.type("consent", "stop", NUMBER, "--why", "asked by phone").code == 0
    told = known.type("consent", "show", NUMBER, "--json").told
    (word,) = told["words"]
    assert told["stopped"] == ["*"]
    assert (word["voice"], word["stopped"], word["source"], word["evidence"]["why"]) == (
        "person",
        True,
        "person",
        "asked by phone",
    )
    (write,) = [row for row in table(known, WRITE) if row.cause == "opt_out"]
    assert (write.object, write.fields) == ("Contact", {"SMS_Opt_Out__c": True})
    assert [(row.account, row.number, row.blocked) for row in table(known, CALL)] == [("nrs-main", NUMBER, True)]
    assert known.type("consent", "start", NUMBER, "--why", "signed a form").out == "1 stops are lifted.\n"
    shown = known.type("consent", "show", NUMBER)
    assert "signed a form" in shown.out
    assert shown.out.endswith("Messages are sent to it.\n")
    assert [row.blocked for row in table(known, CALL)] == [True, False]


def test_a_narrow_stop_is_its_own(known: Place) -> None:
    """A stop of a kind shows as one, and a start of everything leaves it."""
    assert known.type("consent", "stop", NUMBER, "--why", "no promotions", "--kind", "promo").code == 0
    assert known.type("consent", "show", NUMBER, "--json").told["stopped"] == ["kind:promo"]
    assert "no stop to lift" in known.type("consent", "start", NUMBER, "--why", "x").out
    assert known.type("consent", "start", NUMBER, "--why", "x", "--kind", "promo").out == "1 stops are lifted.\n"
    both = known.type("consent", "stop", NUMBER, "--why", "x", "--kind", "promo", "--sender", "ACME")
    assert both.code == 2


def test_what_a_record_says_is_taken_back_in_the_crm(known: Place, sandbox: Sandbox) -> None:
    """A start leaves a record's own word and names the record; --of-records lifts it, for records that are gone."""
    (contact,) = sandbox.org.rows("Contact")
    sandbox.org.update("Contact", {contact["Id"]: {"SMS_Opt_Out__c": True}})
    assert known.type("once").code == 0
    answer = known.type("consent", "start", NUMBER, "--why", "signed a form")
    assert answer.code == 1
    assert f"Contact {contact['Id']} says so in SMS_Opt_Out__c" in answer.out
    assert known.type("consent", "start", NUMBER, "--why", "deleted", "--of-records").code == 0
    assert known.type("consent", "show", NUMBER, "--json").told["stopped"] == []


def test_a_number_that_is_none_is_refused_in_a_sentence(known: Place) -> None:
    """What cannot be dialled cannot be stopped, and what nobody spoke of is free."""
    assert known.type("consent", "show", "12").code == 1
    assert "Nobody has said anything" in known.type("consent", "show", "+34611223355").out
