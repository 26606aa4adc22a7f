"""`connector pause`, `resume`, `pauses`; what doctor says of them; and `--send-backlog`."""

import re

import pytest

from connector.sandbox.server import Sandbox
from tests.cli.place import Place
from tests.sync.site import plant, received


def test_a_pause_is_shown_and_ended(place: Place) -> None:
    """What is typed is what stands, until it is resumed; a second resume exits with 1."""
    assert place.type("pause", "--account", "nrs-main", "--why", "they asked").code == 0
    assert "was paused already" in place.type("pause", "--account", "nrs-main").out
    assert place.type("pause", "--everything").out == "Everything is paused.\n"
    told = place.type("pauses", "--json").told["pauses"]
    assert [(row["scope"], row["name"], row["why"]) for row in told] == [
        ("account", "nrs-main", "they asked"),
        ("everything", None, ""),
    ]
    assert "they asked" in place.type("pauses").out
    answer = place.type("resume", "--everything")
    assert answer.code == 0
    assert "Still paused: The account nrs-main." in answer.out
    assert place.type("resume", "--everything").code == 1
    assert place.type("resume", "--account", "nrs-main").code == 0
    assert "Nothing is paused." in place.type("pauses").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--account", "nrs"), "there is no account 'nrs' to pause; there are: bulk360-my, nrs-main, smsclouds-mx."),
        (("--mapping", "sms"), "there is no mapping 'sms' to pause; there are: sms-outbox."),
    ],
)
def test_a_name_that_nothing_has_is_refused(place: Place, words: tuple[str, ...], sentence: str) -> None:
    """A pause of a misspelt name would stop nothing, so it is refused with the names there are."""
    answer = place.type("pause", *words)
    assert answer.code == 1
    assert sentence in answer.err


@pytest.mark.parametrize("words", [(), ("--everything", "--mapping", "sms-outbox")])
def test_one_thing_is_paused_at_a_time(place: Place, words: tuple[str, ...]) -> None:
    """Neither nothing nor two things."""
    answer = place.type("pause", *words)
    assert answer.code == 2
    assert "say one of" in answer.err


def test_a_pass_sends_nothing_that_is_paused(place: Place, sandbox: Sandbox) -> None:
    """`once` ends at once and sends nothing; after `resume` it sends."""
    plant(sandbox)
    place.type("pause", "--mapping", "sms-outbox")
    assert place.type("once").code == 0
    assert received(sandbox)["received"] == 0
    place.type("resume", "--mapping", "sms-outbox")
    assert place.type("once").code == 0
    assert received(sandbox)["received"] == 1


def test_the_backlog_is_held_and_sent_when_asked_for(place: Place, sandbox: Sandbox) -> None:
    """`once` holds what was queued before the first start, and says how much; `--send-backlog` sends it."""
    plant(sandbox)
    settings = place.settings.read_text("utf-8").replace("send_backlog = true", "send_backlog = false")
    place.settings.write_text(settings, "utf-8")
    assert place.type("once").code == 0
    held = place.type("pauses", "--json").told["held"]
    assert held == [{"code": "BACKLOG", "messages": 1, "next": None}]
    assert "when set back" in place.type("pauses").out
    plant(sandbox, first=2)
    assert place.type("once", "--send-backlog").code == 0
    assert received(sandbox)["received"] == 1


def test_doctor_says_what_keeps_messages_back(place: Place) -> None:
    """Pauses and an org outside of production are warnings; the caps are told."""
    place.type("pause", "--account", "nrs-main", "--why", "they asked")
    settings = place.settings.read_text("utf-8").replace("production = true", 'production = "auto"')
    place.settings.write_text(settings + "[caps.everything]\nmessages_a_day = 5000\n", "utf-8")
    checks = {
        check["subject"]: check for check in place.type("doctor", "--json").told["checks"] if check["area"] == "sending"
    }
    assert checks["pause"]["verdict"] == "warning"
    assert checks["pause"]["text"].endswith("they asked")
    assert checks["caps"]["text"] == "5,000 messages a day for everything"
    assert checks["live fire"]["verdict"] == "warning"
    assert "only the 0 numbers" in checks["live fire"]["text"]


def test_doctor_refuses_a_cap_that_caps_nothing(place: Place) -> None:
    """The daemon would not start with it; doctor says so, and goes on to look at the rest."""
    place.add("[caps.mappings.sms-outbx]\nmessages_a_day = 1\n")
    answer = place.type("doctor", "--json")
    checks = {(check["area"], check["subject"]): check for check in answer.told["checks"]}
    assert answer.code == 1
    assert checks["sending", "caps"]["verdict"] == "failed"
    assert "there is no mapping 'sms-outbx'; there are: sms-outbox" in checks["sending", "caps"]["text"]
    assert answer.told["checks"][-1]["area"] != "sending"


def test_doctor_shows_caps_while_a_mapping_cannot_be_read(place: Place) -> None:
    """Whether there is such a mapping nobody can say then; that the file is wrong is said where mappings are."""
    mapping = place.folder / "broken.yaml"
    mapping.write_text("version: 9\n", "utf-8")
    text = place.settings.read_text("utf-8")
    place.settings.write_text(re.sub(r"mappings = .*", f'mappings = ["{mapping}"]', text), "utf-8")
    place.add("[caps.mappings.sms-outbox]\nmessages_a_day = 1\n")
    answer = place.type("doctor", "--json")
    checks = {check["subject"]: check["verdict"] for check in answer.told["checks"] if check["area"] == "sending"}
    assert answer.code == 1
    assert checks["caps"] == "ok"
