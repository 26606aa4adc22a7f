"""What settles a message of unknown outcome, and what does not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import inbox, outbox
from connector.store.attempts import ATTEMPT
from connector.sync.evidence import watch_balance
from connector.sync.reconcile import identify_parked
from connector.sync.unknown import SENT_AGAIN, Verdict, resolve_by_hand, send_again
from connector.web.hooks import hook_server
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, mapping, plant, received, record, requests, site_on

SECRET = "s" * 24


def lose_answer(sandbox: Sandbox, provider: str, operation: str, *, acted: bool = True) -> None:
    """The next send of a provider is acted on (or not), and its answer is destroyed."""
    kind = "drop_after" if acted else "drop_before"
    sandbox.faults.add({"target": provider, "operation": operation, "kind": kind, "times": 1})


def in_doubt(site: Site, sandbox: Sandbox, *, acted: bool = True) -> str:
    """One 360NRS message of unknown outcome; gives its id."""
    plant(sandbox)
    lose_answer(sandbox, "nrs360", "POST /sms", acted=acted)
    site.pull()
    site.dispatch()
    assert site.states() == {"unknown": 1}
    return str(site.message().id)


def test_a_reply_that_names_the_campaign_settles_the_whole_batch(site: Site, sandbox: Sandbox) -> None:
    """Smsclouds lists nothing, but one reply gives the lost batch its id back, and all its statuses with it."""
    sandbox.providers.smsclouds.configure({"shares": {"failed": 0.0, "retried": 0.0, "replies": 1.0}})
    plant(sandbox, 4, "MX")
    lose_answer(sandbox, "smsclouds", "POST /api/v3/campaign")
    site.pull()
    site.dispatch(SMSCLOUDS)
    assert site.states() == {"unknown": 4}

    def settled() -> bool:
        site.replies()
        return site.states() == {"sent": 4}

    site.work_until(settled)
    assert received(sandbox) == {"received": 4, "distinct": 4, "duplicates": 0}


@contextmanager
def told_by_events(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site whose receiver takes 360NRS's event notifications."""
    with site_on(sandbox, url, accounts={NRS: {"hook_secret": SECRET, "delivery_notifications": False}}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        try:
            events = f"http://127.0.0.1:{receiver.port}/hooks/{NRS}/{SECRET}/events"
            sandbox.providers.nrs360.configure({"events_url": events})
            yield site
        finally:
            sandbox.providers.nrs360.configure({"events_url": None})
            receiver.stop()


def test_an_event_that_names_the_campaign_gives_the_message_its_id_back(sandbox: Sandbox, url: str) -> None:
    """An event after a lost answer has an id we never learned: 360NRS is asked whose it is, and it settles."""
    with told_by_events(sandbox, url) as site:
        in_doubt(site, sandbox)

        deadline = time.monotonic() + 20
        while site.states() != {"delivered": 1}:
            assert time.monotonic() < deadline, "no event settled it"
            site.note()
            identify_parked(site.parts, NRS)
            site.later(10)
        assert site.message().provider_id
        assert requests(sandbox, "GET /campaigns") == 0


@contextmanager
def resending(sandbox: Sandbox, url: str, folder: Path) -> Iterator[Site]:
    """A site whose mapping lets a message of unknown outcome be sent a second time, after half an hour."""
    text = mapping().read_text("utf-8")
    allowing = folder / "sms-outbox.yaml"
    wanted = "on_unknown: {resend_after: 30m, may_send_twice: true}"
    allowing.write_text(text.replace("on_unknown: hold", wanted), "utf-8")
    assert wanted in allowing.read_text("utf-8")
    with site_on(sandbox, url, mappings=[str(allowing)]) as site:
        yield site


def test_a_mapping_that_allows_it_sends_again_and_the_second_send_is_counted_apart(
    sandbox: Sandbox, url: str, tmp_path: Path
) -> None:
    """With `may_send_twice: true` an unknown message is sent again after `resend_after`, not before, and says so."""
    with resending(sandbox, url, tmp_path) as site:
        message_id = in_doubt(site, sandbox, acted=False)
        site.later(25 * 60)
        assert send_again(site.parts) == 0
        site.later(6 * 60)
        assert send_again(site.parts) == 1
        site.work_through()
        assert site.states() == {"delivered": 1}
        with site.parts.database.read() as connection:
            _, events, _ = outbox.history(connection, message_id)
        assert [event.cause for event in events].count(SENT_AGAIN) == 1
        assert requests(sandbox, "POST /sms") == 2


def tell(site: Site, account: str, news: News) -> None:
    """News comes in and is stored, as a receiver beside the daemon stores it."""
    with site.parts.database.begin() as connection:
        inbox.keep(connection, account, site.parts.providers[account].name, [news], site.clock())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_what_the_inbox_says_was_delivered_is_not_sent_again(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """News that came while the daemon was away is noted before anything is sent a second time."""
    with resending(sandbox, url, tmp_path) as site:
        in_doubt(site, sandbox)
        site.later(31 * 60)
        row = site.message()
        told = {"reference": row.attempt_id, "phone": row.to_number, "word": "delivered"}
        tell(site, NRS, News(NewsKind.STATUS, "k", site.clock(), State.DELIVERED, **told))
        sandbox.faults.add({"target": "nrs360", "operation": "GET /campaigns", "kind": "status", "status": 500})
        assert send_again(site.parts) == 0
        site.note()
        assert send_again(site.parts) == 0
        assert site.states() == {"delivered": 1}
        assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_a_status_that_waits_for_its_message_keeps_those_to_its_number(
    sandbox: Sandbox, url: str, tmp_path: Path
) -> None:
    """The id that a lost answer would have given names it: it may be of the message, and is no reason to send it."""
    with resending(sandbox, url, tmp_path) as site:
        in_doubt(site, sandbox, acted=False)
        site.later(31 * 60)
        told = {"provider_id": "never-learned", "phone": site.message().to_number, "word": "delivered"}
        tell(site, NRS, News(NewsKind.STATUS, "k", site.clock(), State.DELIVERED, **told))
        assert site.note().parked == 1
        assert send_again(site.parts) == 0
        assert site.states() == {"unknown": 1}


def test_the_provider_is_asked_before_anything_is_sent_again(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """A daemon that comes back has asked nobody: the listing shows the message, and it is left where it is."""
    with resending(sandbox, url, tmp_path) as site:
        in_doubt(site, sandbox)
        site.later(31 * 60)
        assert send_again(site.parts) == 0
        assert requests(sandbox, "GET /campaigns") == 1
        site.note()
        assert send_again(site.parts) == 0
        assert set(site.states()) <= {"accepted", "sent", "delivered"}
        assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_a_batch_whose_id_a_reply_gave_is_asked_for_before_it_is_sent_again(
    sandbox: Sandbox, url: str, tmp_path: Path
) -> None:
    """Smsclouds lists nothing, but of a campaign whose id is known it can be asked."""
    with resending(sandbox, url, tmp_path) as site:
        sandbox.providers.smsclouds.configure({"shares": {"failed": 0.0, "retried": 0.0, "replies": 1.0}})
        plant(sandbox, 1, "MX")
        lose_answer(sandbox, "smsclouds", "POST /api/v3/campaign")
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.states() == {"unknown": 1}

        def is_known() -> bool:
            site.replies()
            site.note()
            return bool(rows(site.parts.database, ATTEMPT)[0].provider_batch)

        deadline = time.monotonic() + 20
        while not is_known():
            assert time.monotonic() < deadline, "no reply gave the id"
            site.later(10)
        site.later(31 * 60)
        assert send_again(site.parts) == 0
        site.note()
        assert site.states() == {"sent": 1}


def test_a_provider_that_cannot_be_asked_does_not_keep_it_for_ever(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """It was tried: the mapping has said what comes before all else."""
    with resending(sandbox, url, tmp_path) as site:
        in_doubt(site, sandbox, acted=False)
        site.later(31 * 60)
        sandbox.faults.add({"target": "nrs360", "operation": "GET /campaigns", "kind": "status", "status": 500})
        assert send_again(site.parts) == 1


def test_what_was_not_asked_about_this_time_waits_for_the_next(
    sandbox: Sandbox, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many batches are asked about at once, and no others are sent again."""
    monkeypatch.setattr("connector.sync.unknown._ASKED_AT_ONCE", 2)
    with resending(sandbox, url, tmp_path) as site:
        for serial in range(1, 4):
            plant(sandbox, 1, first=serial)
            lose_answer(sandbox, "nrs360", "POST /sms", acted=False)
            site.pull()
            site.dispatch()
        assert site.states() == {"unknown": 3}
        site.later(31 * 60)
        assert [send_again(site.parts) for _ in range(3)] == [2, 1, 0]
        assert requests(sandbox, "GET /campaigns") == 3


def test_without_that_word_nothing_is_sent_again_however_long_it_lasts(site: Site, sandbox: Sandbox) -> None:
    """`on_unknown: hold` holds for good."""
    in_doubt(site, sandbox, acted=False)
    site.later(30 * 24 * 3600)
    assert send_again(site.parts) == 0
    site.work()
    assert site.states() == {"unknown": 1}
    assert requests(sandbox, "POST /sms") == 1


@pytest.mark.parametrize(
    ("verdict", "state", "status"),
    [
        (Verdict.DELIVERED, State.DELIVERED, "Delivered"),
        (Verdict.SENT, State.SENT, None),
        (Verdict.FAILED, State.FAILED, "Failed"),
    ],
)
def test_a_persons_word_settles_it_and_reaches_the_record(
    site: Site, sandbox: Sandbox, verdict: Verdict, state: State, status: str | None
) -> None:
    """What somebody found out in the provider's dashboard moves the message and is written to its record."""
    message_id = in_doubt(site, sandbox, acted=False)
    assert resolve_by_hand(site.parts, message_id, verdict, "seen in the dashboard")
    assert site.message().state == state
    site.push()
    (row,) = sandbox.org.rows("SMS_Message__c")
    assert status in (None, record(sandbox, row["Id"])["Status__c"])
    assert not resolve_by_hand(site.parts, message_id, verdict, "again")


def test_never_left_sends_it_again_once(site: Site, sandbox: Sandbox) -> None:
    """A person who vouches that nobody received it has it sent, and sent once."""
    message_id = in_doubt(site, sandbox, acted=False)
    assert resolve_by_hand(site.parts, message_id, Verdict.NEVER_LEFT, "the provider's support says so")
    site.work_through()
    assert site.states() == {"delivered": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_the_balance_after_a_lost_answer_is_kept_as_evidence(site: Site, sandbox: Sandbox) -> None:
    """The attempt of a lost answer keeps what the account had left right after it."""
    in_doubt(site, sandbox)
    (attempt,) = rows(site.parts.database, ATTEMPT)
    assert attempt.evidence["balance_after"]["amount"] > 0


def test_the_balance_before_a_lost_answer_stands_beside_the_one_after(site: Site, sandbox: Sandbox) -> None:
    """What the account had left when it was last looked at, before the request, and right after it: both, with when."""
    sandbox.providers.nrs360.configure({"balance": 73.5})
    assert watch_balance(site.parts, NRS) == 73.5
    asked_at = site.clock()
    site.later(5)
    sandbox.providers.nrs360.configure({"balance": 41.25})
    in_doubt(site, sandbox, acted=False)
    (attempt,) = rows(site.parts.database, ATTEMPT)
    before, after = attempt.evidence["balance_before"], attempt.evidence["balance_after"]
    assert (before["amount"], after["amount"]) == (73.5, 41.25)
    assert datetime.fromisoformat(before["at"]) <= asked_at < attempt.started_at
    assert attempt.started_at < datetime.fromisoformat(after["at"])


def test_the_evidence_has_only_what_the_provider_told(site: Site, sandbox: Sandbox) -> None:
    """No balance was looked at before, and none can be after: no figure is made up, and a later one is not put in."""
    sandbox.faults.add({"target": "nrs360", "operation": "GET /account", "kind": "status", "status": 500})
    in_doubt(site, sandbox)
    sandbox.faults.reset()
    watch_balance(site.parts, NRS)
    (attempt,) = rows(site.parts.database, ATTEMPT)
    assert requests(sandbox, "GET /account") > 0
    assert not attempt.evidence


def test_a_mapping_that_is_gone_is_told_of_when_news_of_its_messages_comes(site: Site, sandbox: Sandbox) -> None:
    """News of a message whose mapping is loaded no more moves the message and sounds an alarm: nothing is swallowed."""
    plant(sandbox)
    site.pull()
    site.dispatch()
    site.with_parts(mappings={})
    site.work_until(lambda: site.states() == {"delivered": 1})
    assert "Put its file back" in site.alarms()["mapping sms-outbox"]
