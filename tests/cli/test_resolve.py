"""`connector message resolve`: a person's word on a message of unknown outcome, while no daemon is at work."""

import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.sandbox.server import Sandbox
from connector.store import lease
from connector.store.db import Database
from connector.sync.parts import LEASE_NAME
from tests.cli.place import Place, until
from tests.sync.site import mapping, plant, received, requests, statuses

WHY = ("--why", "seen in the dashboard")


@pytest.fixture
def in_doubt(place: Place, sandbox: Sandbox) -> str:
    """One message whose request never came to the provider, and whose answer nobody saw; gives its id."""
    place.write(mapping=str(mapping()))
    plant(sandbox)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_before", "times": 1})
    assert place.type("once").code == 0
    assert statuses(sandbox) == {"Unknown": 1}
    (row,) = sandbox.org.rows("SMS_Message__c")
    return str(shown(place, row["Id"])["message"]["id"])


def shown(place: Place, name: str) -> dict[str, Any]:
    """All that is known of a message."""
    return place.type("message", "show", name, "--full", "--json").told


@pytest.mark.parametrize(
    ("verdict", "state", "status"), [("delivered", "delivered", "Delivered"), ("failed", "failed", "Failed")]
)
def test_a_verdict_settles_it_and_is_kept_with_its_reason(
    place: Place, sandbox: Sandbox, in_doubt: str, verdict: str, state: str, status: str
) -> None:
    """The message moves, its events say who and why, and the next pass tells its record."""
    answer = place.type("message", "resolve", in_doubt, "--as", verdict, *WHY)
    assert (answer.code, answer.out) == (0, f"The message is settled as {verdict}.\n")
    told = shown(place, in_doubt)
    assert told["message"]["state"] == state
    event = told["events"][-1]
    assert (event["cause"], event["moved"]) == ("resolved by a person", True)
    assert WHY[1] in (event["word"], event["reason"])
    assert place.type("once").code == 0
    assert statuses(sandbox) == {status: 1}
    again = place.type("message", "resolve", in_doubt, "--as", verdict, *WHY)
    assert (again.code, f"the message is {state}, not unknown" in again.err) == (1, True)


def test_never_left_is_sent_again_once_by_the_next_pass(place: Place, sandbox: Sandbox, in_doubt: str) -> None:
    """The person who vouches for it is told that it will be sent; the provider receives it once."""
    answer = place.type("message", "resolve", in_doubt, "--as", "never-left", *WHY)
    assert answer.out == "The message is settled as never-left. It will be sent again when the daemon runs.\n"
    assert received(sandbox)["received"] == 0
    assert place.type("once").code == 0
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
    assert requests(sandbox, "POST /sms") == 2


def test_it_is_refused_while_a_daemon_works_on_the_store(place: Place, in_doubt: str) -> None:
    """The daemon's lease is asked for: a sentence says who holds it, nothing is settled, and afterwards it can be."""
    daemon = place.start("run")
    try:
        log = daemon.stderr
        assert log is not None
        until(lambda: "started" in log.readline())
        refused = place.type("message", "resolve", in_doubt, "--as", "delivered", *WHY)
        assert refused.code == 1
        assert f":{daemon.pid}:" in refused.err
        assert "works on this store until" in refused.err
        assert "stop the other one" in refused.err
        assert shown(place, in_doubt)["message"]["state"] == "unknown"
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    finally:
        daemon.kill()
        daemon.communicate()
    assert place.type("message", "resolve", in_doubt, "--as", "delivered", *WHY).code == 0


def test_it_takes_a_lease_that_ran_out_and_gives_it_back(place: Place, in_doubt: str) -> None:
    """A daemon that was killed holds nobody up for longer than its lease; the fencing number shows who came after."""
    store = Database(f"sqlite:///{place.store}")
    now = datetime.now(UTC)
    with store.begin() as connection:
        held = lease.acquire(connection, LEASE_NAME, "another", now - timedelta(seconds=31), timedelta(seconds=30))
    assert place.type("message", "resolve", in_doubt, "--as", "delivered", *WHY).code == 0
    with store.begin() as connection:
        assert lease.holder(connection, LEASE_NAME) is None
        assert lease.acquire(connection, LEASE_NAME, "yet another", now, timedelta(seconds=30)) == held + 2
    store.close()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("nothing", "--as", "delivered", *WHY), 1, "no message has the id nothing"),
        (("nothing", "--as", "lost", *WHY), 2, "--as"),
        (("nothing", "--as", "delivered"), 2, "--why"),
    ],
)
def test_what_cannot_be_settled_is_refused(place: Place, words: tuple[str, ...], code: int, sentence: str) -> None:
    """No such message, no such verdict, or no reason given."""
    answer = place.type("message", "resolve", *words)
    assert answer.code == code
    assert sentence in answer.err
