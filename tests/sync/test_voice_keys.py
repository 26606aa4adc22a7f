"""A key pressed in a call the whole way: from the record that asked for the call to the activity of the answer."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.cli.single_pass import SinglePass
from connector.model.errors import ExchangeError
from connector.model.messages import Channel, OpenBatch, OpenMessage
from connector.sandbox.server import Sandbox
from connector.sync.poll import ask
from connector.web.hooks import hook_server
from tests.sync.site import NRS, Site, mapping, plant, requests, site_on, statuses

SECRET = "a-secret-of-the-path-0123456789"
CHANNELS = "{SMS: sms, WhatsApp: whatsapp}"
CALLS = "{SMS: sms, WhatsApp: whatsapp, Voice: voice}"
KEYS = "GET /sendings/{id}/reports/keys"
EVENTS = "GET /sendings/{id}/reports/events"


@pytest.fixture
def calls(tmp_path: Path) -> str:
    """A mapping whose records may ask for calls."""
    text = mapping().read_text("utf-8")
    assert CHANNELS in text
    path = tmp_path / "calling.yaml"
    path.write_text(text.replace(CHANNELS, CALLS), "utf-8")
    return str(path)


@pytest.fixture
def calling(sandbox: Sandbox, url: str, calls: str) -> Iterator[Site]:
    """A site whose records may ask for calls, in Spanish."""
    with site_on(sandbox, url, mappings=[calls], accounts={NRS: {"voice_language": "es_ES"}}) as site:
        yield site


@pytest.fixture
def told(sandbox: Sandbox, url: str, calls: str) -> Iterator[Site]:
    """The same, told every event by 360NRS; every call is answered by one key."""
    account = {"voice_language": "es_ES", "hook_secret": SECRET, "public_url": "http://127.0.0.1:1"}
    with site_on(sandbox, url, mappings=[calls], accounts={NRS: account}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        events = f"http://127.0.0.1:{receiver.port}/hooks/{NRS}/{SECRET}/events"
        sandbox.providers.nrs360.configure(
            {"events_url": events, "shares": {"delivered": 1.0}, "habits": {"keys": 1.0}}
        )
        yield site
        sandbox.providers.nrs360.configure({"events_url": None})
        receiver.stop()


def settle_by_events(site: Site, sandbox: Sandbox, calls: int) -> None:
    """Makes the calls, and has the webhook alone tell that all of them ended."""
    plant(sandbox, calls, Channel__c="Voice", Body__c="Pulse una tecla")
    site.sweep()
    site.pull()
    site.dispatch()
    deadline = time.monotonic() + 20
    while site.states() != {"delivered": calls}:
        assert time.monotonic() < deadline, f"no event came: {site.states()}"
        site.note()
        time.sleep(0.02)
    assert requests(sandbox, EVENTS) == requests(sandbox, KEYS) == 0


def look(site: Site) -> None:
    """Half an hour later the providers are asked, and what they tell reaches the CRM."""
    site.later(1800)
    site.poll()
    site.note()
    site.push()


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


def test_keys_are_read_though_events_told_first_how_every_call_ended(told: Site, sandbox: Sandbox) -> None:
    """No event tells of keys: a batch that the webhook has settled is asked for them once more, and then no more."""
    settle_by_events(told, sandbox, 3)
    look(told)
    assert len(replies(sandbox)) == 3
    assert {row["WhoId"] for row in replies(sandbox)} == {row["Id"] for row in sandbox.org.rows("Contact")}
    assert (requests(sandbox, KEYS), requests(sandbox, EVENTS)) == (1, 0)
    look(told)
    assert requests(sandbox, KEYS) == 1
    assert len(replies(sandbox)) == 3


def test_a_single_pass_waits_for_the_last_look_that_is_due_soon(told: Site, sandbox: Sandbox) -> None:
    """The webhook tells how every call ended before anybody asks; the pass still asks for the keys."""
    plant(sandbox, 3, Channel__c="Voice", Body__c="Pulse una tecla")
    assert SinglePass(told.app, told.parts).run(wait=20) == ()
    assert told.states() == {"delivered": 3}
    assert len(replies(sandbox)) == 3
    assert requests(sandbox, KEYS) == 1


def test_a_last_look_that_fails_is_taken_again(told: Site, sandbox: Sandbox) -> None:
    """Until the report was read, the batch is not left alone."""
    settle_by_events(told, sandbox, 2)
    sandbox.faults.add({"target": "nrs360", "operation": KEYS, "kind": "status", "status": 500, "times": 1})
    with pytest.raises(ExchangeError):
        look(told)
    assert replies(sandbox) == []
    look(told)
    assert len(replies(sandbox)) == 2


def test_an_ended_sms_is_not_looked_at_again(told: Site, sandbox: Sandbox) -> None:
    """Of an SMS whose end the webhook told nothing more is asked."""
    plant(sandbox, 2)
    told.pull()
    told.dispatch()
    told.work_until(lambda: told.states() == {"delivered": 2})
    asked = sandbox.ledger.as_json()["requests"]["nrs360"]
    look(told)
    assert sandbox.ledger.as_json()["requests"]["nrs360"] == asked


def sent_batch(site: Site) -> OpenBatch:
    """The one batch there is, as if it was open still."""
    rows = site.messages()
    messages = tuple(OpenMessage(row.id, row.to_number, row.state, row.provider_id, Channel.VOICE) for row in rows)
    return OpenBatch(rows[0].attempt_id, site.clock(), rows[0].provider_batch, messages)
