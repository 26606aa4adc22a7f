"""Optimum Measures and 360 SMS App the whole way: from records through the adapters to providers that are not ours, and
back by their webhooks."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.sandbox.server import Sandbox
from connector.web.hooks import hook_server
from tests.sync import site as sites
from tests.sync.site import Site, plant, record, site_on, statuses

SECRET = "a-secret-of-this-test-alone"
ROUTE = """route:
  - {when: "to.country == 'GB'", account: s360}
  - {account: om}
"""


@pytest.fixture
def site(sandbox: Sandbox, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector with both accounts, its receiver known to both providers."""
    sandbox.reset()
    usual = sites.settings_for
    providers = sandbox.providers_url

    def with_both(world: Sandbox, store: str, **sections: Any) -> dict[str, Any]:
        accounts = {
            "om": {
                "provider": "optimum",
                "base_url": f"{providers}/optimum",
                "authentication": "basic",
                "username": "sandbox",
                "password": "sandbox",
                "sender": "OM",
                "caller": "+34600000000",
                "language": "es-ES",
                "hook_secret": SECRET,
            },
            "s360": {
                "provider": "sms360app",
                "base_url": f"{providers}/sms360app",
                "client_ids": ["sandbox"],
                "sender": "+19292968422",
                "hook_secret": SECRET,
            },
        }
        mappings = [str(_mapping(folder, Path(path))) for path in usual(world, store)["mappings"]]
        return {**usual(world, store, **sections), "accounts": accounts, "mappings": mappings}

    monkeypatch.setattr(sites, "settings_for", with_both)
    with site_on(sandbox, url) as running:
        receiver = hook_server(running.app)
        receiver.start()
        address = f"http://127.0.0.1:{receiver.port}/hooks"
        _push_to(providers, f"{address}/om/{SECRET}", f"{address}/s360/{SECRET}")
        yield running
        receiver.stop()


def _push_to(providers: str, om: str, s360: str) -> None:
    told = {
        "optimum": {"sms_url": f"{om}/statuses", "cdr_url": f"{om}/calls"},
        "sms360app": {"incoming_url": f"{s360}/incoming", "delivery_url": f"{s360}/delivery"},
    }
    httpx.post(f"{providers}/sandbox/providers", json=told).raise_for_status()


def _mapping(folder: Path, example: Path) -> Path:
    """The example mapping with routes to the two accounts, and calls beside SMS."""
    text = example.read_text("utf-8")
    text = text[: text.index("route:")] + ROUTE + text[text.index("on_status:") : text.index("tests:")]
    text = re.sub(r"^  whatsapp:.*\n", "", text, flags=re.MULTILINE).replace("WhatsApp: whatsapp", "Voice: voice")
    written = folder / example.name
    written.write_text(text, "utf-8")
    return written


def test_every_message_is_told_of_by_its_provider(site: Site, sandbox: Sandbox) -> None:
    """SMS, calls and 360 SMS App's messages each come to their last word by webhooks, and the CRM is told; calls and
    SMS to the same numbers are not mistaken for each other."""
    plant(sandbox, 20, "ES")
    plant(sandbox, 20, "ES", Channel__c="Voice")
    plant(sandbox, 20, "GB", first=100)
    site.work_through()
    assert set(site.states()) <= {"delivered", "undelivered", "failed"}
    assert Counter((row.account, row.channel) for row in site.messages()) == {
        ("om", "sms"): 20,
        ("om", "voice"): 20,
        ("s360", "sms"): 20,
    }
    assert sum(statuses(sandbox).values()) == 60
    assert set(statuses(sandbox)) <= {"Delivered", "Failed"}
    assert site.alarms() == {}


def test_a_call_s_failure_reaches_the_record(site: Site, sandbox: Sandbox) -> None:
    """What Optimum Measures says of a call that nobody took stands on its record."""
    ids = plant(sandbox, 30, "ES", Channel__c="Voice")
    site.work_through()
    told = {row.record_id: row for row in site.messages() if row.state != "delivered"}
    assert told
    assert set(told) <= set(ids)
    for record_id in told:
        assert re.match(
            r"(Busy|NoAnswer|Failed|[A-Z][A-Za-z ]+): Optimum Measures: ", record(sandbox, record_id)["Error__c"]
        )
