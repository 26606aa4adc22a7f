"""`connector run` and `connector once`: a pass that ends, a daemon that drains, and one of them at a time."""

import re
import signal

from connector.sandbox.server import Sandbox
from connector.store import outbox
from connector.store.db import Database
from tests.cli.place import Place, until


def _delivered(place: Place) -> int:
    store = Database(f"sqlite:///{place.store}")
    with store.read() as connection:
        number = sum(number for state, number in outbox.counts(connection).items() if state in ("delivered", "sent"))
    store.close()
    return number


def test_one_pass_does_all_there_is(place: Place, sandbox: Sandbox) -> None:
    """A pass reads, sends, hears and writes back all that is queued, and accounts for it; a second one adds nothing."""
    sandbox.seed({"messages": 60})
    answer = place.type("once", "--wait", "20", "--json")
    assert answer.code == 0, answer.err
    books = answer.told
    assert (books["balance"], books["queued"]) == (True, 60)
    assert books["total"]["all"]["in flight"] == 0
    assert books["total"]["all"]["delivered"] > 40
    assert set(books["writes"]) == {"done"}
    by_status = sandbox.org.ledger()["records"]["SMS_Message__c"]["by_status"]
    assert by_status["Delivered"] + by_status["Sent"] == books["total"]["all"]["delivered"]  # Smsclouds says no more
    sent = sandbox.providers.world.ledger.as_json()["received"]
    again = place.type("once", "--json").told
    assert again["total"] == books["total"]
    assert sandbox.providers.world.ledger.as_json()["received"] == sent


def test_a_message_is_shown_without_its_number(place: Place, sandbox: Sandbox) -> None:
    """A message is found by our id, the provider's and the record's, with its story; numbers show with --full only."""
    sandbox.seed({"messages": 3, "bad": False})
    assert place.type("once", "--wait", "20").code == 0
    store = Database(f"sqlite:///{place.store}")
    with store.read() as connection:
        row = connection.execute(outbox.MESSAGE.select().where(outbox.MESSAGE.c.attempt_id.is_not(None))).first()
    store.close()
    for name in (row.id, row.record_id, row.provider_id):
        told = place.type("message", "show", name, "--json").told
        assert told["message"]["id"] == row.id
    assert told["events"]
    assert told["attempts"]
    assert told["writes"]
    shown = place.type("message", "show", row.id)
    assert (shown.code, "attempting" in shown.out) == (0, True)
    digits = row.to_number[-8:]
    assert digits not in re.sub(r"\D", "", shown.out.replace(row.id, "").replace(str(row.provider_id), ""))
    assert row.to_number in place.type("message", "show", row.id, "--full").out
    assert place.type("message", "show", "nothing").code == 1


def test_the_daemon_drains_when_it_is_told_to_stop(place: Place, sandbox: Sandbox) -> None:
    """SIGTERM ends the daemon with exit code 0, its lease given back; meanwhile no pass may begin."""
    sandbox.seed({"messages": 40, "bad": False})
    daemon = place.start("run")
    try:
        until(lambda: _delivered(place) > 0)
        refused = place.type("once")
        assert refused.code == 1
        assert "works on this store" in refused.err
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0, daemon.communicate()[1]
    finally:
        daemon.kill()
        daemon.communicate()
    after = place.type("once", "--wait", "20", "--json")
    assert (after.code, after.told["queued"]) == (0, 40)


def test_a_daemon_that_waits_for_its_turn_can_be_stopped(place: Place) -> None:
    """A second daemon waits for the first one's lease, and a signal ends its waiting with exit code 0."""
    first = place.start("run")
    second = None
    try:
        assert first.stderr is not None
        until(lambda: "started" in first.stderr.readline())
        second = place.start("run")
        assert second.stderr is not None
        until(lambda: "waiting_for_lease" in second.stderr.readline())
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
        first.send_signal(signal.SIGINT)
        assert first.wait(20) == 0
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.communicate()


def test_a_second_signal_ends_it_at_once(place: Place, sandbox: Sandbox) -> None:
    """While the daemon drains a provider that does not answer, a second signal ends it with exit code 1."""
    sandbox.seed({"messages": 10, "bad": False})
    for target in ("nrs360", "smsclouds"):
        sandbox.faults.add({"target": target, "operation": "POST *", "kind": "slow", "seconds": 8.0})
    daemon = place.start("run")
    try:
        until(lambda: _state(place, "attempting") > 0)
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(1.0)
        except Exception:  # noqa: BLE001  # it is draining, which is what is wanted here
            daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(4.0) == 1
    finally:
        daemon.kill()
        daemon.communicate()


def _state(place: Place, name: str) -> int:
    store = Database(f"sqlite:///{place.store}")
    with store.read() as connection:
        number = sum(number for state, number in outbox.counts(connection).items() if state == name)
    store.close()
    return number
