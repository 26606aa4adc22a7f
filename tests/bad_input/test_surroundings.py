"""What goes wrong around the messages: files, credentials, the disk, providers, webhooks. Told, and nothing lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event

from connector import settings
from connector.app import build
from connector.model.errors import MappingError, SessionLost, StoreError
from connector.sandbox.server import Sandbox
from connector.store.inbox import INBOX
from connector.web.hooks import hook_server
from tests.store.making import rows
from tests.sync.site import (
    NRS,
    Site,
    mapping,
    plant,
    received,
    record,
    settings_for,
    site_on,
    statuses,
)

SECRET = "a-secret-of-the-path-4711-xyz"


# -- mappings


def test_a_bad_mapping_is_told_with_file_line_and_column(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """All that is wrong in one run, each at its place, before anything is read or sent."""
    (record_id,) = plant(sandbox)
    bad = tmp_path / "bad.yaml"
    text = mapping().read_text("utf-8").replace("  rank:", "  rnak:").replace("{Body__c}", "{Body__c")
    bad.write_text(text, "utf-8")
    app = build(settings.of(settings_for(sandbox, url, mappings=[str(bad)])))
    with pytest.raises(MappingError) as error:
        app.parts()
    app.close()
    told = str(error.value)
    assert "rnak" in told
    assert len(error.value.problems) >= 2
    assert all(problem.file == str(bad) and problem.line for problem in error.value.problems)
    assert record(sandbox, record_id)["Status__c"] == "Queued"


def test_a_field_the_org_does_not_have_is_told_at_its_line(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """A name the org does not know is found at the start, against the org itself."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(mapping().read_text("utf-8").replace("Error__c:", "Eror__c:"), "utf-8")
    app = build(settings.of(settings_for(sandbox, url, mappings=[str(bad)])))
    with pytest.raises(MappingError, match="Eror__c"):
        app.parts()
    app.close()


def test_a_field_that_goes_missing_while_we_run_stops_its_mapping_with_an_alarm(site: Site, sandbox: Sandbox) -> None:
    """The org says INVALID_FIELD: the mapping is stopped and says so; when the field is back it goes on."""
    plant(sandbox)
    body = '[{"message": "No such column \'Priority__c\' on entity SMS_Message__c", "errorCode": "INVALID_FIELD"}]'
    sandbox.faults.add({"target": "org", "operation": "GET /query*", "kind": "status", "status": 400, "body": body})
    site.pull()
    alarm = site.alarms()["mapping sms-outbox"]
    assert "Priority__c" in alarm
    assert "The mapping is stopped until it and the org agree again." in alarm
    sandbox.faults.clear()
    site.work_through()
    assert site.alarms() == {}
    assert statuses(sandbox) == {"Delivered": 1}


# -- credentials


def test_a_wrong_secret_of_the_crm_is_a_sentence(sandbox: Sandbox, url: str) -> None:
    """The login is refused: what the org says, and no secret; the queue stays as it was."""
    (record_id,) = plant(sandbox)
    app = build(settings.of(settings_for(sandbox, url, crm={"client_secret": "not-the-secret"})))
    with pytest.raises(SessionLost) as error:
        app.parts()
    app.close()
    assert "not-the-secret" not in str(error.value)
    assert "client" in str(error.value)
    assert record(sandbox, record_id)["Status__c"] == "Queued"


def test_a_wrong_password_of_a_provider_is_an_alarm(sandbox: Sandbox, url: str) -> None:
    """The account is left alone with a sentence; its messages wait, and go when the password is right."""
    plant(sandbox)
    with site_on(sandbox, url, accounts={NRS: {"api_password": "not-the-password"}}) as site:
        site.pull()
        site.dispatch()
        (alarm,) = site.alarms().values()
        assert "Username or password unknown" in alarm
        assert "not-the-password" not in alarm
    with site_on(sandbox, url, ahead=120) as site:
        site.work_through()
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


# -- the disk


@pytest.fixture
def full(site: Site) -> Iterator[Any]:
    """Fills the disk of the store, and empties it again, by the most pages its file may have."""
    limit = {"pages": 0}

    def hold_to(connection: Connection) -> None:
        pages = limit["pages"] or 1_073_741_823
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    event.listen(site.parts.database.engine, "begin", hold_to)

    def fill(pages: int) -> None:
        limit["pages"] = pages

    yield fill
    event.remove(site.parts.database.engine, "begin", hold_to)


def test_a_full_disk_loses_nothing_and_sends_nothing_twice(site: Site, sandbox: Sandbox, full: Any) -> None:
    """Reading stops with a sentence; when space is back, all goes on by itself, once."""
    plant(sandbox, 200)
    full(1)
    with pytest.raises(StoreError) as error:
        for _ in range(50):
            site.pull()
    assert "The disk is full: free some space; the connector goes on by itself." in str(error.value)
    full(0)
    site.work_through(60)
    assert statuses(sandbox) == {"Delivered": 200}
    assert received(sandbox) == {"received": 200, "distinct": 200, "duplicates": 0}


# -- providers


def test_a_provider_that_answers_html_leaves_doubt_that_its_listing_ends(site: Site, sandbox: Sandbox) -> None:
    """200 with a page of HTML is no answer of the guide: unknown on the record, with what it began with."""
    (record_id,) = plant(sandbox)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "garbage", "times": 1})
    site.pull()
    site.dispatch()
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Unknown"
    reason = site.message().failure_reason
    assert "not JSON" in reason
    site.later(600)
    site.work()
    assert received(sandbox)["received"] == 0, "and it is not sent again"


def test_html_in_a_poll_is_asked_for_again(site: Site, sandbox: Sandbox) -> None:
    """A status question that is answered by a page of HTML costs time, and no status."""
    plant(sandbox)
    site.pull()
    site.dispatch()
    sandbox.faults.add({"target": "nrs360", "operation": "GET *", "kind": "garbage", "times": 1})
    site.later(5)
    with pytest.raises(Exception, match="not JSON"):
        site.poll()
    site.work_until(lambda: statuses(sandbox) == {"Delivered": 1})
    assert received(sandbox)["received"] == 1


# -- webhooks


@pytest.fixture
def address(sandbox: Sandbox, url: str) -> Iterator[tuple[Site, str]]:
    """A site and the address of its receiver."""
    with site_on(sandbox, url, accounts={NRS: {"hook_secret": SECRET}}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        yield site, f"http://127.0.0.1:{receiver.port}/hooks/{NRS}"
        receiver.stop()


def test_a_webhook_with_a_wrong_secret_is_turned_away_and_logged(
    address: tuple[Site, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """404 like any address that is none; a line tells the account and why; nothing is stored, no secret is shown."""
    site, hooks = address
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{hooks}/wrong-secret-tried/events", data={"id": "x", "event": "delivered"})
        nowhere = client.post(f"{hooks.replace(NRS, 'nobody')}/wrong-secret-tried/events", data={"id": "x"})
    assert (answer.status_code, answer.text) == (nowhere.status_code, nowhere.text) == (404, "There is nothing here.")
    logged = "".join(capfd.readouterr())
    assert "no such account or secret" in logged
    assert "wrong-secret-tried" not in logged
    assert rows(site.parts.database, INBOX) == []


def test_a_huge_webhook_is_refused_by_its_size(address: tuple[Site, str], capfd: pytest.CaptureFixture[str]) -> None:
    """413 with the limit, a line in the log, nothing stored; the next webhook is taken."""
    site, hooks = address
    event = {
        "id": "ABC",
        "channel": "sms",
        "contactId": "34600000001",
        "campaignId": "1",
        "campaignName": "",
        "event": "delivered",
        "extra": "{}",
        "eventDate": "2026-11-21T05:00:00+00:00",
    }
    with httpx.Client(trust_env=False) as client:
        huge = client.post(f"{hooks}/{SECRET}/events", content=b"a=" + b"x" * 1_000_000)
        after = client.post(f"{hooks}/{SECRET}/events", data=event)
    assert huge.status_code == 413
    assert "larger than 65536 bytes" in huge.text
    assert after.status_code == 200
    assert "larger than 65536 bytes" in "".join(capfd.readouterr())
    assert len(rows(site.parts.database, INBOX)) == 1
