"""A text into a WhatsApp conversation the whole way: after its person wrote it arrives, before it is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.server import Sandbox
from tests.sync.site import NRS, Site, mapping, plant, received, record, requests, site_on

TEMPLATE = 'whatsapp: {template: 123, body: ["{Contact__r.FirstName}"]}'
EITHER = "whatsapp: {template: 123, conversation: \"{Body__c.startsWith('Re')}\"}"
SENDER = "34666777555"
TEXT = "POST /whatsapp/conversations/{sender}/{recipient}/messages"


@pytest.fixture
def chatting(sandbox: Sandbox, url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that sends a template, or, where the text says so, the text itself."""
    text = mapping().read_text("utf-8")
    assert TEMPLATE in text
    path = tmp_path / "chatting.yaml"
    path.write_text(text.replace(TEMPLATE, EITHER), "utf-8")
    with site_on(sandbox, url, mappings=[str(path)], accounts={NRS: {"whatsapp_sender": SENDER}}) as site:
        yield site


def queue(sandbox: Sandbox, contact: str, text: str) -> str:
    """One more message on WhatsApp to a person who has one; gives its id."""
    asked = {"Status__c": "Queued", "Body__c": text, "Contact__c": contact, "Channel__c": "WhatsApp"}
    (made,) = sandbox.org.insert("SMS_Message__c", [asked])
    return made


def test_a_text_follows_what_its_person_wrote(chatting: Site, sandbox: Sandbox) -> None:
    """The template is answered, and the text goes into that conversation."""
    sandbox.providers.nrs360.configure({"shares": {"delivered": 1.0}, "habits": {"replies": 1.0}})
    (first,) = plant(sandbox, Channel__c="WhatsApp")
    chatting.work_through()
    chatting.work_until(lambda: chatting.replies() or sandbox.org.rows("Task"))
    text = queue(sandbox, record(sandbox, first)["Contact__c"], "Re: a las 10")
    chatting.work_until(lambda: record(sandbox, text)["Status__c"] not in ("Queued", "Sending"))
    assert record(sandbox, text)["Status__c"] in ("Sent", "Delivered")
    chatting.work_until(lambda: record(sandbox, text)["Status__c"] == "Delivered")
    assert requests(sandbox, TEXT) == 1
    assert received(sandbox)["received"] == 2


def test_a_text_to_a_person_who_never_wrote_is_refused(chatting: Site, sandbox: Sandbox) -> None:
    """Nothing leaves, and the record says why."""
    (first,) = plant(sandbox, Channel__c="WhatsApp", Body__c="Re: a las 10")
    chatting.work_until(lambda: record(sandbox, first)["Status__c"] == "Failed")
    assert "no conversation with this number" in record(sandbox, first)["Error__c"]
    assert received(sandbox)["received"] == 0


def test_a_text_without_a_session_is_refused(chatting: Site, sandbox: Sandbox) -> None:
    """A template that is not answered opens no session: the record has the provider's reason."""
    sandbox.providers.nrs360.configure({"shares": {"delivered": 1.0}, "habits": {"replies": 0.0}})
    (first,) = plant(sandbox, Channel__c="WhatsApp")
    chatting.work_through()
    text = queue(sandbox, record(sandbox, first)["Contact__c"], "Re: a las 10")
    chatting.work_until(lambda: record(sandbox, text)["Status__c"] == "Failed")
    assert "session" in record(sandbox, text)["Error__c"]
    assert received(sandbox)["received"] == 1
