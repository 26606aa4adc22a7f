"""Backfills: planned and guarded, the same when done twice, and taken up where they were killed."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select

from connector.sandbox.server import Sandbox
from connector.store import cursors, outbox
from connector.store.cursors import CURSOR
from connector.store.db import Database
from connector.store.inbox import INBOX
from connector.store.lease import LEASE
from connector.store.outbox import EVENT, MESSAGE
from tests.cli.place import Place, until


def _reading(place: Place, read: Callable[[Any], Any]) -> Any:
    store = Database(f"sqlite:///{place.store}")
    with store.read() as connection:
        told = read(connection)
    store.close()
    return told


def _states(place: Place) -> dict[str, int]:
    return _reading(place, lambda connection: {str(k): v for k, v in outbox.counts(connection).items() if v})


def _rows(place: Place, table: Any) -> int:
    return int(_reading(place, lambda connection: len(connection.execute(select(table.c.id)).all())))


def _sent_and_forgotten(place: Place, sandbox: Sandbox, messages: int) -> None:
    """Messages that were sent and of which nothing was asked, because the first look is far away."""
    later = place.settings.read_text("utf-8").replace("first_poll = 0.1", "first_poll = 9000.0")
    place.settings.write_text(later, "utf-8")
    sandbox.seed({"messages": messages, "bad": False})
    assert place.type("once").code == 0
    assert set(_states(place)) == {"accepted"}


def _activities(sandbox: Sandbox) -> int:
    return int(sandbox.org.ledger()["records"]["Task"]["total"])


def _delete_activities(sandbox: Sandbox, number: int) -> None:
    """Deletes activities as a person would, by the org's own API."""
    with httpx.Client(base_url=sandbox.org_url, trust_env=False) as org:
        login = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
        token = org.post("/services/oauth2/token", data=login).json()["access_token"]
        org.headers["authorization"] = f"Bearer {token}"
        query = "SELECT Id FROM Task WHERE SMS_External_Id__c LIKE 'm-%'"
        found = org.get("/services/data/v66.0/query", params={"q": query}).json()["records"][:number]
        ids = ",".join(record["Id"] for record in found)
        answer = org.delete("/services/data/v66.0/composite/sobjects", params={"ids": ids})
        assert [each["success"] for each in answer.json()] == [True] * number


def _in_the_end(place: Place) -> None:
    """Waits until the providers themselves have the last words, by asking for statuses until nothing is new."""
    until(lambda: place.type("backfill", "statuses", "--since", "1d", "--apply", "--json").told["new"] == 0)


def test_a_plan_does_nothing(place: Place, sandbox: Sandbox) -> None:
    """Without --apply it is told how much would be asked and could change, and no provider is asked."""
    _sent_and_forgotten(place, sandbox, 30)
    before = sandbox.org.ledger()["records"], _states(place)
    told = place.type("backfill", "statuses", "--since", "1d", "--json").told
    assert told["applied"] is False
    assert sum(lane["changes_at_most"] for lane in told["plan"]) == 30
    assert sum(lane["units"] for lane in told["plan"]) == sum(lane["provider_calls"] for lane in told["plan"])
    assert (sandbox.org.ledger()["records"], _states(place)) == before
    assert "Nothing was done" in place.type("backfill", "statuses", "--since", "1d").out


def test_statuses_come_back_and_twice_is_once(place: Place, sandbox: Sandbox) -> None:
    """What was never asked is told and reaches the CRM; the same again finds nothing new and changes nothing."""
    _sent_and_forgotten(place, sandbox, 30)
    first = place.type("backfill", "statuses", "--since", "1d", "--apply", "--json")
    assert first.code == 0, first.err
    assert first.told["new"] > 0
    _in_the_end(place)
    states, events = (
        _states(place),
        _rows(place, EVENT),
    )
    assert "accepted" not in states
    by_status = sandbox.org.ledger()["records"]["SMS_Message__c"]["by_status"]
    assert by_status.get("Delivered", 0) == states.get("delivered", 0) > 0
    again = place.type("backfill", "statuses", "--since", "1d", "--apply", "--json")
    assert (again.code, again.told["new"], again.told["written"]) == (0, 0, 0)
    assert _states(place) == states
    assert _rows(place, EVENT) == events


def test_only_the_window_and_the_accounts_that_are_meant(place: Place, sandbox: Sandbox) -> None:
    """Batches outside the window and accounts that are not named are left alone; unknown ones are refused."""
    _sent_and_forgotten(place, sandbox, 20)
    past = place.type("backfill", "statuses", "--since", "2026-01-01", "--until", "2026-01-02", "--json").told
    assert sum(lane["units"] for lane in past["plan"]) == 0
    one = place.type("backfill", "statuses", "--since", "1d", "--account", "nrs-main", "--json").told
    assert [lane["name"] for lane in one["plan"]] == ["nrs-main"]
    same = place.type("backfill", "statuses", "--since", "1d", "--provider", "nrs360", "--json").told
    assert [lane["name"] for lane in same["plan"]] == ["nrs-main"]
    assert place.type("backfill", "statuses", "--since", "1d", "--account", "nobody").code == 1
    assert place.type("backfill", "statuses", "--since", "1h", "--until", "2h").code == 2


def test_a_plan_that_touches_too_much_is_refused(place: Place, sandbox: Sandbox) -> None:
    """More changes than the limit are refused before anything is asked, unless --force is said."""
    _sent_and_forgotten(place, sandbox, 20)
    words = ("backfill", "statuses", "--since", "1d", "--apply", "--limit-changes", "5")
    refused = place.type(*words)
    assert refused.code == 1
    assert "more than the 5 allowed" in refused.err
    assert set(_states(place)) == {"accepted"}
    assert place.type(*words, "--force").code == 0
    assert set(_states(place)) != {"accepted"}


def test_missing_activities_come_back(place: Place, sandbox: Sandbox) -> None:
    """Activities that are not in the CRM are written again, those that are there are not, and twice is once."""
    sandbox.seed({"messages": 30, "bad": False})
    assert place.type("once", "--wait", "20").code == 0
    had = _activities(sandbox)
    assert had >= 30
    _delete_activities(sandbox, 12)
    assert _activities(sandbox) == had - 12
    first = place.type("backfill", "activities", "--since", "1d", "--apply", "--json")
    assert (first.code, first.told["new"], first.told["written"]) == (0, 12, 12), first.err
    assert _activities(sandbox) == had
    again = place.type("backfill", "activities", "--since", "1d", "--apply", "--json")
    assert (again.told["new"], again.told["written"]) == (0, 0)
    assert sandbox.org.ledger()["duplicate_activities"]["by_external_id"] == 0


def test_replies_are_asked_for_a_day_at_a_time(place: Place, sandbox: Sandbox) -> None:
    """Replies that were lost are told again, once; the plan says that only asking tells how many."""
    sandbox.seed({"messages": 120, "bad": False})
    store = Database(f"sqlite:///{place.store}")
    lost = 0
    for _ in range(5):  # people reply when they like, perhaps after the last status has come
        assert place.type("once", "--wait", "20").code == 0
        with store.begin() as connection:
            lost = connection.execute(delete(INBOX).where(INBOX.c.kind == "reply")).rowcount
        if lost:
            break
    store.close()
    assert lost > 0
    plan = place.type("backfill", "replies", "--since", "3d", "--json").told
    assert [(lane["name"], lane["units"], lane["changes_at_most"]) for lane in plan["plan"]] == [
        ("smsclouds-mx", 3, None)
    ]
    activities = _activities(sandbox)
    first = place.type("backfill", "replies", "--since", "3d", "--apply", "--json")
    assert (first.code, first.told["units"]) == (0, 3)
    assert first.told["new"] >= lost
    assert _activities(sandbox) == activities  # the same activities by the same keys
    again = place.type("backfill", "replies", "--since", "3d", "--apply", "--json")
    assert again.told["new"] == 0


def test_a_provider_in_trouble_stops_its_own_account_only(place: Place, sandbox: Sandbox) -> None:
    """One account that cannot be asked is told and left at its place; the others come to their end; exit code 1."""
    _sent_and_forgotten(place, sandbox, 40)
    sandbox.faults.add({"target": "nrs360", "operation": "GET *", "kind": "status", "status": 403, "body": "no"})
    answer = place.type("backfill", "statuses", "--since", "1d", "--apply", "--json")
    assert answer.code == 1
    assert set(answer.told["trouble"]) == {"nrs-main"}
    assert answer.told["new"] > 0
    sandbox.faults.clear()
    assert place.type("backfill", "statuses", "--since", "1d", "--apply").code == 0


def test_it_waits_for_no_daemon(place: Place) -> None:
    """While a daemon works on the org, --apply is refused with who it is."""
    daemon = place.start("run")
    try:
        assert daemon.stderr is not None
        until(lambda: "started" in daemon.stderr.readline())
        refused = place.type("backfill", "statuses", "--since", "1d", "--apply")
        assert refused.code == 1
        assert "works on this store" in refused.err
    finally:
        daemon.terminate()
        daemon.communicate(timeout=20)


def _places(place: Place) -> dict[str, Any]:
    def read(connection: Any) -> dict[str, Any]:
        names = connection.execute(select(CURSOR.c.name).where(CURSOR.c.name.startswith("backfill"))).scalars().all()
        return {name: cursors.get(connection, name) for name in names}

    told: dict[str, Any] = _reading(place, read)
    return told


@pytest.mark.timeout(60)
def test_what_was_killed_is_taken_up_where_it_was(place: Place, sandbox: Sandbox) -> None:
    """Killed in the middle, the same command goes on from the last checkpoint and ends as if nothing had been."""
    place.settings.write_text(place.settings.read_text("utf-8").replace("batch_size = 20", "batch_size = 1"), "utf-8")
    _sent_and_forgotten(place, sandbox, 30)
    for target in ("nrs360", "smsclouds"):
        sandbox.faults.add({"target": target, "operation": "GET *", "kind": "slow", "seconds": 0.05})
    whole = sum(lane["units"] for lane in place.type("backfill", "statuses", "--since", "1d", "--json").told["plan"])
    killed = place.start("backfill", "statuses", "--since", "1d", "--apply")
    try:
        until(lambda: any(kept["place"] for kept in _places(place).values()))
    finally:
        killed.kill()
        killed.communicate()
    begun = _places(place)
    assert not all(kept["finished"] for kept in begun.values()) or len(begun) < 2
    sandbox.faults.clear()
    left = place.type("backfill", "statuses", "--since", "1d", "--json").told["plan"]
    assert any(lane["resumed"] for lane in left)
    assert sum(lane["units"] for lane in left) < whole
    _expire_lease(place)
    resumed = place.type("backfill", "statuses", "--since", "1d", "--apply", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.told["units"] < whole
    assert all(kept["finished"] for kept in _places(place).values())
    _in_the_end(place)
    states = _states(place)
    assert sum(states.values()) == 30
    assert "accepted" not in states
    assert "goes on where" in resumed.err


@pytest.mark.timeout(60)
def test_what_was_stopped_goes_on_without_the_accounts_that_were_done(place: Place, sandbox: Sandbox) -> None:
    """Ctrl-C in the second account: the rerun leaves the first one out and says so; the run after that has both."""
    place.settings.write_text(place.settings.read_text("utf-8").replace("batch_size = 20", "batch_size = 1"), "utf-8")
    _sent_and_forgotten(place, sandbox, 30)
    sandbox.faults.add({"target": "smsclouds", "operation": "GET *", "kind": "slow", "seconds": 0.3})
    words = ("backfill", "statuses", "--since", "1d")
    stopped = place.start(*words, "--apply")
    try:
        until(lambda: any(kept["finished"] for kept in _places(place).values()))
    finally:
        stopped.send_signal(signal.SIGINT)
        told, _ = stopped.communicate(timeout=20)
    assert stopped.returncode == 1
    assert "goes on from where it stopped" in told
    sandbox.faults.clear()
    left = place.type(*words, "--json").told
    assert ([lane["name"] for lane in left["plan"]], left["finished"]) == (["smsclouds-mx"], ["nrs-main"])
    assert "nrs-main came to its end before the last run was stopped" in place.type(*words).out
    again = place.type(*words, "--apply", "--json").told
    assert (again["units"], again["finished"]) == (left["plan"][0]["units"], ["nrs-main"])
    anew = place.type(*words, "--json").told
    assert ([lane["name"] for lane in anew["plan"]], anew["finished"]) == (["nrs-main", "smsclouds-mx"], [])
    assert not any(lane["resumed"] for lane in anew["plan"])


def test_accounts_that_the_killed_run_never_came_to_have_its_window(place: Place, sandbox: Sandbox) -> None:
    """Whatever an earlier run of the same words had finished: what this one had still to do is done."""
    _sent_and_forgotten(place, sandbox, 20)
    words = ("backfill", "statuses", "--since", "1d")
    assert place.type(*words, "--apply").code == 0
    before = _places(place)
    sandbox.faults.add({"target": "nrs360", "operation": "GET *", "kind": "slow", "seconds": 5.0})
    killed = place.start(*words, "--apply")
    try:
        until(lambda: not any(kept["finished"] for kept in _places(place).values()))
    finally:
        killed.kill()
        killed.communicate()
    left = place.type(*words, "--json").told
    assert ([lane["name"] for lane in left["plan"]], left["finished"]) == (["nrs-main", "smsclouds-mx"], [])
    (since,) = {lane["since"] for lane in left["plan"]}
    assert since > max(kept["since"] for kept in before.values())


def test_an_account_in_trouble_keeps_no_other_from_being_asked_anew(place: Place, sandbox: Sandbox) -> None:
    """A run that came through with one account in trouble is over: the next one has them all."""
    _sent_and_forgotten(place, sandbox, 20)
    words = ("backfill", "statuses", "--since", "1d")
    sandbox.faults.add({"target": "nrs360", "operation": "GET *", "kind": "status", "status": 403, "body": "no"})
    assert place.type(*words, "--apply").code == 1
    told = place.type(*words, "--json").told
    assert ([lane["name"] for lane in told["plan"]], told["finished"]) == (["nrs-main", "smsclouds-mx"], [])


@pytest.mark.parametrize("kind", ["statuses", "replies"])
def test_accounts_that_cannot_be_asked_are_named(place: Place, sandbox: Sandbox, kind: str) -> None:
    """In the plan, in the result and for programs; and when nobody can be asked, --apply exits with 1."""
    sandbox.seed({"messages": 5, "bad": False})
    words = ("backfill", kind, "--since", "1d")
    sentence = f"bulk360-my cannot be asked for {kind}: look in its web pages."
    assert sentence in place.type(*words).out
    assert "bulk360-my" in place.type(*words, "--json").told["cannot_be_asked"]
    done = place.type(*words, "--apply")
    assert done.code == 0, done.err
    assert sentence in done.out
    assert "bulk360-my" in place.type(*words, "--apply", "--json").told["cannot_be_asked"]
    alone = place.type(*words, "--account", "bulk360-my", "--apply")
    assert alone.code == 1
    assert sentence in alone.out
    assert "There is nothing to ask" in alone.out
    assert "were new" not in alone.out
    told = place.type(*words, "--account", "bulk360-my", "--apply", "--json")
    assert (told.code, told.told["applied"], told.told["cannot_be_asked"]) == (1, False, ["bulk360-my"])


def _expire_lease(place: Place) -> None:
    """Stands for the half minute after which the killed process's lease runs out."""
    store = Database(f"sqlite:///{place.store}")
    with store.begin() as connection:
        connection.execute(LEASE.update().values(expires_at=datetime.now(UTC)))
    store.close()


def test_every_message_is_one_of_ours(place: Place, sandbox: Sandbox) -> None:
    """A backfill makes no message of its own."""
    _sent_and_forgotten(place, sandbox, 5)
    assert place.type("backfill", "statuses", "--since", "1d", "--apply").code == 0
    assert _rows(place, MESSAGE) == 5
