"""Routes of several accounts over real sockets: what goes on, what never does, nothing sent twice, nothing lost."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import MayHaveLeft
from connector.model.states import State
from connector.providers.base import Batch
from connector.sandbox.server import Sandbox
from connector.store import outbox
from connector.store.outbox import EVENT, Move
from connector.store.routes import Page
from connector.sync import routing
from connector.sync.answers import Answer
from connector.sync.breakers import Standing
from connector.sync.floor import keep_floor
from connector.sync.routing import fail_over, lot
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, plant, received, requests, site_on

OPERATION = {"smsclouds": "POST /api/v3/campaign", "nrs360": "POST /sms"}
WRONG_CREDENTIALS: dict[str, Any] = {
    "kind": "status",
    "status": 401,
    "body": '{"error": {"code": 103, "description": "Username or password unknown"}}',
}
BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def fault(sandbox: Sandbox, target: str = "smsclouds", **rule: Any) -> None:
    """A fault at a provider's send."""
    sandbox.faults.add({"target": target, "operation": OPERATION[target], **rule})


@contextmanager
def away(sandbox: Sandbox, url: str, **options: Any) -> Iterator[Site]:
    """A site whose Smsclouds account leads to a port that nobody listens at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{closed.getsockname()[1]}/smsclouds"
        with site_on(sandbox, url, accounts={SMSCLOUDS: {"base_url": base_url, **options}}) as site:
            yield site


def causes(site: Site) -> list[str]:
    """The causes of all events, oldest first."""
    return [row.cause for row in rows(site.parts.database, EVENT)]


def changes(site: Site) -> list[str]:
    """The causes of the events that gave a message to another account."""
    return [cause for cause in causes(site) if "on to" in cause]


def accounts(site: Site) -> Counter[str]:
    """How many messages stand at each account."""
    return Counter(row.account for row in site.messages())


def open_breaker(site: Site, account: str) -> None:
    """As many failures as it takes."""
    for _ in range(site.parts.providers[account].settings.breaker_failures):
        site.parts.breakers.failed(account, "a test says so")
    assert site.parts.breakers.standing(account) is Standing.OPEN


def test_what_never_left_goes_on_at_once_and_is_sent_once(sandbox: Sandbox, url: str) -> None:
    """A closed port gives the messages to the next account without a wait, with an event each that says so."""
    plant(sandbox, 3, "MX")
    with away(sandbox, url) as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert accounts(site) == {NRS: 3}
        assert {(row.state, row.not_before) for row in site.messages()} == {("claimed", None)}
        assert changes(site) == [f"never_left, on to {NRS}"] * 3
        site.dispatch(NRS)
        site.work_through()
        assert site.states() == {"delivered": 3}
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


@pytest.mark.parametrize(
    ("rule", "goes_to"),
    [
        (WRONG_CREDENTIALS, NRS),
        ({"kind": "status", "status": 429, "seconds": 300}, NRS),
        ({"kind": "status", "status": 429, "seconds": 20}, SMSCLOUDS),
    ],
    ids=["credentials refused", "a long not-now", "a short not-now"],
)
def test_an_account_that_is_out_passes_its_messages_on(
    site: Site, sandbox: Sandbox, rule: dict[str, Any], goes_to: str
) -> None:
    """A refusal by the account's fault and a wait of minutes go on to the next account; a short wait is waited for."""
    plant(sandbox, 2, "MX")
    fault(sandbox, **rule)
    site.pull()
    site.dispatch(SMSCLOUDS)
    assert accounts(site) == {goes_to: 2}
    assert site.states() == {"claimed": 2}
    assert site.dispatch(NRS).accepted == (2 if goes_to == NRS else 0)


def test_the_alarm_of_an_account_says_that_others_take_its_messages(site: Site, sandbox: Sandbox) -> None:
    """Where messages went on, the account's alarm does not leave the impression that all of them wait."""
    plant(sandbox, 1, "MX")
    fault(sandbox, **WRONG_CREDENTIALS)
    site.pull()
    site.dispatch(SMSCLOUDS)
    assert site.alarms()[f"account {SMSCLOUDS}"].endswith("Those whose route names another account go there.")


@pytest.mark.parametrize("kind_of_fault", ["drop_before", "drop_after", "status"])
def test_unknown_never_fails_over(site: Site, sandbox: Sandbox, kind_of_fault: str) -> None:
    """A lost answer stays at its account as unknown, whatever is open or closed; no other account hears of it."""
    plant(sandbox, 2, "MX")
    fault(sandbox, kind=kind_of_fault, times=1)
    site.pull()
    site.dispatch(SMSCLOUDS)
    assert site.states() == {"unknown": 2}
    open_breaker(site, SMSCLOUDS)
    for _ in range(3):
        site.later(600)
        site.pull()
        site.dispatch(SMSCLOUDS)
        site.dispatch(NRS)
    assert (site.states(), accounts(site), changes(site)) == ({"unknown": 2}, {SMSCLOUDS: 2}, [])
    assert requests(sandbox, OPERATION["nrs360"]) == 0
    assert received(sandbox)["received"] == (2 if kind_of_fault == "drop_after" else 0)


def test_no_answer_takes_an_unknown_message_to_another_account(site: Site, sandbox: Sandbox) -> None:
    """Even an answer that says its messages may go elsewhere leaves those that it calls unknown where they are."""
    plant(sandbox, 2, "MX")
    site.pull()
    first, second = site.messages()
    batch = Batch("reference", tuple(outbox.as_message(row) for row in (first, second)))
    moves = (Move(first.id, State.UNKNOWN, "no answer"), Move(second.id, State.CLAIMED, "never_left"))
    route = {row.id: row.accounts for row in (first, second)}
    answer = fail_over(site.parts, SMSCLOUDS, batch, route, Answer("never_left", moves, elsewhere=True))
    assert [move.account for move in answer.moves] == [None, NRS]


def test_a_refusal_of_the_message_itself_does_not_go_shopping(site: Site, sandbox: Sandbox) -> None:
    """A message that one provider refuses for its own sake is rejected, not offered to the next."""
    plant(sandbox, 1, "MX")
    fault(sandbox, kind="status", status=422, body='{"message": "Mensaje no permitido."}')
    site.pull()
    site.dispatch(SMSCLOUDS)
    site.dispatch(NRS)
    assert (site.states(), changes(site)) == ({"rejected": 1}, [])
    assert requests(sandbox, OPERATION["nrs360"]) == 0


def test_two_accounts_that_are_out_do_not_play_ball(site: Site, sandbox: Sandbox) -> None:
    """With both out, a message comes back to the first with a wait; when they are back it is sent once."""
    plant(sandbox, 4, "MX")
    for target in OPERATION:
        fault(sandbox, target, **WRONG_CREDENTIALS)
    site.pull()
    for _ in range(5):
        site.dispatch(SMSCLOUDS)
        site.dispatch(NRS)
    assert requests(sandbox, OPERATION["smsclouds"], "smsclouds") == 1
    assert requests(sandbox, OPERATION["nrs360"]) == 1
    assert accounts(site) == {SMSCLOUDS: 4}
    assert all(row.not_before > site.clock() for row in site.messages())
    sandbox.faults.clear()
    site.later(61)
    site.work_through()
    assert received(sandbox) == {"received": 4, "distinct": 4, "duplicates": 0}


@BOTH_STORES
def test_an_open_breaker_sends_what_waits_by_other_accounts(sandbox: Sandbox, url: str) -> None:
    """Lost answers open the breaker: the messages not yet tried go by the next account, those without one wait."""
    plant(sandbox, 30, "MX")
    fault(sandbox, kind="status", status=500)
    options = {"batch_size": 1, "senders": 1, "breaker_failures": 2}
    with site_on(sandbox, url, accounts={SMSCLOUDS: options}) as site:
        site.pull()
        for _ in range(4):
            site.dispatch(SMSCLOUDS)
        assert site.states() == {"unknown": 2, "claimed": 28}
        assert changes(site) == [f"breaker of {SMSCLOUDS} open, on to {NRS}"] * 28
        assert "HTTP 500" in site.alarms()[f"breaker of {SMSCLOUDS}"]
        assert site.dispatch(NRS).accepted == 28
        assert accounts(site) == {SMSCLOUDS: 2, NRS: 28}
        open_breaker(site, NRS)
        plant(sandbox, 3, "ES", first=100)
        site.pull()
        site.dispatch(NRS)
        assert site.states()["claimed"] == 3, "they have no other account, and wait"
    assert received(sandbox) == {"received": 28, "distinct": 28, "duplicates": 0}


def test_all_that_waits_leaves_however_much_it_is(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one page of waiting messages goes to the other account in one turn."""
    monkeypatch.setattr(routing, "Page", partial(Page, size=7))
    plant(sandbox, 30, "MX")
    site.pull()
    open_breaker(site, SMSCLOUDS)
    site.dispatch(SMSCLOUDS)
    assert accounts(site) == {NRS: 30}


def test_what_is_not_due_yet_is_left_where_it_is(site: Site, sandbox: Sandbox) -> None:
    """An open breaker gives away what is due, and not what waits for its time: the account may be back by then."""
    plant(sandbox, 2, "MX")
    fault(sandbox, kind="status", status=429, seconds=30)
    site.pull()
    site.dispatch(SMSCLOUDS)
    open_breaker(site, SMSCLOUDS)
    site.dispatch(SMSCLOUDS)
    assert accounts(site) == {SMSCLOUDS: 2}
    site.later(31)
    site.dispatch(SMSCLOUDS)
    assert accounts(site) == {NRS: 2}


@pytest.mark.parametrize(("batch_size", "few"), [(20, 10), (4, 4)], ids=["of a large batch", "of a small one"])
def test_a_half_open_breaker_lets_a_few_find_out(sandbox: Sandbox, url: str, batch_size: int, few: int) -> None:
    """After the pause one request with at most ten messages goes; if it fails nothing follows, if it works all do."""
    plant(sandbox, 30)
    fault(sandbox, "nrs360", **WRONG_CREDENTIALS)
    with site_on(sandbox, url, accounts={NRS: {"batch_size": batch_size}}) as site:
        site.pull()
        open_breaker(site, NRS)
        assert site.dispatch().requests == 0
        site.later(61)
        assert site.dispatch().requests == 1
        assert site.states() == {"claimed": 30}
        assert [row.tries for row in site.messages()].count(1) == few
        assert site.dispatch().requests == 0
        sandbox.faults.clear()
        site.later(121)
        assert site.dispatch().accepted == 30
        assert f"breaker of {NRS}" not in site.alarms()
    assert received(sandbox) == {"received": 30, "distinct": 30, "duplicates": 0}


def test_a_short_not_now_is_neither_a_failure_nor_a_success(sandbox: Sandbox, url: str) -> None:
    """A provider that asks for fewer requests is not out; and its asking does not make good a failure before it."""
    plant(sandbox, 6)
    not_now = {"kind": "status", "status": 429, "seconds": 10}
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 1, "breaker_failures": 2}}) as site:
        site.pull()
        ends = ((not_now, "closed"), (not_now, "closed"), (WRONG_CREDENTIALS, "closed"), (not_now, "closed"))
        for rule, standing in (*ends, (WRONG_CREDENTIALS, "open")):
            sandbox.faults.clear()
            fault(sandbox, "nrs360", **rule)
            site.later(11)
            assert site.dispatch().requests == 1
            assert site.parts.breakers.standing(NRS) == standing


@BOTH_STORES
def test_an_account_that_is_only_ever_second_is_found_to_be_back(sandbox: Sandbox, url: str) -> None:
    """With the first account out and the second's pause over, ten of the first's messages find out; the rest follow."""
    plant(sandbox, 25, "MX")
    with site_on(sandbox, url) as site:
        site.pull()
        open_breaker(site, NRS)
        site.later(61)
        open_breaker(site, SMSCLOUDS)
        site.dispatch(SMSCLOUDS)
        assert accounts(site) == {SMSCLOUDS: 15, NRS: 10}
        assert site.dispatch(NRS).accepted == 10
        site.dispatch(SMSCLOUDS)
        assert site.dispatch(NRS).accepted == 15
    assert received(sandbox) == {"received": 25, "distinct": 25, "duplicates": 0}


def recovered(site: Site, sandbox: Sandbox) -> None:
    """The Smsclouds account was out and has just sent one message."""
    open_breaker(site, SMSCLOUDS)
    site.later(61)
    plant(sandbox, 1, "MX", first=1000)
    site.pull()
    assert site.dispatch(SMSCLOUDS).accepted == 1
    assert site.parts.breakers.standing(SMSCLOUDS) is Standing.CLOSED


@BOTH_STORES
def test_a_recovering_account_sends_its_share_by_lot(sandbox: Sandbox, url: str) -> None:
    """A tenth of the messages, those whose lot is lowest, go by the account that is back; the others go on, once."""
    with site_on(sandbox, url) as site:
        recovered(site, sandbox)
        plant(sandbox, 60, "MX")
        site.pull()
        for _ in range(3):
            site.dispatch(SMSCLOUDS)
            site.dispatch(NRS)
        sent = [row for row in site.messages() if row.attempt_id][1:]
        assert len(sent) == 60
        assert all(row.account == (SMSCLOUDS if lot(row.id) < 0.1 else NRS) for row in sent)
        assert len(changes(site)) == accounts(site)[NRS], "each changed accounts once and never back"
        site.later(300)
        plant(sandbox, 10, "MX", first=200)
        site.pull()
        assert site.dispatch(SMSCLOUDS).accepted == 10, "after five minutes all of them are its own again"
    assert received(sandbox) == {"received": 71, "distinct": 71, "duplicates": 0}


def test_a_recovering_account_is_not_given_more_than_its_share_by_another(site: Site, sandbox: Sandbox) -> None:
    """With both accounts on their way back, what is in neither's share goes by the first."""
    recovered(site, sandbox)
    open_breaker(site, NRS)
    site.later(61)
    site.parts.breakers.probe(NRS)
    site.parts.breakers.worked(NRS)
    assert site.parts.breakers.share(NRS) == 0.1
    plant(sandbox, 20, "MX")
    site.pull()
    assert site.dispatch(SMSCLOUDS).accepted == 20
    assert changes(site) == []


def test_a_recovering_account_keeps_what_no_other_can_send(site: Site, sandbox: Sandbox) -> None:
    """Messages whose route names nobody else, or whose others are out, all go by the account that is back."""
    recovered(site, sandbox)
    open_breaker(site, NRS)
    plant(sandbox, 20, "MX")
    site.pull()
    assert site.dispatch(SMSCLOUDS).accepted == 20


@given(st.text(min_size=1), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_message_of_a_small_share_is_in_every_larger_one(message_id: str, one: float, other: float) -> None:
    """A message's lot is always the same and in [0, 1), so a growing share only ever takes messages in."""
    drawn = lot(message_id)
    assert 0.0 <= drawn < 1.0
    assert drawn == lot(message_id)
    small, large = sorted((one, other))
    assert not (drawn < small) or drawn < large


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.8])
def test_lots_are_spread_evenly(share: float) -> None:
    """Of many messages about their share lies below a share."""
    below = sum(lot(f"message {serial}") < share for serial in range(5000))
    assert below / 5000 == pytest.approx(share, abs=0.03)


def test_below_its_floor_an_account_sends_nothing(sandbox: Sandbox, url: str) -> None:
    """With less left than the floor what waits stays, with an alarm; after the top-up it goes once, the alarm over."""
    plant(sandbox, 3)
    sandbox.providers.nrs360.configure({"balance": 4.5})
    with site_on(sandbox, url, accounts={NRS: {"balance_floor": 5.0}}) as site:
        assert keep_floor(site.parts, NRS) is True
        site.pull()
        assert site.dispatch().requests == 0
        assert "4.5 left, less than its balance_floor of 5" in site.alarms()[f"balance of {NRS}"]
        assert keep_floor(site.parts, NRS) is False
        site.later(600)
        assert site.dispatch().requests == 0, "no pause ends it"
        sandbox.providers.nrs360.configure({"balance": 100.0})
        assert keep_floor(site.parts, NRS) is True
        assert site.alarms() == {}
        assert site.dispatch().accepted == 3
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


def test_below_the_floor_others_send(sandbox: Sandbox, url: str) -> None:
    """What another account of the route can send does not wait for the top-up."""
    plant(sandbox, 3, "MX")
    with site_on(sandbox, url, accounts={SMSCLOUDS: {"balance_floor": 1e9}}) as site:
        keep_floor(site.parts, SMSCLOUDS)
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert site.dispatch(NRS).accepted == 3


def test_a_balance_that_cannot_be_asked_for_is_judged_by_the_last_one_known(sandbox: Sandbox, url: str) -> None:
    """After a restart with the provider's balance out of reach, the last known one keeps the account shut."""
    sandbox.providers.nrs360.configure({"balance": 4.0})
    for _ in range(2):
        with site_on(sandbox, url, accounts={NRS: {"balance_floor": 5.0}}) as site:
            with suppress(MayHaveLeft):
                keep_floor(site.parts, NRS)
            assert site.parts.breakers.standing(NRS) is Standing.OPEN
        sandbox.faults.add({"target": "nrs360", "operation": "GET /account", "kind": "status", "status": 500})
    assert len(sandbox.faults.log) == 1


def test_a_floor_that_cannot_be_kept_is_said(sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that does not tell its balance leaves the account as it is, with an alarm that says so."""
    with site_on(sandbox, url, accounts={NRS: {"balance_floor": 5.0}}) as site:

        def tells_nothing(*_: object) -> Iterator[None]:
            yield from ()

        monkeypatch.setattr(type(site.parts.providers[NRS]), "balance", tells_nothing)
        keep_floor(site.parts, NRS)
        assert "guards nothing" in site.alarms()[f"balance of {NRS}"]
        assert site.parts.breakers.standing(NRS) is Standing.CLOSED


def test_without_a_floor_the_balance_is_only_kept(site: Site, sandbox: Sandbox) -> None:
    """An empty account without a floor is asked and stays open: its own refusal tells."""
    sandbox.providers.nrs360.configure({"balance": 0.0})
    assert keep_floor(site.parts, NRS) is False
    assert (site.parts.breakers.standing(NRS), site.alarms()) == (Standing.CLOSED, {})


def test_under_all_faults_at_once_nothing_is_sent_twice_and_nothing_is_lost(sandbox: Sandbox, url: str) -> None:
    """Refusals, long waits, lost answers and resets at both providers: each text arrives at most once, and each message
    that was not lost on the way arrives."""
    plant(sandbox, 80, "MX")
    for target in OPERATION:
        fault(sandbox, target, **WRONG_CREDENTIALS, share=0.25, times=8)
        fault(sandbox, target, kind="status", status=429, seconds=90, share=0.2, times=8)
        fault(sandbox, target, kind="drop_after", share=0.1, times=3)
        fault(sandbox, target, kind="drop_before", share=0.1, times=3)
    options = {"batch_size": 4, "breaker_failures": 2}
    with site_on(sandbox, url, accounts={SMSCLOUDS: options, NRS: options}) as site:
        site.pull()
        for _ in range(200):
            site.dispatch(SMSCLOUDS)
            site.dispatch(NRS)
            if "claimed" not in site.states():
                break
            site.later(45)
            site.pull()
        told = received(sandbox)
        states = site.states()
        assert set(states) <= {"accepted", "unknown"}
        assert sum(states.values()) == 80
        assert told["duplicates"] == 0
        assert states["accepted"] <= told["distinct"] <= 80
        assert told["distinct"] - states["accepted"] <= states.get("unknown", 0)
        assert changes(site), "messages changed accounts"
