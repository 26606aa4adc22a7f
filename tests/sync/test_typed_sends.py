"""Sends by hand beside a daemon: one cap for both, one truth in the books, and forgotten with the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from connector import settings
from connector.app import build
from connector.providers.calling import asked_of, call_of
from connector.sandbox.server import Sandbox
from connector.store.caps import SPENDING
from connector.store.typed_sends import TYPED_SEND
from connector.sync import typed_sends
from connector.sync.comparing import Compared, Difference, Kind
from connector.sync.comparing_listings import differences_in_listings
from connector.sync.housekeeping import housekeep
from connector.sync.parts import Parts
from connector.sync.typed_sends import Begun, Typed, TypedMessage
from tests.store.making import rows
from tests.sync.site import NRS, Site, plant, received, settings_for, site_on, waits_for_the_turn_of

FIVE = {"everything": {"messages_an_hour": 5}}
both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@contextmanager
def person_at(sandbox: Sandbox, url: str, **sections: Any) -> Iterator[Parts]:
    """What `connector call` works with: a store of its own, and no lease."""
    app = build(settings.of(settings_for(sandbox, url, **sections)))
    try:
        yield app.parts()
    finally:
        app.close()


def typed(*numbers: str) -> Typed:
    """What a person typed: one text of one part to these numbers."""
    messages = [TypedMessage(str(place), number, None) for place, number in enumerate(numbers)]
    return Typed(NRS, "sms.send", messages, 1, "ana")


def send(site: Site, begun: Begun, number: str, **more: Any) -> None:
    """Makes a send by hand that is begun, and notes what it was called."""
    provider = site.parts.providers[NRS]
    call = call_of(provider, site.parts.line(NRS), "sms.send")
    data = {"to": [number.removeprefix("+")], "from": "TEST", "message": "Hello", **more}
    told = call.of(asked_of(call.operation, data, provider))
    typed_sends.answered(site.parts, begun, str(told.sending_id))


def compare(site: Site) -> list[Difference]:
    """The differences with the provider's listing of the last day."""
    now = site.clock() + timedelta(seconds=5)
    return list(differences_in_listings(site.parts, Compared(now - timedelta(days=1), now, (NRS,))))


@both
def test_two_people_and_a_daemon_cannot_all_take_the_last_of_a_cap(sandbox: Sandbox, url: str) -> None:
    """Two callers, each with a store of its own, and the daemon's dispatch at once: no more than the cap between them,
    and nothing of it is left unused."""
    with (
        site_on(sandbox, url, caps=FIVE) as site,
        person_at(sandbox, url, caps=FIVE) as one,
        person_at(sandbox, url, caps=FIVE) as two,
    ):
        plant(sandbox, 4)
        site.pull()
        begin = threading.Barrier(3, timeout=30)
        begun: list[Any] = []

        def person(caller: Parts) -> None:
            begin.wait()
            begun.extend(typed_sends.begin(caller, typed(f"+3461122334{each}")) for each in range(3))

        def daemon() -> None:
            begin.wait()
            site.dispatch()

        threads = [threading.Thread(target=person, args=(caller,)) for caller in (one, two)]
        threads.append(threading.Thread(target=daemon))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        let_through = [each for each in begun if isinstance(each, Begun)]
        sent = sum(number for state, number in site.states().items() if state != "held")
        assert len(begun) == 6
        assert len(let_through) + sent == 5
        assert sum(row.messages for row in rows(site.parts.database, SPENDING)) == 5
        assert len(rows(site.parts.database, TYPED_SEND)) == len(let_through)


@both
def test_a_person_waits_for_the_daemon_that_is_committing(sandbox: Sandbox, url: str) -> None:
    """From the lease's check to the commit no send by hand reads what is spent; and it takes no lease away."""
    with (
        site_on(sandbox, url, caps=FIVE) as site,
        person_at(sandbox, url, caps=FIVE) as caller,
    ):
        assert waits_for_the_turn_of(site, lambda: typed_sends.begin(caller, typed("+34611223344")))
        with site.parts.database.begin() as connection:
            site.parts.tenure.check(connection, site.clock())


@both
def test_what_is_counted_by_hand_holds_the_daemons_messages(sandbox: Sandbox, url: str) -> None:
    """Two by hand leave one of three to the daemon; a minute after they have aged the rest goes out."""
    with site_on(sandbox, url, caps={"everything": {"messages_an_hour": 3}}) as site:
        assert isinstance(typed_sends.begin(site.parts, typed("+34611223344", "+34611223345")), Begun)
        plant(sandbox, 3)
        site.pull()
        site.dispatch()
        assert site.states() == {"accepted": 1, "held": 2}
    assert received(sandbox)["received"] == 1


def test_a_sending_by_hand_is_known_to_the_comparison(site: Site, sandbox: Sandbox) -> None:
    """Its campaign bears a reference as ours do: a stranger until a typed send has its id, known afterwards."""
    name = "Spring ~01ARZ3NDEKTSV4RRFFQ69G5FAV"
    begun = typed_sends.begin(site.parts, typed("+34611223344"))
    assert isinstance(begun, Begun)
    send(site, begun, "+34611223344", campaignName=name)
    assert compare(site) == []
    with site.parts.database.begin() as connection:
        connection.execute(TYPED_SEND.update().values(provider_batch=None))
    (stranger,) = compare(site)
    assert stranger.kind is Kind.SENDING_UNKNOWN


def test_a_send_by_hand_into_a_campaign_of_ours_is_no_strange_number(site: Site, sandbox: Sandbox) -> None:
    """Our batch's answer was lost, so that its campaign's name finds its sendings; the one by hand is left out."""
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
    plant(sandbox, 1)
    site.pull()
    site.dispatch()
    (message,) = site.messages()
    begun = typed_sends.begin(site.parts, typed("+34611223344"))
    assert isinstance(begun, Begun)
    send(site, begun, "+34611223344", campaignName=f"connector ~{message.attempt_id}")
    assert Kind.NUMBER_UNKNOWN not in {each.kind for each in compare(site)}
    with site.parts.database.begin() as connection:
        connection.execute(TYPED_SEND.update().values(provider_batch=None))
    assert Kind.NUMBER_UNKNOWN in {each.kind for each in compare(site)}


def test_housekeeping_drops_them_with_the_days_that_the_settings_keep(site: Site) -> None:
    """Not before, and with what they spent."""
    typed_sends.begin(site.parts, typed("+34611223344"))
    housekeep(site.parts, 1)
    assert len(rows(site.parts.database, TYPED_SEND)) == 1
    site.later(25 * 3600)
    housekeep(site.parts, 1)
    assert rows(site.parts.database, TYPED_SEND) == []
    assert rows(site.parts.database, SPENDING) == []
