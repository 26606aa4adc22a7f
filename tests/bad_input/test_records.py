"""Records of which no message can be made: each says so itself, and the others are sent."""

from typing import Any

import pytest

from connector import settings
from connector.sandbox.server import Sandbox
from tests.sync.site import Site, plant, received, record, requests, site_on, statuses

LONG = "x" * 2400


def spoil(sandbox: Sandbox, record_id: str, contact: dict[str, Any], message: dict[str, Any]) -> None:
    """Makes the record one that cannot be sent."""
    if contact:
        sandbox.org.update("Contact", {record(sandbox, record_id)["Contact__c"]: contact})
    if message:
        sandbox.org.update("SMS_Message__c", {record_id: message})


@pytest.mark.parametrize(
    ("contact", "message", "said"),
    [
        ({"MobilePhone": "call the office"}, {}, "the phone field holds no phone number"),
        ({"MobilePhone": "12"}, {}, "too few digits"),
        ({"MobilePhone": None}, {}, "MobilePhone is empty; fill in the recipient's phone number"),
        ({"MobilePhone": "600111222", "MailingCountryCode": None}, {}, "no region to read it in"),
        ({}, {"Body__c": None}, "the text of the message is empty"),
        ({}, {"Body__c": LONG}, "takes at most 15. Shorten it"),
        ({}, {"Channel__c": "Viber"}, "which the mapping does not list; it lists SMS, WhatsApp"),
        ({}, {"Contact__c": None}, "MobilePhone is empty"),
    ],
    ids=["words", "too short", "no phone", "no country", "no text", "too long", "channel", "no contact"],
)
def test_a_record_that_cannot_be_sent_says_why_and_the_others_go(
    site: Site, sandbox: Sandbox, contact: dict[str, Any], message: dict[str, Any], said: str
) -> None:
    """Its own field holds the sentence; its neighbours are delivered; nothing of it reached a provider."""
    bad, *good = plant(sandbox, 3)
    if message.get("Channel__c"):
        # no user can pick it, but data loaders and old rows can hold it
        with sandbox.org.lock, sandbox.org.records.transaction():
            sandbox.org.records.rows(
                f"UPDATE SMS_Message__c SET Channel__c = 'Viber' WHERE Id = '{bad}'"  # noqa: S608  the sandbox's table
            )
    else:
        spoil(sandbox, bad, contact, message)
    site.work_through()
    row = record(sandbox, bad)
    assert row["Status__c"] == "Failed"
    assert said in row["Error__c"]
    assert {record(sandbox, each)["Status__c"] for each in good} == {"Delivered"}
    assert received(sandbox) == {"received": 2, "distinct": 2, "duplicates": 0}


def test_a_mended_record_set_back_is_sent(site: Site, sandbox: Sandbox) -> None:
    """Nothing is lost: the person mends what the sentence said, sets the record back, and it goes once."""
    (record_id,) = plant(sandbox)
    contact = record(sandbox, record_id)["Contact__c"]
    sandbox.org.update("Contact", {contact: {"MobilePhone": "n/a"}})
    site.work_through()
    assert record(sandbox, record_id)["Status__c"] == "Failed"
    sandbox.org.update("Contact", {contact: {"MobilePhone": "600111222"}})
    sandbox.org.update("SMS_Message__c", {record_id: {"Status__c": "Queued"}})
    site.work_until(lambda: statuses(sandbox) == {"Delivered": 1})
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_no_matching_route_is_told_on_the_record(sandbox: Sandbox, url: str, tmp_path: Any) -> None:
    """A mapping whose routes take no such message: the record says which channel and country found none."""
    from tests.sync.site import mapping, site_on

    narrow = tmp_path / "mapping.yaml"
    narrow.write_text(mapping().read_text("utf-8").replace("  - {account: nrs-main}\n", ""), "utf-8")
    (record_id,) = plant(sandbox)
    with site_on(sandbox, url, mappings=[str(narrow)]) as site:
        site.work_through()
    row = record(sandbox, record_id)
    assert row["Status__c"] == "Failed"
    assert "no route of the mapping takes a message by sms to ES" in row["Error__c"]
    assert requests(sandbox, "POST /sms") == 0


def test_an_account_whose_adapter_is_still_to_come_holds_its_messages(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held with that reason, not lost and not failed."""
    monkeypatch.setattr(settings, "KNOWN", settings.KNOWN | {"to-come"})
    (record_id,) = plant(sandbox)
    contact = record(sandbox, record_id)["Contact__c"]
    sandbox.org.update("Contact", {contact: {"MobilePhone": "+60123456789", "MailingCountryCode": "MY"}})
    with site_on(sandbox, url, accounts={"bulk360-my": {"provider": "to-come"}}) as site:
        site.work_through()
    row = record(sandbox, record_id)
    assert row["Status__c"] == "Held"
    assert "bulk360-my" in row["Error__c"]
