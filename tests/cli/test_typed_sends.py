"""What a person sends by `connector call`: kept with who and how it ended, counted under the caps, in all books."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.server import Sandbox
from connector.store.caps import SPENDING
from connector.store.db import Database, new_id
from connector.store.typed_sends import TYPED_SEND
from tests.cli.place import Answer, Place, until
from tests.store.making import rows
from tests.sync.site import requests

NUMBER = "34611223344"
HLR = "GET /api/v3/hlr/{number}"
LONG = "x" * 400  # three parts of 153
US_ACCOUNT = """
[accounts.app-us]
provider = "sms360app"
base_url = "{providers}/sms360app"
client_ids = ["sandbox"]
"""
ALL_SENDS = {
    "nrs-main": ("sms.send", {"to": [NUMBER], "from": "TEST", "message": LONG, "parts": 3}),
    "smsclouds-mx": ("campaigns.create", {"text": "Hola", "country": 1, "recipients": [{"cellphone": "5512345678"}]}),
    "bulk360-my": ("messages.send", {"to": "60123456789", "text": "Hello"}),
    "app-us": (
        "messages.send",
        {"senderNumber": "+12025550100", "receiverNumber": "+12025550123", "messagebody": "Hello"},
    ),
}


def send(place: Place, *to: str, text: str = "Hello from a person", **more: Any) -> Answer:
    """A text that a person sends by hand at 360NRS."""
    data = {"to": list(to) or [NUMBER], "from": "TEST", "message": text, **more}
    return place.type("call", "nrs360", "sms.send", "--data", json.dumps(data), "--yes")


def kept(place: Place, table: Any = TYPED_SEND) -> list[Any]:
    """The rows of a place's store."""
    database = Database(f"sqlite:///{place.store}")
    found = rows(database, table)
    database.close()
    return list(found)


def received(sandbox: Sandbox) -> int:
    """How many messages the pretend providers took."""
    number: int = sandbox.ledger.as_json()["received"]
    return number


def said(answer: Answer) -> str:
    """What was complained of, in one line."""
    return " ".join(answer.err.split())


# -- what is kept


def test_a_send_is_kept_with_who_typed_it_and_what_the_provider_calls_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Account, operation, recipients whole, parts, money, the system's user and the provider's id of the sending."""
    place.settings.write_text(
        place.settings.read_text("utf-8").replace("[accounts.nrs-main]", "[accounts.nrs-main]\nprice_a_part = 0.05"),
        "utf-8",
    )
    monkeypatch.setenv("SUDO_USER", "ana")
    answer = send(place, NUMBER, "34611223345", text=LONG, parts=3)
    assert answer.code == 0, answer.err
    (row,) = kept(place)
    assert (row.account, row.provider, row.operation, row.who) == ("nrs-main", "nrs360", "sms.send", "ana")
    assert row.recipients == [f"+{NUMBER}", "+34611223345"]
    assert (row.size, row.parts, row.money, row.outcome) == (2, 6, 300_000, "answered")
    assert row.provider_batch == str(answer.told["sendingId"])
    assert row.id in answer.err
    assert [(each.messages, each.parts, each.money) for each in kept(place, SPENDING)] == [(2, 6, 300_000)]


@pytest.mark.parametrize("account", ALL_SENDS)
def test_every_providers_answer_names_what_was_sent(place: Place, account: str) -> None:
    """Whichever guide's answer it is, its id of what was sent is kept, and finds the row again."""
    place.add(US_ACCOUNT.format(providers=place.providers))
    operation, data = ALL_SENDS[account]
    answer = place.type("call", account, operation, "--data", json.dumps(data), "--yes")
    assert answer.code == 0, answer.err
    (row,) = kept(place)
    assert row.provider_batch
    assert row.provider_batch in answer.out
    assert place.type("message", "show", row.provider_batch, "--json").told["typed_send"]["id"] == row.id


def test_what_was_sent_is_shown_to_whoever_asks_next_month(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`message show` tells the row by our id, `--sent` lists it; numbers are cut unless all of it is asked for."""
    monkeypatch.setenv("SUDO_USER", "ana")
    assert send(place).code == 0
    (row,) = kept(place)
    shown = place.type("message", "show", row.id)
    assert shown.code == 0
    assert "ana" in shown.out
    assert "sms.send" in shown.out
    assert NUMBER not in shown.out
    assert f"+{NUMBER}" in place.type("message", "show", row.id, "--full").out
    listed = place.type("call", "--sent")
    assert all(word in listed.out for word in (row.id, "ana", "nrs-main", "answered"))
    (told,) = place.type("call", "--sent", "--json").told["typed_sends"]
    assert (told["id"], told["recipients"]) == (row.id, ["…344"])
    assert send(place, "34611223345", NUMBER).code == 0
    to = place.type("call", "--sent", "--to", "+34 611 22 33 45", "--json").told["typed_sends"]
    assert [each["size"] for each in to] == [2]
    assert len(place.type("call", "--sent", "--to", f"+{NUMBER}", "--json").told["typed_sends"]) == 2
    assert place.type("call", "--sent", "--to", "+34611223399", "--json").told["typed_sends"] == []


def test_the_report_counts_them_beside_the_messages(place: Place) -> None:
    """A line of their own, a list in JSON, and books that balance without them."""
    assert "By hand" not in place.type("report").out
    assert send(place, NUMBER, "34611223345").code == 0
    shown = place.type("report")
    assert shown.code == 0
    assert "By hand (`connector call`): 1 send to 2 recipients, beside the messages: 1 answered." in shown.out
    (told,) = place.type("report", "--json").told["typed_sends"]
    assert (told["account"], told["outcome"], told["number"], told["recipients"]) == ("nrs-main", "answered", 1, 2)


# -- how it can end


def test_what_certainly_sent_nothing_is_kept_and_not_counted(place: Place, sandbox: Sandbox) -> None:
    """A refusal and a connection that was never made leave a row with the reason, and their room to the next."""
    place.add("[caps.everything]\nmessages_an_hour = 1\n")
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "status", "status": 401, "times": 1})
    assert send(place).code == 1
    place.settings.write_text(place.settings.read_text("utf-8").replace(place.providers, "http://127.0.0.1:9"), "utf-8")
    assert send(place).code == 1
    place.settings.write_text(place.settings.read_text("utf-8").replace("http://127.0.0.1:9", place.providers), "utf-8")
    assert send(place).code == 0
    refused, never_left, answered = sorted(kept(place), key=lambda row: row.id)
    assert [each.outcome for each in (refused, never_left, answered)] == ["refused", "never_left", "answered"]
    assert refused.error
    assert "no connection was made" in never_left.error


def test_a_lost_answer_counts_and_the_books_say_that_it_is_in_doubt(place: Place, sandbox: Sandbox) -> None:
    """It may have been sent: it is kept as such, spends, and the report names it."""
    place.add("[caps.everything]\nmessages_an_hour = 1\n")
    sandbox.faults.add({"target": "nrs360", "kind": "drop_after", "times": 1})
    assert send(place).code == 1
    (row,) = kept(place)
    assert row.outcome == "may_have_left"
    assert "the cap of 1 messages an hour for everything leaves 0" in said(send(place))
    shown = place.type("report").out
    assert "nobody knows whether anything left" in shown
    assert row.id in shown


def test_a_crash_between_the_commit_and_the_answer_leaves_it_asked(place: Place, sandbox: Sandbox) -> None:
    """The row is there before the request leaves; killed, the command leaves it as asked, which counts and is shown."""
    place.add("[caps.everything]\nmessages_an_hour = 1\n")
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 20.0})
    data = json.dumps({"to": [NUMBER], "from": "TEST", "message": "Hello"})
    command = place.start("call", "nrs360", "sms.send", "--data", data, "--yes")
    try:
        until(lambda: asked_in(place.store))
    finally:
        command.kill()
        command.communicate()
    sandbox.faults.clear()
    (row,) = kept(place)
    assert (row.outcome, row.ended_at) == ("asked", None)
    assert "leaves 0" in said(send(place))
    assert "may have been sent" in place.type("message", "show", row.id).out
    assert "asked and never noted how it ended" in place.type("report").out
    assert "asked and never noted how it ended" in place.type("call", "--sent").out


def asked_in(store: Path) -> bool:
    """Whether a typed send is committed and without an end."""
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT count(*) FROM typed_send WHERE outcome = 'asked'").fetchone()
    return bool(found[0])


# -- caps


def test_a_send_that_a_cap_forbids_is_refused_with_what_is_left_and_until_when(place: Place, sandbox: Sandbox) -> None:
    """All or nothing: two of three fit, so none leaves, and nothing is kept; two are then let through."""
    place.add("[caps.accounts.nrs-main]\nmessages_an_hour = 2\n")
    answer = send(place, NUMBER, "34611223345", "34611223346")
    assert answer.code == 1
    assert "it wants 3, which is more than the cap of 2 messages an hour for the account nrs-main itself" in said(
        answer
    )
    assert kept(place) == []
    assert send(place).code == 0
    answer = send(place, NUMBER, "34611223345")
    assert answer.code == 1
    assert "leaves 1, and it wants 2; there is room again about 20" in said(answer)
    assert "Nothing was sent, to nobody." in said(answer)
    assert send(place, "34611223345").code == 0
    assert received(sandbox) == 2
    assert len(kept(place)) == 2


def test_parts_and_money_are_counted_as_far_as_the_text_tells_them(place: Place, sandbox: Sandbox) -> None:
    """A text of three parts is three of a cap of parts, and their price of a cap of money."""
    prices = "[accounts.{}]\nprice_a_part = 0.05"
    text = place.settings.read_text("utf-8")
    for account in ("nrs-main", "smsclouds-mx", "bulk360-my"):
        text = text.replace(f"[accounts.{account}]", prices.format(account))
    place.settings.write_text(f"{text}\n[caps.everything]\nparts_a_day = 5\nmoney_an_hour = 0.2\n", "utf-8")
    assert send(place, text=LONG, parts=3).code == 0
    over = send(place, text=LONG, parts=3)
    assert "the cap of 5 parts a day for everything leaves 2, and it wants 3" in said(over)
    over = send(place, NUMBER, "34611223345")
    assert "the cap of 0.2 money an hour for everything leaves 0.05, and it wants 0.1" in said(over)
    assert send(place).code == 0
    assert received(sandbox) == 2


def test_a_mappings_cap_and_a_campaigns_do_not_hold_a_send_by_hand_back(place: Place) -> None:
    """What a person types is of no mapping and of no campaign of the CRM's."""
    place.add("[caps.mappings.sms-outbox]\nmessages_an_hour = 1\n[caps.everything]\nmessages_a_campaign = 1\n")
    assert [send(place).code for _ in range(3)] == [0, 0, 0]


# -- old ones


def test_an_unknown_id_is_still_told_in_a_sentence(place: Place) -> None:
    """Neither a message nor a typed send has it."""
    answer = place.type("message", "show", new_id())
    assert answer.code == 1
    assert "no message has the id" in said(answer)


# -- lookups by hand


def test_lookups_by_hand_obey_their_cap_and_count_in_it(place: Place, sandbox: Sandbox) -> None:
    """Two an hour: a refused one is not counted, and the third is refused with the cap, before anybody is asked."""
    place.add("[caps.accounts.smsclouds-mx]\nlookups_an_hour = 2\n")
    sandbox.faults.add({"target": "smsclouds", "operation": HLR, "kind": "status", "status": 401, "times": 1})
    assert place.type("lookup", "+525512345678").code == 1
    for number in ("+525512345678", "+525512345679"):
        assert place.type("lookup", number, "--json").told["account"] == "smsclouds-mx"
    before = requests(sandbox, HLR, "smsclouds")
    answer = place.type("lookup", "+525512345670")
    assert answer.code == 1
    assert "smsclouds-mx was not asked: the cap of 2 lookups an hour for the account smsclouds-mx leaves 0" in said(
        answer
    )
    assert requests(sandbox, HLR, "smsclouds") == before == 3
    assert sum(row.lookups for row in kept(place, SPENDING)) == 2


@pytest.mark.parametrize(
    ("account", "operation", "data", "number"),
    [
        ("smsclouds-mx", "hlr.show", {"cellphone": "5512345678"}, 1),
        ("app-us", "lookup.phone", {"phoneNumber": "+12025550123"}, 1),
        ("nrs-main", "validation.start", {"emails": ["ana@example.com", "eva@example.com"], "groupsIds": []}, 2),
    ],
)
def test_lookups_by_call_count_as_well(
    place: Place, account: str, operation: str, data: dict[str, Any], number: int
) -> None:
    """Whichever guide's request looks recipients up is held to the same caps, by how many it looks up."""
    place.add(US_ACCOUNT.format(providers=place.providers))
    place.add(f"[caps.everything]\nlookups_a_day = {2 * number - 1}\n")
    words = ("call", account, operation, "--data", json.dumps(data))
    first = place.type(*words)
    assert first.code == 0, first.err
    assert sum(row.lookups for row in kept(place, SPENDING)) == number
    second = place.type(*words)
    assert second.code == 1
    assert f"leaves {number - 1}, and it wants {number}" in said(second)


def test_the_price_of_a_lookup_counts_in_caps_of_money(place: Place) -> None:
    """With a price, lookups spend of the money that messages spend of; a cap below one lookup is refused as such."""
    text = place.settings.read_text("utf-8")
    for account in ("nrs-main", "smsclouds-mx", "bulk360-my"):
        text = text.replace(
            f"[accounts.{account}]", f"[accounts.{account}]\nprice_a_part = 0.05\nprice_a_lookup = 0.03"
        )
    place.settings.write_text(f"{text}\n[caps.everything]\nmoney_a_day = 0.07\n", "utf-8")
    assert place.type("lookup", "+525512345678").code == 0
    assert "leaves 0.04, and it wants 0.05" in said(send(place))
    assert place.type("lookup", "+525512345679").code == 0
    answer = place.type("lookup", "+525512345670")
    assert "the cap of 0.07 money a day for everything leaves 0.01, and it wants 0.03" in said(answer)
    place.settings.write_text(place.settings.read_text("utf-8").replace("0.07", "0.02"), "utf-8")
    refused = place.type("lookup", "+525512345670")
    assert refused.code == 1
    assert "is less than one lookup at [accounts." in said(refused)
