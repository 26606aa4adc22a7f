"""What a single pass waits for, and what it says of what it leaves undone."""

import json
import signal

import pytest

from connector.cli import single_pass
from connector.sandbox.server import Sandbox
from tests.cli.place import Place, until

IMPATIENT = 0.5


@pytest.fixture
def failing(place: Place, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose 360NRS refuses every send for its own fault, and is left alone for an hour after the first."""
    sandbox.seed({"messages": 20, "bad": False})
    sandbox.faults.add({"target": "nrs360", "operation": "POST *", "kind": "status", "status": 403})
    monkeypatch.setattr(single_pass, "_PATIENCE", IMPATIENT)
    settings = place.settings.read_text("utf-8")
    alone = "[accounts.nrs-main]\nbreaker_failures = 1\nbreaker_pause = 3600"
    place.settings.write_text(settings.replace("[accounts.nrs-main]", alone), "utf-8")
    return place


def test_a_pass_says_what_it_leaves_undone_and_why(failing: Place) -> None:
    """Messages of an account that is left alone for longer are counted in a sentence, which a program can read too."""
    answer = failing.type("once", "--json")
    (left,) = answer.told["left_undone"]
    assert (answer.code, answer.told["balance"]) == (0, True)
    assert left["account"] == "nrs-main"
    assert left["messages"] == answer.told["account"]["nrs-main"]["in flight"] > 0
    again = failing.type("once").out
    assert f"Left to the next pass: {left['messages']} messages of nrs-main; it is left alone after failures" in again


def test_a_pass_that_leaves_nothing_says_nothing(place: Place, sandbox: Sandbox) -> None:
    """A program finds an empty list."""
    sandbox.seed({"messages": 5, "bad": False})
    assert place.type("once", "--json").told["left_undone"] == []
    assert "Left to the next pass" not in place.type("once").out


@pytest.mark.timeout(180)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_pass_that_is_cut_short_by_a_signal_exits_with_1(place: Place, sandbox: Sandbox, end: signal.Signals) -> None:
    """What comes after it in a script must not take it for whole, though the books of what it did balance."""
    sandbox.seed({"messages": 20, "bad": False})
    sandbox.faults.add({"target": "nrs360", "operation": "POST *", "kind": "slow", "seconds": 2.0})
    passing = place.start("once", "--json")
    try:
        until(lambda: place.type("report", "--json").told["queued"] > 0, seconds=60)
    finally:
        passing.send_signal(end)
        out, err = passing.communicate(timeout=60)
    told = json.loads(out)
    assert (passing.returncode, told["balance"], told["cut_short"]) == (1, True, True)
    assert "Stopped by a signal" in err
    whole = place.type("once", "--json")
    assert (whole.code, whole.told["cut_short"]) == (0, False)
