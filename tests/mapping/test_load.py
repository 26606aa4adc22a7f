"""Loading: all files, all problems, one run."""

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.load import load
from connector.mapping.schema import schema_json
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError

Problems = Callable[..., list[tuple[int, int, str]]]


def test_the_example_loads_with_its_own_tests(load_text: Any, example: str, describe: Any) -> None:
    """The example of the design works whole, against the org too; only the missing adapter is worth a word."""
    for org in (None, describe):
        loaded = load_text(example, org)
        assert [mapping.name for mapping in loaded.mappings] == ["sms-outbox"]
        assert ["bulk360-my" in each.text for each in loaded.warnings] == [True]


def test_the_schema_for_editors_is_fresh() -> None:
    """mappings/mapping.schema.json is what the models say today (`make generated` writes it anew)."""
    path = Path(__file__).parents[2] / "mappings" / "mapping.schema.json"
    assert path.read_text(encoding="utf-8") == schema_json()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('text: "{Body__c}"', "text: §{Body__c}", "put quotes around the whole text, for YAML reads it as a map"),
        ('text: "{Body__c}"', "text: §[a]", "put quotes around the whole text, for YAML reads it as a list"),
        ('text: "{Body__c}"', "text: §12", "put quotes around the whole text, for YAML reads it as a number"),
        ('text: "{Body__c}"', "text:§ #1", "put quotes around the text"),
        ('text: "{Body__c}"', "text: §Hi #1", "a comment follows this text and is cut off"),
        ('campaign: "{Campaign__r.Name}"', "campaign: §{Campaign__r.Name}", "reads it as a map"),
        ('text: "{Body__c}"', 'text: "{§Body__c + }"', "it ends too early"),
        ('text: "{Body__c}"', 'text: "Hi {§provider.id}"', "`provider.id` is not known here"),
        ('text: "{Body__c}"', 'text: "Hi {§claim.token}"', "`claim.token` is not known here"),
        ('"{claim.token}"', '"{§provider.id}"', "`provider.id` is not known here"),
        ('"{at}"', '"{§match.id}"', "`match.id` is not known here"),
        ('text: "{Body__c}"', 'text: "Hi §} {Body__c}"', "a `}` stands here without its `{`"),
        ('text: "{Body__c}"', 'text: "Hi §{Body__c"', "a `{` stands here without its `}`"),
        ('text: "{Body__c}"', "text: |\n    Hi\n    {§foo}", "`foo` is not known here"),
        ('text: "{Body__c}"', "text: |\n    Hi\n    you {Name} {§foo}", "`foo` is not known here"),
        ("kind: service", "§kynd: service", "`kynd` is not known in `message`; did you mean `kind`?"),
        ("zone: recipient", "zone: §Mars/Base", "`Mars/Base` is not a time zone"),
        ('from: "08:00"', "from: §8:00", 'a time of day is written "08:00"'),
        ('to: "21:00"', 'to: §"08:00"', "leaves no hours"),
        ("valid_for: 24h", "valid_for: §24", "30m, 24h, 7d"),
        ("valid_for: 24h", "valid_for: §1 day", "30m, 24h, 7d"),
        ("on_unknown: hold", "on_unknown: §{resend_after: 30m}", "may_send_twice: true"),
        ("on_unknown: hold", "on_unknown: §{resend_after: 30m, may_send_twice: false}", "may_send_twice: true"),
        ("on_unknown: hold", "on_unknown: §retry", "write `hold`"),
        ("WhatsApp: whatsapp}", "WhatsApp: §fax}", "`fax` is not a channel"),
        ("default: sms}", "default: §smss}", "`smss` is not a channel"),
        ("field: Channel__c", 'field: §"{Channel__c}"', "write it without braces"),
        ("field: Channel__c", "field: §Channel c", "is not the name of a field"),
        ("account: bulk360-my", "account: §bulk360-mx", "did you mean `bulk360-my`?"),
        ("[smsclouds-mx, nrs-main]", "[nrs-main, §nrs-main]", "stands here twice"),
        ("when: \"to.country == 'MY'\"", 'when: §"{to.country}"', "without braces"),
        ("when: \"to.country == 'MY'\"", 'when: §"to.country + 1"', "gives a value"),
        ("when: \"to.country == 'MY'\"", "when: \"§to.cuntry == 'MY'\"", "did you mean `to.country`?"),
        ("- {account: nrs-main}", "- {account: nrs-main}\n  - §{account: nrs-main}", "never reached"),
        ('send_at: "{Send_After__c}"', 'send_at: §"at {Send_After__c}"', "a moment stands here"),
        ("<= {now})", "<= §{today})", "a query knows {now} only"),
        ("<= {now})", "<= {now}) §LIMIT 5", "order is said by `rank`"),
        ("Priority__c, CreatedDate", "§Priority__c DOWN", "only ASC or DESC"),
        ("on: [accepted, failed]", "on: [accepted, §done]", "this must be"),
        ("key: SMS_External_Id__c\n  set", "key: SMS_External_Id__c\n  §sets", "did you mean `set`?"),
        ("in: [Contact.MobilePhone", "in: [§MobilePhone", "must name an object and its field"),
        (", in: [Contact.MobilePhone, Contact.Phone, Lead.MobilePhone]}", "}", "needs the fields"),
        ("{by: message}", "§{by: message, in: [Contact.Phone]}", "belongs to a match by phone"),
        ("Contact.SMS_Opt_Out__c: true", "§SMS_Opt_Out__c: true", "must name an object and its field"),
        ("version: 1", "version: §2", "write `version: 1`"),
        ("version: 1", "version: §true", "write `version: 1`"),
        ("version: 1\nname: sms-outbox", "§version: 1", "the key `name` is missing"),
        ("name: sms-outbox", "name: §sms outbox", "a name is made of letters"),
        ("template: 123", 'template: §"123"', "a whole number above 0"),
        ("Status__c: Held", "§Status.Name: Held", "only its own fields can be written"),
        ("Status: Completed", "§SMS_External_Id__c: x", "is the key, which the connector fills"),
        ("parts: 1", "parts: §2", "expected parts `2`, and it came out `1`"),
        ("encoding: GSM-7", "encoding: §UCS-2", "expected encoding `UCS-2`, and it came out `GSM-7`"),
        ('"+524498987282"', "§+524498987283", "expected to `+524498987283`, and it came out `+524498987282`"),
        ("account: smsclouds-mx,", "account: §nrs-main,", "and it came out `smsclouds-mx`"),
        ("given: {Body__c", "given: {§Foo__c: 1, Body__c", "the mapping never reads `Foo__c`"),
        ('MobilePhone: "449', '§MobilPhone: "449', "did you mean `Contact__r.MobilePhone`?"),
    ],
)
def test_a_problem_is_told_at_its_place(problems_of: Problems, example: str, old: str, new: str, said: str) -> None:
    """Each mistake is a sentence, at the line and column (§) where a person must change something."""
    assert old in example
    text = example.replace(old, new, 1)
    before, place, _ = text.partition("§")
    found = [each for each in problems_of(text.replace("§", "")) if said in each[2]]
    assert found
    if place:
        assert found[0][:2] == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_a_failing_test_says_why_nothing_came_out(problems_of: Problems, example: str) -> None:
    """Where the record is refused instead, the reason stands beside each expectation."""
    found = problems_of(example.replace('"449 898 7282"', '"12"'))
    assert len(found) == 4
    assert all("came out nothing, for the record is refused: Contact__r.MobilePhone" in text for _, _, text in found)


@pytest.mark.parametrize("word", ["accepted", "delivered", "failed", "held", "unknown", "cancelled"])
def test_an_end_that_writes_nothing_is_refused(problems_of: Problems, example: str, word: str) -> None:
    """A message whose end never reaches its record would be lost to the people who wait for it."""
    found = problems_of(re.sub(rf"(?m)^  {word}: .*\n", "", example))
    assert [text for _, _, text in found if f"`{word}: " in text]


def test_sent_may_stand_for_delivered(problems_of: Problems, example: str) -> None:
    """Where a provider says no more than sent, sent is the end that writes."""
    assert not problems_of(example.replace("  delivered: ", "  sent: "))


def test_each_failure_may_have_its_own_word(problems_of: Problems, example: str) -> None:
    """`failed` may be left out when rejected, undelivered, expired and failed itself are all told."""
    line = next(each for each in example.splitlines() if each.startswith("  failed:"))
    three = "\n".join(line.replace("failed:", f"{word}:", 1) for word in ("rejected", "undelivered", "expired"))
    assert [text for _, _, text in problems_of(example.replace(line, three)) if "ends failed" in text]
    assert not problems_of(example.replace(line, f"{line}\n{three}"))


def test_all_problems_come_in_one_run(problems_of: Problems, example: str) -> None:
    """A wrong shape does not hide wrong names: what can be told is told at once."""
    text = (
        example.replace("kind:", "kynd:").replace("channel ==", "chanel ==").replace("valid_for: 24h", "valid_for: x")
    )
    text = text.replace("account: bulk360-my", "account: nowhere").replace("Status__c: Held", "Status__c:\u00a0Held")
    lines = {line for line, _, _ in problems_of(text)}
    assert lines == {16, 18, 23, 25, 31}


def test_problems_of_several_files_come_together(tmp_path: Path, example: str, accounts: Any) -> None:
    """A directory is read whole, and each problem names its file."""
    (tmp_path / "a.yaml").write_text(example.replace("version: 1", "version: 3"))
    (tmp_path / "b.yml").write_text("[]")
    (tmp_path / "c.txt").write_text("not a mapping")
    with pytest.raises(MappingError) as error:
        load([tmp_path, tmp_path / "gone.yaml"], accounts)
    files = {Path(problem.file).name for problem in error.value.problems if not problem.warning}
    assert files == {"a.yaml", "b.yml", "gone.yaml"}
    assert "gone.yaml:0:0: error: the file cannot be read: No such file" in str(error.value)


def test_an_empty_directory_is_told(tmp_path: Path, accounts: Any) -> None:
    """A wrong path does not look like a service with nothing to do."""
    with pytest.raises(MappingError, match="holds no mapping file"):
        load([tmp_path], accounts)


def test_two_mappings_of_one_name_are_refused(tmp_path: Path, example: str, accounts: Any) -> None:
    """The name stands on messages in the store, so it must mean one mapping."""
    (tmp_path / "a.yaml").write_text(example)
    (tmp_path / "b.yaml").write_text(example)
    with pytest.raises(MappingError, match=r"b\.yaml:3:7: error: the name `sms-outbox` is taken by"):
        load([tmp_path], accounts)


def _damaged(text: str, seed: int) -> str:
    choose = random.Random(seed)
    pieces = [*"{}[]\"':,#&*!|>-\n\t \u00a0", "{Body__c", "null", "true", "- ", "{{", "9" * 30, "é", "x: y", "[" * 20]
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(text))
        cut = choose.choice([0, 0, 1, 3, 20])
        text = text[:at] + choose.choice(pieces) + text[at + cut :]
    return text


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_mapping_is_a_mapping_error_or_none(problems_of: Problems, example: str, seed: int) -> None:
    """However a file is mistyped, it loads or says where it is wrong; nothing else ever comes out."""
    text = _damaged(example, seed)
    lines = text.count("\n") + 1
    for line, column, said in problems_of(text):
        assert 1 <= line <= lines + 1
        assert column >= 1
        assert said


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes_are_a_mapping_error(problems_of: Problems, raw: bytes) -> None:
    """No short random file is a mapping, and each says so."""
    assert problems_of(raw)


_shapes = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["sms", "{Name}", "{x", "24h", "Name", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["field", "values", "default", "set", "when", "account", "by", "in", "template", "body", "from"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["to", "text", "channel", "sender", "whatsapp", "consent", "hours", "on_unknown", "send_at"]),
    _shapes,
)
def test_any_shape_in_any_place_is_told(problems_of: Problems, example: str, key: str, shape: Any) -> None:
    """A list for a text, a map for a list: the problem is told in the line where it stands."""
    lines = example.splitlines()
    index = next(at for at, line in enumerate(lines) if line.startswith(f"  {key}: "))
    lines[index] = f"  {key}: {json.dumps(shape)}"
    found = problems_of("\n".join(lines))
    assert all(text for _, _, text in found)


def test_a_file_of_expressions_is_refused_in_bounded_time(problems_of: Problems, example: str) -> None:
    """Thousands of expressions in one file are refused, quickly."""
    fields = ", ".join(f'F{at}__c: "{{A{at}__c + 1}}"' for at in range(4_000))
    begun = time.process_time()
    found = problems_of(example.replace("{Status__c: Held,", f"{{Status__c: Held, {fields},"))
    assert any("more than 400 expressions" in text for _, _, text in found)
    assert time.process_time() - begun < 3.0


def test_accounts_decide_what_is_checked(load_text: Any, example: str, accounts: dict[str, AccountCapability]) -> None:
    """A channel that the account's provider lacks is refused, where the route makes it certain."""
    for old, new, said in (
        ("== 'whatsapp'\", account: nrs-main", "== 'whatsapp'\", account: smsclouds-mx", "carries sms"),
        ("== 'MY'\", account: bulk360-my", "== 'MY'\", account: smsclouds-mx", "sends to MX only, not to MY"),
        ("values: {SMS: sms, WhatsApp: whatsapp}, default: sms", "values: {Mail: email}", "no message that comes here"),
        ("channel == 'whatsapp'", "channel == 'fax'", "`fax` is not a channel"),
    ):
        with pytest.raises(MappingError, match=said):
            load_text(example.replace(old, new, 1))
    assert accounts


@pytest.mark.parametrize(
    ("old", "new", "line", "error"),
    [
        ('hours: {from: "08:00", to: "21:00", zone: recipient}', "hours:", 20, True),
        ('hours: {from: "08:00", to: "21:00", zone: recipient}', "hours:   # all day", 20, True),
        ("on_opt_out:\n  set: {Contact.SMS_Opt_Out__c: true}", "on_opt_out:", 43, True),
        ("valid_for: 24h", "valid_for:", 18, True),
        ("when: \"channel == 'whatsapp'\"", "when: ", 23, True),
        ('send_at: "{Send_After__c}"', "send_at:", 17, True),
        ('campaign: "{Campaign__r.Name}"', "campaign:", 14, False),
        ("kind: service ", "kind: ", 16, False),
        ('hours: {from: "08:00", to: "21:00", zone: recipient}', "hours: null", 0, False),
        ("expect: {to:", "expect: {sender: , to:", 0, False),
    ],
)
def test_a_key_with_nothing_under_it_is_told(
    load_text: Any, problems_of: Problems, example: str, old: str, new: str, line: int, error: bool
) -> None:
    """Whoever forgot what belongs there would text people at night, or for ever: an error where it decides that."""
    assert old in example
    text = example.replace(old, new, 1)
    errors = [each[0] for each in problems_of(text) if "nothing stands under" in each[2]]
    assert errors == ([line] if error else [])
    if not error:
        assert [each.line for each in load_text(text).warnings if "nothing stands under" in each.text] == [line][:line]


def test_a_key_with_nothing_under_it_is_told_once(problems_of: Problems, example: str) -> None:
    """Where a list must stand, that is told and nothing more."""
    text = example.replace("consent: [Contact__r.SMS_Opt_Out__c, Contact__r.DoNotCall]", "consent:")
    assert [(line, said) for line, _, said in problems_of(text)] == [(19, "a list must stand here: [a, b]")]
