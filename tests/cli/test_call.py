"""`connector call`: any operation of a guide typed by hand, against the pretend providers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.cli import call_answers
from connector.cli.call_answers import ask_and_show
from connector.model.errors import UnreadableAddress
from connector.providers.exchange import Response
from connector.providers.fields import example
from connector.providers.nrs360.client import NRS360Client
from connector.providers.operation import Operation, Talk
from connector.providers.registry import CLIENTS, PROVIDERS
from connector.sandbox.server import Sandbox
from tests.cli.place import Answer, Place, typed, until

NUMBER = "+34611223344"
SMS = json.dumps({"to": [NUMBER[1:]], "from": "TEST", "message": "Hello from a person"})
ROWS = [(provider, row) for provider, client in CLIENTS.items() for row in client.operations().values()]
every_row = pytest.mark.parametrize(("provider", "row"), ROWS, ids=[f"{p} {row.name}" for p, row in ROWS])


def lines(answer: Answer) -> list[Any]:
    assert answer.code == 0, answer.err
    return [json.loads(line) for line in answer.out.splitlines()]


def sent(sandbox: Sandbox) -> int:
    """How many messages the pretend providers took."""
    received: int = sandbox.ledger.as_json()["received"]
    return received


def test_an_operation_is_called_and_its_answer_printed(place: Place) -> None:
    """A contact is made by the guide's names and by ours, and shown as a JSON document with the guide's names."""
    data = {"email": "ana@example.com", "groups_names": ["Spring"], "name": "Ana", "countryIso": "ES"}
    made = place.type("call", "nrs360", "contacts.create", "--data", json.dumps(data))
    assert made.code == 0, made.err
    assert made.told["name"] == "Ana"
    assert "\n  " in made.out
    shown = place.type("call", "nrs-main", "contacts.show", "--data", json.dumps({"id": made.told["id"]}), "--json")
    assert shown.told["countryIso"] == "ES"
    assert shown.out.count("\n") == 1


def test_data_comes_from_a_file_or_from_nowhere(place: Place, tmp_path: Path) -> None:
    """`@file` is read; what needs nothing is asked without data; what cannot be read is a matter of usage."""
    file = tmp_path / "asked.json"
    file.write_text('{"name": "Spring"}', "utf-8")
    assert place.type("call", "nrs360", "groups.create", "--data", f"@{file}").told["name"] == "Spring"
    assert "balance" in place.type("call", "nrs360", "account.show").told
    for wrong in ("{", "[1]", f"@{tmp_path}/none.json"):
        assert place.type("call", "nrs360", "groups.create", "--data", wrong).code == 2


def test_pages_are_joined_as_lines(place: Place) -> None:
    """Every row of every page of a list is a line of JSON, in order, none twice."""
    for number in range(5):
        made = place.type("call", "nrs360", "groups.create", "--data", json.dumps({"name": f"Group {number}"}))
        assert made.code == 0, made.err
    told = lines(place.type("call", "nrs360", "groups.list", "--data", '{"limit": 2}'))
    assert [row["name"] for row in told] == [f"Group {number}" for number in range(5)]


def test_a_template_is_previewed_into_a_file(place: Place, tmp_path: Path) -> None:
    """A text is printed as it is, as JSON when asked for, and written to the file that is named."""
    made = place.type("call", "nrs360", "templates.create", "--data", '{"name": "Spring", "html": "<p>Hi</p>"}').told
    words = ("call", "nrs360", "templates.preview", "--data", json.dumps({"id": made["id"]}))
    assert place.type(*words).out.strip() == "<p>Hi</p>"
    assert json.loads(place.type(*words, "--json").out).strip() == "<p>Hi</p>"
    assert place.type(*words, "--output", str(tmp_path / "page.html")).out == ""
    assert (tmp_path / "page.html").read_text("utf-8").strip() == "<p>Hi</p>"


def answering(answers: Iterator[Response]) -> NRS360Client:
    """A client that is answered in turn."""
    return NRS360Client(Talk(lambda _: next(answers), dict, lambda _: None))


def test_a_broken_row_costs_only_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The rows around it are printed, its line's number and why are told, and the command ends with 1."""
    csv = iter(["email;result", "ana@example.com;deliverable", "one;two;three", "eva@example.com;risky"])
    client = answering(iter([Response(200, {}, lines=csv)]))
    row = NRS360Client.operations()["validation.result"]
    whole = ask_and_show(client.validation.result, row.asks(id=1), output=None, compact=False)
    told = capsys.readouterr()
    assert not whole
    assert [json.loads(line)["email"] for line in told.out.splitlines()] == ["ana@example.com", "eva@example.com"]
    assert "line 3" in told.err


def test_rows_and_pages_are_written_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    """A row is on its way out before the next is read, and a page before the next is asked for, so none is kept."""
    written: list[str] = []

    def rows() -> Iterator[str]:
        yield "email;result"
        for place in range(3):
            yield f"ana{place}@example.com;deliverable"
            written.append(capsys.readouterr().out)

    client = answering(iter([Response(200, {}, lines=rows())]))
    validation = NRS360Client.operations()["validation.result"]
    assert ask_and_show(client.validation.result, validation.asks(id=1), output=None, compact=False)
    assert [json.loads(line)["email"] for line in written] == [f"ana{place}@example.com" for place in range(3)]

    def pages() -> Iterator[Response]:
        for page in (1, 2):
            meta = {"pagination": {"current_page": page, "total_pages": 2}}
            yield Response(200, {}, json.dumps({"data": [{"id": page, "name": "x"}], "meta": meta}).encode())
            written.append(capsys.readouterr().out)

    written.clear()
    client = answering(pages())
    groups = NRS360Client.operations()["groups.list"]
    assert ask_and_show(client.groups.list, groups.asks(), output=None, compact=False)
    assert [json.loads(line) for line in written] == [{"id": 1, "name": "x"}]


def test_a_report_is_lines(place: Place) -> None:
    """The events of a sending are a line of JSON each, by the report's columns."""
    data = json.dumps({**json.loads(SMS), "campaignName": "Spring"})
    assert place.type("call", "nrs360", "sms.send", "--data", data, "--yes").code == 0
    (campaign,) = lines(place.type("call", "nrs360", "campaigns.list"))
    asked = json.dumps({"sendingId": campaign["sendings"][0]["id"]})
    until(lambda: place.type("call", "nrs360", "reports.events", "--data", asked).out)
    told = lines(place.type("call", "nrs360", "reports.events", "--data", asked))
    assert {row["phone"] for row in told} == {NUMBER[1:]}


def test_a_file_does_not_end_on_a_terminal(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate is refused to a terminal before it is asked for, with what to do."""
    monkeypatch.setattr(call_answers, "on_terminal", lambda: True)
    answer = place.type("call", "nrs360", "certificates.sms", "--data", '{"id": "1"}')
    assert answer.code == 2
    assert "--output" in answer.err


def test_every_mistake_is_told_at_once_and_no_value(place: Place) -> None:
    """Each wrong field is named with what is wrong; neither texts, numbers nor secrets are repeated."""
    wrong = {"to": [], "message": "", "encoding": "morse-8899", "mesage": "psst 4711", "parts": 16, "tags": "x-8899"}
    answer = place.type("call", "nrs360", "sms.send", "--data", json.dumps(wrong))
    assert answer.code == 2
    said = answer.err.splitlines()
    for field in ("to:", "from: this field is missing", "message:", "encoding:", "parts:", "tags:"):
        assert any(line.startswith(field) for line in said), field
    assert "mesage: there is no such field; did you mean message?" in said
    assert "4711" not in answer.err
    assert "8899" not in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nrs360", "contacts.creat"), "did you mean contacts.create"),
        (("nrs360", "otp.xxxxxxxxxxxxxxx"), "did you mean otp.check or otp.generate"),
        (("acme", "contacts.list"), "no account and no provider 'acme'"),
        (("optimum", "sms.status"), "no account at optimum"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(place: Place, words: tuple[str, ...], said: str) -> None:
    """An unknown operation has its nearest names, an unknown account those there are; exit code 1."""
    answer = place.type("call", *words)
    assert answer.code == 1
    assert said in " ".join(answer.err.split())


def test_a_provider_with_several_accounts_wants_one_named(place: Place) -> None:
    """Of two accounts at a provider none is taken by chance."""
    place.add('[accounts.nrs-second]\nprovider = "nrs360"\nusername = "a"\napi_password = "b"\n')
    answer = place.type("call", "nrs360", "account.show")
    assert answer.code == 1
    assert "nrs-main, nrs-second" in " ".join(answer.err.split())
    assert place.type("call", "nrs-main", "account.show").code == 0


def test_refusals_of_the_provider_are_sentences(place: Place) -> None:
    """A documented refusal and an unreachable provider end in exit code 1 and no traceback."""
    assert place.type("call", "nrs360", "contacts.show", "--data", '{"id": 99999}').code == 1
    place.write(providers="http://127.0.0.1:9")
    away = place.type("call", "nrs360", "account.show")
    assert (away.code, away.out) == (1, "")
    assert "no connection was made" in " ".join(away.err.split())
    assert "Traceback" not in away.err


@pytest.mark.parametrize(
    ("operation", "data"),
    [("sms.send", SMS), ("scheduled.delete", '{"guid": 1}'), ("scheduled.delete", '{"everything": true}')],
)
def test_what_sends_or_changes_everything_needs_a_yes(
    place: Place, sandbox: Sandbox, operation: str, data: str
) -> None:
    """Without --yes it says what would happen, and nothing is asked."""
    answer = place.type("call", "nrs360", operation, "--data", data)
    assert (answer.code, answer.out) == (1, "")
    assert "add --yes" in " ".join(answer.err.split())
    assert NUMBER[1:] not in answer.err
    assert sent(sandbox) == 0


def test_what_acts_on_all_without_a_word_is_refused_with_a_yes_too(place: Place) -> None:
    """--yes does not stand for the explicit word that the operation's type asks for."""
    answer = place.type("call", "nrs360", "scheduled.delete", "--yes")
    assert answer.code == 2
    assert "every scheduled message" in " ".join(answer.err.split())


def test_a_yes_sends(place: Place, sandbox: Sandbox) -> None:
    """With --yes and nobody's stop it is sent, once."""
    answer = place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes")
    assert answer.code == 0, answer.err
    assert answer.told["result"][0]["accepted"] is True
    assert sent(sandbox) == 1


def test_a_stopped_number_gets_nothing_though_a_person_says_yes(place: Place, sandbox: Sandbox) -> None:
    """The ledger of consent stands above --yes; the start that lifts the stop lets it go."""
    assert place.type("once").code == 0
    assert place.type("consent", "stop", NUMBER, "--why", "asked by phone").code == 0
    refused = place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes")
    assert refused.code == 1
    assert "asked by phone" in " ".join(refused.err.split())
    assert "Nothing was sent" in refused.err
    assert sent(sandbox) == 0
    assert place.type("consent", "start", NUMBER, "--why", "signed a form").code == 0
    assert place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes").code == 0


def test_outside_production_only_listed_numbers_are_sent_to(place: Place, sandbox: Sandbox) -> None:
    """Live fire stands above --yes too: the listed number is sent to, another is not."""
    text = place.settings.read_text("utf-8").replace("production = true", f'production = false\nallow = ["{NUMBER}"]')
    place.settings.write_text(text, "utf-8")
    assert place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes").code == 0
    other = place.type("call", "nrs360", "sms.send", "--data", SMS.replace(NUMBER[1:], "34600000001"), "--yes")
    assert other.code == 1
    assert "[live] allow" in " ".join(other.err.split())
    assert sent(sandbox) == 1


def test_a_paused_account_sends_nothing_by_hand(place: Place, sandbox: Sandbox) -> None:
    """`connector pause` holds for what a person types as for everything else."""
    assert place.type("pause", "--account", "nrs-main").code == 0
    answer = place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes")
    assert answer.code == 1
    assert "nrs-main is paused" in " ".join(answer.err.split())
    assert sent(sandbox) == 0


def test_a_recipient_that_cannot_be_told_is_not_sent_to(place: Place, sandbox: Sandbox) -> None:
    """A number that cannot be looked up in the ledger is refused, and not repeated."""
    answer = place.type("call", "nrs360", "sms.send", "--data", SMS.replace(NUMBER[1:], "99912"), "--yes")
    assert answer.code == 1
    assert "99912" not in answer.err
    assert sent(sandbox) == 0


def test_an_address_is_told_however_it_is_spelt() -> None:
    """What the ledger knows in small letters is found by what a request writes in capitals."""
    adapter = PROVIDERS["nrs360"]
    account = adapter("main", adapter.options.model_validate({"username": "a", "api_password": "b"}))
    assert account.recipient(" Ana@Example.com ") == "ana@example.com"
    assert {account.recipient(written) for written in (NUMBER, NUMBER[1:], f"00{NUMBER[1:]}")} == {NUMBER}
    with pytest.raises(UnreadableAddress):
        account.recipient("Ana <ana@example.com>")


def test_a_lost_answer_to_a_send_is_told_as_doubt(place: Place, sandbox: Sandbox) -> None:
    """When no answer comes it may have been sent, and the sentence warns of typing it again."""
    sandbox.faults.add({"target": "nrs360", "kind": "drop_after", "times": 1})
    answer = place.type("call", "nrs360", "sms.send", "--data", SMS, "--yes")
    assert answer.code == 1
    assert "before typing this again" in " ".join(answer.err.split())


def test_the_account_is_named_by_its_settings(place: Place) -> None:
    """What names the account in a body comes from the settings, and a token that is told is not shown."""
    answer = place.type("call", "bulk360", "oauth.token", "--json")
    assert answer.code == 0, answer.err
    assert set(answer.told["access_token"]) == {"*"}


def test_the_list_has_every_operation() -> None:
    """`--list` names each operation of each provider, or of one, as lines and as JSON; no settings are needed."""
    told = json.loads(typed("call", "--list", "--json").out)["operations"]
    assert [(row["provider"], row["operation"]) for row in told] == [(provider, row.name) for provider, row in ROWS]
    shown = typed("call", "--list", "nrs360").out
    assert "contacts.create" in shown
    assert "campaigns.create" not in shown


@every_row
def test_every_operation_explains_itself(provider: str, row: Operation[..., Any]) -> None:
    """Help names the section and every field of the type, and its example is taken as data."""
    answer = typed("call", provider, row.name, "--help")
    assert answer.code == 0, answer.err
    assert row.section in answer.out
    for name, field in row.asked.model_fields.items():
        assert (field.serialization_alias or name) in answer.out, name
    elsewhere = PROVIDERS[provider].account_fields
    data = example(row.asked, elsewhere)
    assert not data or json.dumps(data, separators=(",", ":")) in answer.out
    filled = {name: "of the account" for name in elsewhere if name in row.asked.model_fields}
    assert row.asked.model_validate({**data, **filled})


@every_row
def test_every_row_that_sends_says_to_whom(provider: str, row: Operation[..., Any]) -> None:
    """A send's recipients can be read off what is asked; a row that does not send has none."""
    assert row.sends == (row.recipients is not None)
    if row.recipients:
        filled = {
            name: "of the account" for name in PROVIDERS[provider].account_fields if name in row.asked.model_fields
        }
        asked = row.asked.model_validate({**example(row.asked, filled), **filled})
        assert list(row.recipients(asked))


@every_row
def test_every_answer_to_a_send_names_what_was_sent(provider: str, row: Operation[..., Any]) -> None:
    """Its id is read off the answer, but where the guide describes none; what sends no text of parts has no `text`."""
    assert (row.batch is not None) == (row.sends and row.tells is not str)
    assert row.sends or row.text is None
    if row.text:
        filled = dict.fromkeys(PROVIDERS[provider].account_fields, "of the account")
        data = {
            **example(row.asked, filled),
            **{name: filled[name] for name in filled if name in row.asked.model_fields},
        }
        assert row.text(row.asked.model_validate(data))


@every_row
def test_what_comes_in_pages_has_its_rows_in_data(provider: str, row: Operation[..., Any]) -> None:
    """Whatever is followed from page to page tells its rows as `data`, of which lines are made."""
    assert row.follow is None or "data" in row.tells.model_fields, f"{provider} {row.name}"


def test_a_group_of_addresses_counts_as_one_lookup() -> None:
    """How many a group has is not told; what is asked never counts as nothing."""
    start = CLIENTS["nrs360"].operations()["validation.start"]
    assert start.lookups is not None
    for data, number in (({"groupsIds": [1, 2]}, 2), ({"groupsIds": [1], "emails": ["ana@example.com"]}, 2)):
        assert start.lookups(start.asked.model_validate(data)) == number
