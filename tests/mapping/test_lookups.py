"""A mapping's `lookup`: its keys, what is checked of it, and its rehearsals."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.mapping.document import Document
from connector.mapping.expression import ExpressionFault
from connector.mapping.lookups import LookupPart, check_lookup
from connector.mapping.parts import FieldChoice
from connector.model.capability import AccountCapability
from connector.model.lookups import LOOKUP_WORDS, LookedUp, LookupKind
from tests.mapping.conftest import Describe, Load

Problems = Callable[..., list[tuple[int, int, str]]]
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECTION = """lookup:
  account: smsclouds-mx
  of: to
  keep: 30d
  set: {Error__c: "{lookup.carrier}", Provider_Id__c: "{lookup.line_type} of {Contact__r.FirstName}"}
  stop: "lookup.valid == false"
  on_failure: hold
"""


@pytest.fixture(scope="session")
def accounts(accounts: dict[str, AccountCapability]) -> dict[str, AccountCapability]:
    """The usual ones, of which one looks numbers up."""
    usual = accounts["smsclouds-mx"]
    assert usual.capability is not None
    tells = frozenset({"valid", "line_type", "carrier", "ported"})
    looking = replace(usual.capability, looks_up=frozenset({LookupKind.PHONE}), lookup_tells=tells)
    return {**accounts, "smsclouds-mx": replace(usual, capability=looking)}


def with_section(example: str, section: str = SECTION, tests: str = "") -> str:
    """The example with a lookup, and with these tests after its own."""
    return example.replace("\nroute:\n", f"\n{section}route:\n") + tests


@pytest.fixture
def part(example: str, load_text: Load, describe: Describe) -> LookupPart:
    """The section, compiled against the org."""
    found = load_text(with_section(example), describe).mappings[0].lookup
    assert found is not None
    return found


def test_the_section_says_what_is_asked_and_what_follows(part: LookupPart) -> None:
    """Its keys mean what they say; a message waits ten minutes where nothing else is said."""
    assert (part.account, part.keep, part.wait) == ("smsclouds-mx", timedelta(days=30), timedelta(minutes=10))
    assert part.holds_on_failure
    (write,) = part.writes(
        "SMS_Message__c", "a01", LookedUp(line_type="mobile", carrier="Telcel"), {"Contact__r.FirstName": "Ana"}, AT
    )
    assert (write.object, write.record_id) == ("SMS_Message__c", "a01")
    assert write.fields == {"Error__c": "Telcel", "Provider_Id__c": "mobile of Ana"}


def test_fields_of_the_record_that_it_writes_from_are_read_and_kept(
    example: str, load_text: Load, describe: Describe
) -> None:
    """A field that `set` alone names is brought by the query and stays with the message."""
    text = with_section(example, SECTION.replace("Contact__r.FirstName", "Contact__r.Phone"))
    mapping = load_text(text, describe).mappings[0]
    assert "Contact__r.Phone" in mapping.read_fields
    assert "Contact__r.Phone" in mapping.kept_fields


@pytest.mark.parametrize(("valid", "stopped"), [(True, False), (False, True), (None, False)])
def test_only_what_was_told_stops(part: LookupPart, valid: bool | None, stopped: bool) -> None:
    """Null is not false."""
    assert part.stops(LookedUp(valid=valid)) is stopped


def test_a_stop_that_gives_neither_true_nor_false_decides_nothing(example: str, load_text: Load) -> None:
    """Neither by failing nor by giving a text is a message let through."""
    for stop in ("lookup.carrier.startsWith('T')", "lookup.ported"):
        section = SECTION.replace("lookup.valid == false", stop)
        found = load_text(with_section(example, section)).mappings[0].lookup
        assert found is not None
        with pytest.raises(ExpressionFault):
            found.stops(LookedUp(carrier=None if "carrier" in stop else "x", fields={"ported": "maybe"}))


def test_the_check_says_that_a_lookup_may_cost_money(example: str, load_text: Load) -> None:
    """A warning at the account, with how long a result is kept."""
    (warning,) = [each for each in load_text(with_section(example)).warnings if "money" in each.text]
    assert "looked up at `smsclouds-mx`, once in 30 days, and each lookup may cost money" in warning.text
    assert with_section(example).splitlines()[warning.line - 1].strip() == "account: smsclouds-mx"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("account: smsclouds-mx", "account: smsclouds", "no account `smsclouds`; did you mean `smsclouds-mx`?"),
        ("account: smsclouds-mx", "account: nrs-main", "`nrs-main` looks nothing up"),
        ("account: smsclouds-mx", "account: bulk360-my", "`bulk360-my` looks nothing up"),
        ("of: to", "of: from", "this must be 'to'"),
        ("keep: 30d", "keep: 30 days", "a length of time is a whole number and a unit"),
        ("lookup.carrier", "lookup.carier", "`lookup.carier` is not known here; did you mean `lookup.carrier`?"),
        ("lookup.valid ==", "lookup.well ==", "`lookup.well` is not known here"),
        ('"lookup.valid == false"', '"Body__c == null"', "`Body__c` is not known here"),
        ('"lookup.valid == false"', '"{lookup.valid}"', "`stop` is an expression already"),
        ('"lookup.valid == false"', "\"lookup.carrier + 'x'\"", "write what is true or false"),
        ("Error__c", "Eror__c", "SMS_Message__c has no field `Eror__c`; did you mean `Error__c`?"),
        ("Error__c", "Formula__c", "`Formula__c` of SMS_Message__c cannot be written"),
        ("Contact__r.FirstName", "Contact__r.FistName", "Contact has no field `FistName`"),
        ("on_failure: hold", "on_failure: stop", "this must be 'send' or 'hold'"),
        ("on_failure", "on_fail", "the key `on_fail` is not known in `lookup`; did you mean `on_failure`?"),
    ],
)
def test_what_is_wrong_is_told(  # three fixtures, three parameters
    example: str, problems_of: Problems, describe: Describe, old: str, new: str, text: str
) -> None:
    """Each mistake at its place, in words that say what to do."""
    assert old in SECTION
    found = problems_of(with_section(example, SECTION.replace(old, new, 1)), describe)
    assert any(text in problem for _, _, problem in found), found


def test_a_lookup_that_nothing_follows_from_is_refused(example: str, problems_of: Problems) -> None:
    """It would cost, and change nothing."""
    found = problems_of(with_section(example, "lookup:\n  account: smsclouds-mx\n"))
    assert ["give it `set`, `stop` or both" in text for _, _, text in found] == [True]


def test_a_word_that_is_never_told_is_a_warning(example: str, load_text: Load) -> None:
    """What the account's settings have no place for is always empty."""
    section = SECTION.replace("{lookup.carrier}", "{lookup.country}")
    told = [each.text for each in load_text(with_section(example, section)).warnings]
    assert any("`lookup.country` is never told by `smsclouds-mx`" in text for text in told)


@pytest.mark.parametrize(
    ("channel", "text", "warns"),
    [
        (FieldChoice("sms"), None, False),
        (FieldChoice(None, "Channel__c"), None, False),
        (FieldChoice("email"), "does not look up e-mail addresses, and all recipients here are", False),
        (FieldChoice(None, "C", {"a": "sms"}, "email"), "e-mail addresses; their messages are held", True),
    ],
)
def test_recipients_that_the_account_does_not_look_up(
    part: LookupPart, channel: FieldChoice, text: str | None, warns: bool
) -> None:
    """All of them: an error. Some of them: a warning that says what becomes of their messages."""
    document = Document("mapping.yaml")
    check_lookup(document, part, channel)
    found = [(problem.text, problem.warning) for problem in document.problems if "money" not in problem.text]
    found = [(told, warning) for told, warning in found if "never told" not in told]
    if text is None:
        assert found == []
    else:
        ((told, warning),) = found
        assert text in told
        assert warning is warns


GIVEN = """  - given: {Body__c: Hola, Contact__r: {MobilePhone: "449 898 7282", MailingCountryCode: MX, FirstName: Ana}}
"""


def test_a_rehearsal_gives_a_result_and_expects_what_follows(example: str, problems_of: Problems) -> None:
    """Whether the message is stopped, and what is written to the record; what the result leaves out is null."""
    stopped = "    lookup: {valid: false, carrier: Telcel}\n    expect: {stopped: true, set: {Error__c: Telcel, "
    passes = "    lookup: {line_type: mobile}\n    expect: {stopped: false, set: {Provider_Id__c: mobile of Ana}}\n"
    tests = GIVEN + stopped + "Provider_Id__c: ' of Ana'}}\n" + GIVEN + passes
    assert problems_of(with_section(example, tests=tests)) == []


@pytest.mark.parametrize(
    ("rehearsed", "text"),
    [
        (
            "    lookup: {valid: true}\n    expect: {stopped: true}\n",
            "expected stopped `True`, and it came out `False`",
        ),
        ("    lookup: {valid: true}\n    expect: {set: {Error__c: x}}\n", "expected set"),
        (
            "    lookup: {wellness: 1}\n    expect: {stopped: false}\n",
            "`wellness` is nothing that `smsclouds-mx` tells",
        ),
        ("    expect: {stopped: true}\n", "`stopped` follows from a lookup; give its result in `lookup`"),
    ],
)
def test_a_rehearsal_that_fails_is_told(example: str, problems_of: Problems, rehearsed: str, text: str) -> None:
    """At its line, with what came out."""
    found = problems_of(with_section(example, tests=GIVEN + rehearsed))
    assert any(text in problem for _, _, problem in found), found


def test_a_rehearsed_result_needs_a_lookup(example: str, problems_of: Problems) -> None:
    """A mapping without one cannot be given a result."""
    (problem,) = problems_of(example + GIVEN + "    lookup: {valid: true}\n    expect: {to: '+524498987282'}\n")
    assert "the mapping has no `lookup`" in problem[2]


def test_the_words_of_every_provider_are_there(part: LookupPart) -> None:
    """What one account tells stands beside the words that all of them share."""
    assert part.words == {f"lookup.{name}" for name in (*LOOKUP_WORDS, "ported")}
