"""A key pressed in a call the whole way: from the record that asked for the call to the activity of the answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.model.messages import Channel, OpenBatch, OpenMessage
from connector.sandbox.server import Sandbox
from connector.sync.poll import ask
from tests.sync.site import NRS, Site, mapping, plant, requests, site_on, statuses

CHANNELS = "{SMS: sms, WhatsApp: whatsapp}"
CALLS = "{SMS: sms, WhatsApp: whatsapp, Voice: voice}"
KEYS = "GET /sendings/{id}/reports/keys"


@pytest.fixture
def calling(sandbox: Sandbox, url: str, tmp_path: Path) -> Iterator[Site]:
    """A site whose records may ask for calls, in Spanish."""
    text = mapping().read_text("utf-8")
    assert CHANNELS in text
    path = tmp_path / "calling.yaml"
    path.write_text(text.replace(CHANNELS, CALLS), "utf-8")
    with site_on(sandbox, url, mappings=[str(path)], accounts={NRS: {"voice_language": "es_ES"}}) as site:
        yield site


def replies(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The activities of replies in the org."""
    return [row for row in sandbox.org.rows("Task") if row["Subject"] == "SMS reply"]


def test_a_key_pressed_in_a_call_becomes_one_activity(calling: Site, sandbox: Sandbox) -> None:
    """Every call is answered by one key: it stands with its person once, however often the report is read."""
    sandbox.providers.nrs360.configure({"shares": {"delivered": 1.0}, "habits": {"keys": 1.0}})
    plant(sandbox, 3, Channel__c="Voice", Body__c="Buenos días.\nPulse una tecla, por favor")
    calling.work_through()
    calling.work_until(lambda: len(replies(sandbox)) == 3)
    assert statuses(sandbox) == {"Delivered": 3}
    people = {row["Id"] for row in sandbox.org.rows("Contact")}
    assert {row["WhoId"] for row in replies(sandbox)} == people
    assert all(row["Description"].isdecimal() for row in replies(sandbox))


def test_keys_read_again_are_the_same_replies(calling: Site, sandbox: Sandbox) -> None:
    """The report of a sending holds what it held before: what was heard is not heard twice."""
    sandbox.providers.nrs360.configure({"shares": {"delivered": 1.0}, "habits": {"keys": 1.0}})
    plant(sandbox, 2, Channel__c="Voice", Body__c="Pulse una tecla")
    calling.work_until(lambda: len(replies(sandbox)) == 2)
    read = requests(sandbox, KEYS)
    provider = calling.parts.providers[NRS]
    assert ask(calling.parts, NRS, provider.statuses([sent_batch(calling)])) == 0
    assert requests(sandbox, KEYS) == read + 1
    calling.note()
    calling.push()
    assert len(replies(sandbox)) == 2


def sent_batch(site: Site) -> OpenBatch:
    """The one batch there is, as if it was open still."""
    rows = site.messages()
    messages = tuple(OpenMessage(row.id, row.to_number, row.state, row.provider_id, Channel.VOICE) for row in rows)
    return OpenBatch(rows[0].attempt_id, site.clock(), rows[0].provider_batch, messages)
