"""`connector reconcile` and the groups of `connector report`: what a person sees, and the exit codes."""

from datetime import UTC, datetime

from connector.model.failures import Failure
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store.db import Database
from connector.store.outbox import Move, move
from connector.sync.unknown import SENT_AGAIN
from tests.cli.place import Place, until
from tests.store.making import draft, of_record, send_to, take

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_a_store_that_agrees_ends_with_zero_and_a_difference_with_one(place: Place, sandbox: Sandbox) -> None:
    """Nothing to name is one sentence; a record sent by nobody we know is a row with its id, and exit code 1."""
    good = place.type("reconcile", "--since", "1h")
    assert good.code == 0, good.err + good.out
    assert "agree" in good.out
    (alone,) = sandbox.org.insert("SMS_Message__c", [{"Status__c": "Sent", "Body__c": "x"}])
    bad = place.type("reconcile", "--since", "1h", "--until", "2100-01-01")
    assert bad.code == 1
    assert alone in bad.out
    assert "record not known to us" in bad.out
    told = place.type("reconcile", "--since", "1h", "--until", "2100-01-01", "--json").told
    assert (told["differences"], told["by_kind"]) == (1, {"record not known to us": 1})
    assert told["listed"][0]["id"] == alone
    sandbox.org.update("SMS_Message__c", {alone: {"Status__c": "Cancelled"}})


def test_no_number_is_shown_whole(place: Place, sandbox: Sandbox) -> None:
    """Of the numbers in differences only the last digits are seen, in the table and in JSON."""
    sandbox.seed({"messages": 10})
    assert place.type("once", "--wait", "20", "--json").code == 0
    until(lambda: place.type("once", "--json").told["total"]["all"]["in flight"] == 0)
    store = Database(f"sqlite:///{place.store}")
    with store.begin() as connection:
        numbers = set(connection.exec_driver_sql("SELECT to_number FROM message WHERE state = 'delivered'").scalars())
        connection.exec_driver_sql("UPDATE message SET state = 'undelivered' WHERE state = 'delivered'")
    store.close()
    for words in ((), ("--json",)):
        answer = place.type("reconcile", "--since", "1h", *words)
        assert answer.code == 1
        assert "state differs" in answer.out
        assert not [number for number in numbers if number[1:] in answer.out]


def test_an_account_that_is_not_there_and_an_empty_window_are_refused(place: Place) -> None:
    """What is wrong with the question is one sentence, not a comparison of nothing."""
    wrong = place.type("reconcile", "--since", "1h", "--account", "nobody")
    assert wrong.code == 1
    assert "nobody" in wrong.err
    assert place.type("reconcile", "--since", "1h", "--until", "2h").code == 2


def test_the_report_balances_by_run_and_provider_and_counts_second_sends_apart(place: Place) -> None:
    """Each group adds up to all that was read; a message sent again is one message, and one second send."""
    store = Database(f"sqlite:///{place.store}")
    take(store, NOW, draft("a0A1"), draft("a0A2"), run="run-1")
    take(store, NOW, draft("a0A3"), run="run-2")
    doubtful = of_record(store, "a0A1").id
    with store.begin() as connection:
        send_to(connection, [doubtful], State.UNKNOWN, NOW)
        again = Move(doubtful, State.CLAIMED, SENT_AGAIN, Failure("SENT_AGAIN", "nobody could say"), sends_again=True)
        assert len(move(connection, [again], NOW)) == 1
    store.close()
    told = place.type("report", "--json").told
    assert told["balance"] is True
    assert {name: sum(row.values()) for name, row in told["run"].items()} == {"run-1": 2, "run-2": 1}
    assert {name: sum(row.values()) for name, row in told["provider"].items()} == {"nrs360": 3}
    assert told["sent_again"]["run"] == {"run-1": 1}
    assert told["sent_again"]["provider"] == {"nrs360": 1}
    assert "sent again" in place.type("report").out
