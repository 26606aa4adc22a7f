"""News of what was sent: early, late, twice, out of order, or of nobody we know; and what people answer."""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from connector.model.errors import ExchangeError, MayHaveLeft
from connector.model.failures import Failure
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import attempts, inbox
from connector.store.inbox import INBOX
from connector.sync.poll import poll_replies, poll_statuses
from connector.sync.reconcile import reconcile
from connector.web.hooks import hook_server
from tests.store.making import events, rows
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant, received, record, requests, site_on, statuses

SECRET = "a-secret-of-the-path-0123456789"


def tell(site: Site, *news: News, account: str = NRS) -> int:
    """Stores news as a webhook or a poll would."""
    with site.parts.database.begin() as connection:
        return inbox.keep(connection, account, site.parts.providers[account].name, news, site.clock())


def status(site: Site, state: State | None, key: str, word: str = "", **more: Any) -> News:
    """A status of the one message there is, named by the provider's id."""
    said: dict[str, Any] = {"provider_id": site.message().provider_id, "word": word or str(state)}
    return News(NewsKind.STATUS, key, site.clock(), state, **said | more)


def accepted(site: Site, sandbox: Sandbox, country: str = "ES") -> str:
    """One message, sent and accepted, its news held back; gives its record's id."""
    sandbox.faults.add({"target": "*", "operation": "statuses", "kind": "late", "seconds": 3600})
    (record_id,) = plant(sandbox, 1, country)
    site.sweep()
    site.pull()
    site.dispatch(SMSCLOUDS if country == "MX" else NRS)
    return record_id


# -- statuses


def test_only_a_word_that_no_guide_lists_is_logged_as_unknown(site: Site, sandbox: Sandbox) -> None:
    """A mail that was opened moves nothing, as does a word that nobody knows: both are kept, one is told."""
    accepted(site, sandbox)
    tell(site, *(status(site, None, word, word) for word in ("Opened", "clicked", "soft_bounced", "read", "hodor")))
    with capture_logs() as logs:
        site.note()
    assert [line["word"] for line in logs if line["event"] == "status_word_unknown"] == ["hodor"]
    assert site.states() == {"accepted": 1}
    assert {row.standing for row in rows(site.parts.database, INBOX)} == {"matched"}


@pytest.fixture
def hooked(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site whose receiver listens, and which 360NRS tells every event."""
    hook = {"hook_secret": SECRET, "public_url": "http://127.0.0.1:1"}
    with site_on(sandbox, url, accounts={NRS: hook, SMSCLOUDS: hook}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        address = f"http://127.0.0.1:{receiver.port}/hooks"
        sandbox.providers.nrs360.configure({"events_url": f"{address}/{NRS}/{SECRET}/events"})
        sandbox.providers.smsclouds.configure({"responses_url": f"{address}/{SMSCLOUDS}/{SECRET}/responses"})
        yield site
        sandbox.providers.nrs360.configure({"events_url": None})
        sandbox.providers.smsclouds.configure({"responses_url": None})
        receiver.stop()


def test_a_status_pushed_before_the_answer_is_matched_when_the_answer_names_it(hooked: Site, sandbox: Sandbox) -> None:
    """The event arrives while our request still waits for its answer: it is parked, then moves its message."""
    plant(sandbox)
    sandbox.faults.add({"target": "nrs360", "operation": "statuses", "kind": "early"})
    hooked.pull()
    hooked.dispatch()
    (early, *_) = rows(hooked.parts.database, INBOX)
    assert early.received_at < hooked.message().state_at, "it came before the answer was noted"
    deadline = time.monotonic() + 20
    while hooked.states() != {"delivered": 1}:
        assert time.monotonic() < deadline, hooked.states()
        hooked.note()
        time.sleep(0.02)
    assert [row.message_id for row in rows(hooked.parts.database, INBOX)] == [hooked.message().id] * 2


def test_news_noted_before_its_message_is_known_waits_for_it(site: Site, sandbox: Sandbox) -> None:
    """Noted too early, a status is parked, looked at again, and moves the message once it can be named."""
    accepted(site, sandbox)
    theirs = site.message().provider_id
    tell(site, News(NewsKind.STATUS, "k1", site.clock(), State.DELIVERED, "delivered", provider_id="NOT-YET-KNOWN"))
    assert site.note().parked == 1
    from connector.store import outbox

    with site.parts.database.begin() as connection:
        outbox.learn_ids(connection, [(site.message().id, "NOT-YET-KNOWN")])
    assert site.note().seen == 0, "not before its time"
    site.later(6)
    assert site.note().moved == 1
    assert site.message().state == State.DELIVERED
    assert theirs != "NOT-YET-KNOWN"


def test_parked_news_is_heard_as_soon_as_the_answer_names_its_message(site: Site, sandbox: Sandbox) -> None:
    """A reply that came before its message's id was known waits no longer than for the news that tells the id."""
    accepted(site, sandbox, "MX")
    message = site.message()
    reply = News(NewsKind.REPLY, "r1", site.clock(), provider_id="4711", text="hola")
    tell(site, reply, account=SMSCLOUDS)
    assert site.note().parked == 1
    assert site.note().seen == 0, "its time has not come"
    shown = {"provider_id": "4711", "message_id": message.id}
    tell(site, status(site, State.SENT, "k1", **shown), account=SMSCLOUDS)
    assert site.note().moved == 1
    assert site.note().replies == 1


def test_news_of_nobody_is_kept_and_shown_in_the_end(site: Site, sandbox: Sandbox) -> None:
    """A status that never finds its message is looked for for two days, then shown as unmatched, never dropped."""
    accepted(site, sandbox)
    tell(site, News(NewsKind.STATUS, "k1", site.clock(), State.DELIVERED, "delivered", provider_id="SOMEBODY-ELSES"))
    for _ in range(8):
        site.note()
        site.later(24 * 3600 + 1)
    (row,) = rows(site.parts.database, INBOX)
    assert (row.standing, row.word) == ("unmatched", "delivered")


def test_a_status_told_twice_moves_once(site: Site, sandbox: Sandbox) -> None:
    """The same news again is no news: one row, one move, one write to the CRM."""
    accepted(site, sandbox)
    news = status(site, State.DELIVERED, "k1")
    assert tell(site, news, news) == 1
    assert tell(site, news) == 0
    assert site.note().moved == 1
    assert tell(site, news) == 0
    assert site.note().seen == 0


def test_a_late_sent_does_not_undo_delivered(site: Site, sandbox: Sandbox) -> None:
    """Out of order: the earlier status is a recorded no-op, and the record stays delivered."""
    record_id = accepted(site, sandbox)
    tell(site, status(site, State.DELIVERED, "k2"))
    site.note()
    tell(site, status(site, State.SENT, "k1"))
    assert site.note().moved == 0
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"
    assert events(site.parts.database, site.message().id)[-1] == ("delivered", "sent", False)


def test_a_final_word_is_final(site: Site, sandbox: Sandbox) -> None:
    """360NRS's guide does not say that a later final status wins: the second one changes nothing, and is on record."""
    accepted(site, sandbox)
    tell(site, status(site, State.UNDELIVERED, "k1"), status(site, State.DELIVERED, "k2"))
    site.note()
    assert site.message().state == State.UNDELIVERED


def test_an_unknown_word_is_kept_and_moves_nothing(site: Site, sandbox: Sandbox) -> None:
    """A word no table has: the row stays, matched with its message, whose state stays."""
    accepted(site, sandbox)
    tell(site, status(site, None, "k1", word="teleported"))
    site.note()
    assert site.message().state == State.ACCEPTED
    (row,) = rows(site.parts.database, INBOX)
    assert (row.word, row.standing, row.message_id) == ("teleported", "matched", site.message().id)


def test_a_failed_delivery_reaches_the_record_with_its_reason(site: Site, sandbox: Sandbox) -> None:
    """What the provider says of a failure is what the record says, code first."""
    record_id = accepted(site, sandbox)
    tell(site, status(site, State.UNDELIVERED, "k1", failure=Failure("42", "the phone was off for two days")))
    site.note()
    site.push()
    row = record(sandbox, record_id)
    assert (row["Status__c"], row["Error__c"]) == ("Failed", "42: the phone was off for two days")


@pytest.mark.parametrize("kind_of_trouble", ["twice", "reorder", "late"])
def test_disturbed_pushes_end_where_the_provider_says(hooked: Site, sandbox: Sandbox, kind_of_trouble: str) -> None:
    """Events pushed twice, late or out of order: every message ends as delivered, and each record is told so."""
    plant(sandbox, 10)
    sandbox.faults.add({"target": "nrs360", "operation": "statuses", "kind": kind_of_trouble, "seconds": 0.2})
    hooked.work_until(lambda: hooked.states() == {"delivered": 10} and not hooked.owed())
    assert statuses(sandbox) == {"Delivered": 10}


# -- replies and stops


def reply(text: str, key: str = "r1", **named: Any) -> News:
    """A reply."""
    return News(NewsKind.REPLY, key, word="", text=text, **named)


def tasks(sandbox: Sandbox, subject: str = "SMS reply") -> list[dict[str, Any]]:
    """Activities of one subject."""
    return [row for row in sandbox.org.rows("Task") if row["Subject"] == subject]


def test_a_reply_that_names_its_message_becomes_one_activity(site: Site, sandbox: Sandbox) -> None:
    """The reply's text is filed under the person of its message, once, however often it is told."""
    record_id = accepted(site, sandbox)
    message = site.message()
    said = reply("Sí, gracias", message_id=message.id, phone=message.to_number)
    tell(site, said)
    site.note()
    site.push()
    tell(site, said)
    site.note()
    site.push()
    (task,) = tasks(sandbox)
    assert task["Description"] == "Sí, gracias"
    assert task["WhoId"] == record(sandbox, record_id)["Contact__c"]


def test_a_reply_by_number_finds_the_newest_message_and_its_person(site: Site, sandbox: Sandbox) -> None:
    """Without an id it answers the newest message its account sent to that number."""
    record_id = accepted(site, sandbox)
    tell(site, reply("Ok", phone=number_of(1)))
    site.note()
    site.push()
    (task,) = tasks(sandbox)
    assert task["WhoId"] == record(sandbox, record_id)["Contact__c"]


def test_a_reply_of_somebody_we_never_wrote_to_is_filed_under_the_number(site: Site, sandbox: Sandbox) -> None:
    """The phone index knows who holds the number; the reply waits a moment for a message, then is filed."""
    (lead,) = sandbox.org.insert("Lead", [{"LastName": "Sosa", "Company": "Casa", "MobilePhone": "+34 611 22 33 44"}])
    site.sweep()
    tell(site, reply("¿Quién es?", phone="+34611223344"))
    assert site.note().replies == 0
    site.later(6)
    assert site.note().replies == 1
    site.push()
    (task,) = tasks(sandbox)
    assert (task["WhoId"], task["Description"]) == (lead, "¿Quién es?")


@pytest.mark.parametrize("words", ["STOP", "Baja.", "¡Alto!", "berhenti", "Parar"])
def test_stop_reaches_every_record_that_holds_the_number_and_holds_what_comes_later(
    site: Site, sandbox: Sandbox, words: str
) -> None:
    """A stop in any of the countries' languages opts every holder out, and the next message is held with the reason."""
    accepted(site, sandbox)
    same = sandbox.org.insert(
        "Contact", [{"LastName": "Twin", "Phone": number_of(1).replace("+34", "0034 "), "MailingCountryCode": "ES"}]
    )
    site.sweep()
    tell(site, reply(words, phone=number_of(1)))
    assert site.note().opt_outs == 1
    site.push()
    holders = [row for row in sandbox.org.rows("Contact") if row["SMS_Opt_Out__c"]]
    assert {row["LastName"] for row in holders} == {"Ruiz 1", "Twin"}
    assert same[0] in {row["Id"] for row in holders}
    (later,) = sandbox.org.insert(
        "SMS_Message__c", [{"Status__c": "Queued", "Body__c": "Hola otra vez #000099", "Contact__c": same[0]}]
    )
    sandbox.org.update("Contact", {same[0]: {"SMS_Opt_Out__c": False, "MobilePhone": number_of(1)}})
    site.pull()
    site.dispatch()
    site.push()
    row = record(sandbox, later)
    assert row["Status__c"] == "Held"
    assert "asked for no messages" in row["Error__c"]
    assert sandbox.ledger.received(99) == 0


def test_words_that_only_mention_stop_opt_nobody_out(site: Site, sandbox: Sandbox) -> None:
    """ "Please don't stop" is a reply like any other."""
    accepted(site, sandbox)
    tell(site, reply("Please don't stop", phone=number_of(1)))
    assert site.note().opt_outs == 0


def test_a_providers_opt_out_for_a_message_we_do_not_know_is_heard(site: Site, sandbox: Sandbox) -> None:
    """An unsubscribe that names no message of ours still stops every holder of the number."""
    accepted(site, sandbox)
    tell(
        site,
        News(
            NewsKind.STATUS,
            "k1",
            site.clock(),
            None,
            "unsubscribed",
            provider_id="OF-ANOTHER-SYSTEM",
            phone=number_of(1),
            opted_out=True,
        ),
    )
    site.note()
    site.later(6)
    assert site.note().opt_outs == 1
    site.push()
    (contact,) = sandbox.org.rows("Contact")
    assert contact["SMS_Opt_Out__c"] is True
    assert tasks(sandbox) == [], "it holds no words of theirs"


def test_replies_polled_and_pushed_are_one(hooked: Site, sandbox: Sandbox) -> None:
    """Smsclouds pushes a reply and lists it too: one activity a reply."""
    sandbox.providers.smsclouds.configure({"shares": {"replies": 1.0}})
    plant(sandbox, 6, "MX")
    hooked.sweep()
    hooked.work_until(lambda: hooked.states() == {"sent": 6} and sandbox.ledger.as_json()["replies_acknowledged"] >= 6)
    hooked.replies()
    hooked.work_until(lambda: len(tasks(sandbox)) >= 6 and not hooked.owed())
    hooked.replies()
    hooked.work()
    assert len(tasks(sandbox)) == sandbox.ledger.as_json()["replies"] == 6
    assert {row["WhoId"] for row in tasks(sandbox)} == {row["Id"] for row in sandbox.org.rows("Contact")}


def test_replies_are_asked_for_with_an_overlap(site: Site, sandbox: Sandbox) -> None:
    """The second look begins before the first one's end, for a reply may be filed under an earlier time."""
    looks: list[tuple[datetime, datetime]] = []
    adapter = site.parts.providers[SMSCLOUDS]

    class Asked:
        """Notes what is asked for."""

        settings, capability, name, account = adapter.settings, adapter.capability, adapter.name, adapter.account

        def replies(self, since: datetime, until: datetime) -> Any:
            looks.append((since, until))
            return adapter.replies(since, until)

    site.with_parts(providers={SMSCLOUDS: Asked()})
    poll_replies(site.parts, SMSCLOUDS)
    site.later(60)
    poll_replies(site.parts, SMSCLOUDS)
    (first, second) = looks
    assert second[0] == first[1] - timedelta(minutes=10)


# -- polls and listings


def test_a_poll_that_breaks_off_keeps_what_it_was_told(site: Site, sandbox: Sandbox) -> None:
    """News that came before the line fell is stored; the rest is asked for again."""
    plant(sandbox, 4)
    site.pull()
    site.dispatch()
    real = site.parts.line
    messages = list(site.messages())

    class BreakingOff:
        """Tells of half of the messages, then loses the line."""

        def __init__(self, account: str) -> None:
            self._line = real(account)

        def converse(self, _: Any) -> Iterator[list[News]]:
            yield [
                News(NewsKind.STATUS, f"k{row.id}", None, State.DELIVERED, "delivered", provider_id=row.provider_id)
                for row in messages[:2]
            ]
            raise MayHaveLeft("the report broke off")

    site.with_parts(line=BreakingOff)
    site.later(1)
    with pytest.raises(ExchangeError):
        poll_statuses(site.parts, NRS)
    site.with_parts(line=real)
    site.note()
    assert site.states() == {"accepted": 2, "delivered": 2}
    site.later(5)
    site.work_until(lambda: site.states() == {"delivered": 4})


def test_one_batch_in_trouble_keeps_no_other_waiting(sandbox: Sandbox, url: str) -> None:
    """A batch that cannot be asked about does not starve those behind it: 30 batches, one always broken."""
    plant(sandbox, 30)
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 8}}) as site:
        site.pull()
        site.dispatch()
        broken = site.messages()[0].provider_id
        real = site.parts.line

        class Broken:
            """Loses the line whenever it is asked about one message."""

            def __init__(self, account: str) -> None:
                self._line = real(account)

            def ask(self, request: Any) -> Any:
                return self._line.ask(request)

            def converse(self, conversation: Any) -> Iterator[list[News]]:
                line = self._line

                class Asking(type(line)):  # type: ignore[misc]  # the real line's class, one method apart
                    def ask(self, request: Any) -> Any:
                        if broken in request.path:
                            raise MayHaveLeft("the line fell")
                        return line.ask(request)

                asking = object.__new__(Asking)
                return asking.converse(conversation)  # type: ignore[no-any-return]

        site.with_parts(line=Broken)
        deadline = time.monotonic() + 20
        while site.states() != {"accepted": 1, "delivered": 29}:
            assert time.monotonic() < deadline, site.states()
            site.later(1)
            with contextlib.suppress(ExchangeError):
                poll_statuses(site.parts, NRS)
            site.note()


def test_a_lost_batch_is_found_by_its_campaigns_name(site: Site, sandbox: Sandbox) -> None:
    """360NRS acted and the answer was lost: its listing shows our reference, and the messages go on to their end."""
    plant(sandbox, 5)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
    site.pull()
    site.dispatch()
    assert site.states() == {"unknown": 5}
    site.work_until(lambda: site.states() == {"delivered": 5})
    assert requests(sandbox, "GET /campaigns") >= 1
    assert received(sandbox) == {"received": 5, "distinct": 5, "duplicates": 0}
    site.push()
    assert statuses(sandbox) == {"Delivered": 5}


def test_absence_from_a_listing_proves_nothing(site: Site, sandbox: Sandbox) -> None:
    """A batch the listing does not show stays unknown however often it is looked up, and is never sent again."""
    plant(sandbox, 2)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_before", "times": 1})
    site.pull()
    site.dispatch()
    for _ in range(4):
        site.later(3600)
        assert reconcile(site.parts, NRS) == 0
        site.work()
    assert site.states() == {"unknown": 2}
    assert requests(sandbox, "POST /sms") == 1


def test_a_provider_without_a_listing_is_not_asked(site: Site, sandbox: Sandbox) -> None:
    """Smsclouds lists nothing: a lost answer there stays unknown until news or a person settles it."""
    plant(sandbox, 1, "MX")
    sandbox.faults.add({"target": "smsclouds", "operation": "POST /api/v3/campaign", "kind": "drop_after", "times": 1})
    site.pull()
    site.dispatch(SMSCLOUDS)
    assert reconcile(site.parts, SMSCLOUDS) == 0
    assert site.states() == {"unknown": 1}


def test_a_status_settles_an_unknown_message(site: Site, sandbox: Sandbox) -> None:
    """News that names our message by our own key ends the doubt, and its record says so."""
    (record_id,) = plant(sandbox)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
    site.pull()
    site.dispatch()
    message = site.message()
    tell(site, News(NewsKind.STATUS, "k1", site.clock(), State.DELIVERED, "delivered", message_id=message.id))
    site.note()
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"


def test_batches_are_asked_about_ever_more_seldom(site: Site, sandbox: Sandbox) -> None:
    """The pause between two looks grows with the batch's age, and ends at `final_after`."""
    accepted(site, sandbox)
    asked: list[float] = []
    for _ in range(6):
        poll_statuses(site.parts, NRS)
        with site.parts.database.read() as connection:
            (row,) = connection.execute(attempts.ATTEMPT.select()).all()
        asked.append((row.poll_at - site.clock()).total_seconds())
        site.later(asked[-1] + 1)
    assert asked == sorted(asked)
    site.later(80 * 3600)
    poll_statuses(site.parts, NRS)
    with site.parts.database.read() as connection:
        (row,) = connection.execute(attempts.ATTEMPT.select()).all()
    assert row.poll_at - site.clock() > timedelta(days=300)


def test_a_webhook_is_stored_before_it_is_answered(hooked: Site, sandbox: Sandbox) -> None:
    """200 means that the news is in the store, and the same event again is 200 and no second row."""
    hooks = hook_server(hooked.app)
    hooks.start()
    url = f"http://127.0.0.1:{hooks.port}/hooks/{NRS}/{SECRET}/events"
    form = {
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
        codes = [client.post(url, data=form).status_code for _ in range(2)]
    hooks.stop()
    assert codes == [200, 200]
    assert len(rows(hooked.parts.database, INBOX)) == 1
