"""An SMSC that answers after its time: the message is in doubt until then, settled by what is said, and sent once."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.providers.smpp.pdus import PDU, written
from connector.sandbox.server import Sandbox
from tests.providers.test_smpp_session import Link, answered, but, takes_all
from tests.sync import site as sites
from tests.sync.site import SMSCLOUDS, Site, number_of, plant, record, settings_for, site_on

RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000"


@pytest.fixture
def smsc() -> Link:
    """An SMSC that does not answer to the first submit_sm."""
    return Link(but(None))


@pytest.fixture
def site(sandbox: Sandbox, smsc: Link, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector whose account for Mexico speaks SMPP with it, and waits for little."""

    def with_smpp(*given: Any, **sections: Any) -> dict[str, Any]:
        usual = settings_for(*given, **sections)
        usual["accounts"][SMSCLOUDS] = {
            "provider": "smsclouds",
            "protocol": "smpp",
            "host": "127.0.0.1",
            "system_id": "conector",
            "password": "secret",
            "tls": False,
            "read_timeout": 0.3,
        }
        return usual

    monkeypatch.setattr(sites, "settings_for", with_smpp)
    monkeypatch.setattr("connector.app.connect", lambda *_: smsc)
    with site_on(sandbox, url) as running:
        yield running


def status(sandbox: Sandbox, one: str) -> str:
    """A record's status in the org."""
    said: str = record(sandbox, one)["Status__c"]
    return said


def left_in_doubt(site: Site, sandbox: Sandbox, smsc: Link, **changes: Any) -> tuple[str, PDU]:
    """A record whose message got no answer in time, and its last submit_sm."""
    (one,) = plant(sandbox, 1, "MX", **changes)
    site.work_until(lambda: status(sandbox, one) == "Unknown")
    return one, smsc.submitted()[-1]


def test_a_late_yes_accepts(site: Site, sandbox: Sandbox, smsc: Link) -> None:
    """The answer that comes after the message became unknown gives it its id, by which its receipt delivers it."""
    one, given = left_in_doubt(site, sandbox, smsc)
    smsc.tell(written("submit_sm_resp", given.header.number, message_id="late"))
    site.work_until(lambda: status(sandbox, one) == "Sent")
    assert (record(sandbox, one)["Provider_Id__c"], site.message().provider_id) == ("late", "late")
    smsc.tell(written("deliver_sm", 50, esm_class=4, source_addr="0", short_message=RECEIPT.format("late").encode()))
    site.work_until(lambda: status(sandbox, one) == "Delivered")
    assert len(smsc.submitted()) == 1


def test_a_late_no_fails(site: Site, sandbox: Sandbox, smsc: Link) -> None:
    """A refusal that comes late says why nothing was sent, and the message is not sent again."""
    one, given = left_in_doubt(site, sandbox, smsc)
    smsc.tell(written("submit_sm_resp", given.header.number, status=0x0B))
    site.work_until(lambda: status(sandbox, one) == "Failed")
    assert record(sandbox, one)["Error__c"].startswith("0x000b")
    site.later(3600)
    site.work()
    assert len(smsc.submitted()) == 1


def test_a_receipt_settles_what_was_never_answered(site: Site, sandbox: Sandbox, smsc: Link) -> None:
    """Without an answer to the end, the receipt to its number delivers the message."""
    one, _ = left_in_doubt(site, sandbox, smsc)
    number = number_of(1, "MX").removeprefix("+")
    receipt = RECEIPT.format("nobody told").encode()
    smsc.tell(written("deliver_sm", 50, esm_class=4, source_addr=number, short_message=receipt))
    site.work_until(lambda: status(sandbox, one) == "Delivered")
    assert (len(smsc.submitted()), answered(smsc)) == (1, {50: 0})


def test_the_last_part_s_late_answer_accepts_the_whole(site: Site, sandbox: Sandbox, smsc: Link) -> None:
    """A long message whose last part was answered late is accepted under all of its ids, and delivered part by part."""
    smsc._answers = but(0, None)
    one, given = left_in_doubt(site, sandbox, smsc, Body__c="Hola, nos vemos. " * 11)
    assert record(sandbox, one)["Provider_Id__c"] in (None, "1+")
    smsc.tell(written("submit_sm_resp", given.header.number, message_id="late"))
    site.work_until(lambda: status(sandbox, one) == "Sent")
    assert record(sandbox, one)["Provider_Id__c"] == "1+late"
    for number, part in enumerate(("late", "1"), 60):
        assert status(sandbox, one) == "Sent"
        receipt = RECEIPT.format(part).encode()
        smsc.tell(written("deliver_sm", number, esm_class=4, source_addr="0", short_message=receipt))
        site.work_until(lambda number=number: number in answered(smsc))  # type: ignore[misc]  # the loop's own number
        site.work()
    site.work_until(lambda: status(sandbox, one) == "Delivered")
    assert len(smsc.submitted()) == 2


def test_the_next_message_is_not_the_late_one(site: Site, sandbox: Sandbox, smsc: Link) -> None:
    """While one answer is late others are sent and answered, and each record has its own id."""
    one, given = left_in_doubt(site, sandbox, smsc)
    smsc._answers = takes_all
    (two,) = plant(sandbox, 1, "MX", first=2)
    site.work_until(lambda: status(sandbox, two) == "Sent")
    smsc.tell(written("submit_sm_resp", given.header.number, message_id="late"))
    site.work_until(lambda: status(sandbox, one) == "Sent")
    assert [record(sandbox, each)["Provider_Id__c"] for each in (one, two)] == ["late", "2"]
    assert len(smsc.submitted()) == 2
