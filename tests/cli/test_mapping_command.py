"""`connector mapping`: all that is wrong, where, and with the line under it."""

from pathlib import Path

from connector.sandbox.server import Sandbox
from tests.cli.place import MAPPING, Place, typed


def _broken(place: Place) -> Path:
    file = place.folder / "broken.yaml"
    file.write_text(
        MAPPING.read_text("utf-8").replace("{Body__c}", "{Bdy__c}").replace("valid_for:", "valid_form:"), "utf-8"
    )
    return file


def test_good_mappings_are_listed_with_their_tests(place: Place) -> None:
    """A mapping that can be used is shown with its accounts and how many of its tests were run; exit code 0."""
    answer = place.type("mapping", "check", "--json")
    assert answer.code == 0
    (row,) = answer.told["mappings"]
    assert (row["name"], row["object"], row["tests run"]) == ("sms-outbox", "SMS_Message__c", 1)
    assert {problem["kind"] for problem in answer.told["problems"]} == {"warning"}
    assert "sms-outbox" in place.type("mapping", "check").out


def test_a_problem_is_shown_where_it_is(place: Place) -> None:
    """An error has file, line and column, its line of the file, and a caret under the very place; exit code 1."""
    file = _broken(place)
    answer = place.type("mapping", "check", str(file), "--offline")
    assert answer.code == 1
    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "valid_form" in line and " | " in line)
    place_of_it = lines[at].index("valid_form")
    assert lines[at + 1].index("^") == place_of_it
    source = file.read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(source, 1) if "valid_form" in text)
    assert any(f"{file}:{line}:3: error" in told for told in lines)


def test_nothing_is_sent_while_one_of_several_mappings_is_broken(place: Place, sandbox: Sandbox) -> None:
    """Its stop words, hours and replies would be gone meanwhile: the pass says what is wrong and where, and ends."""
    sandbox.seed({"messages": 5, "bad": False})
    broken = _broken(place)
    settings = place.settings.read_text("utf-8")
    place.settings.write_text(settings.replace("mappings = [", f'mappings = ["{broken}", '), "utf-8")
    refused = place.type("once")
    assert refused.code == 1
    assert f"{broken}:" in refused.err
    assert sandbox.providers.world.ledger.as_json()["received"] == 0
    broken.unlink()
    place.settings.write_text(settings, "utf-8")
    assert place.type("once").code == 0
    assert sandbox.providers.world.ledger.as_json()["received"] == 5


def test_a_field_the_org_lacks_is_found_online_only(place: Place) -> None:
    """Names are checked against the org unless --offline is said."""
    file = place.folder / "unknown.yaml"
    file.write_text(MAPPING.read_text("utf-8").replace("{Sender__c}", "{Sendr__c}"), "utf-8")
    online = place.type("mapping", "check", str(file), "--json")
    assert online.code == 1
    assert any("Sendr__c" in problem["text"] and problem["line"] == 13 for problem in online.told["problems"])
    assert place.type("mapping", "check", str(file), "--offline").code == 0


def test_a_condition_is_put_to_the_org(place: Place) -> None:
    """What only the org can say of a `where` is told at its line, in the org's words; --offline asks nothing."""
    file = place.folder / "condition.yaml"
    file.write_text(
        MAPPING.read_text("utf-8").replace("Status__c = 'Queued' AND", "Status__c == 'Queued' AND"), "utf-8"
    )
    online = place.type("mapping", "check", str(file), "--json")
    assert online.code == 1
    told = [problem for problem in online.told["problems"] if problem["kind"] == "error"]
    assert [(problem["line"], problem["column"]) for problem in told] == [(6, 10)]
    assert "MALFORMED_QUERY" in told[0]["text"]
    assert place.type("mapping", "check", str(file), "--offline").code == 0


def test_the_schema_in_the_repository_is_not_stale() -> None:
    """mappings/mapping.schema.json is what `connector mapping schema` prints."""
    assert typed("mapping", "schema").out == (MAPPING.parent / "mapping.schema.json").read_text("utf-8")
