"""What a mapping says beyond a text: the sections of channels, recipients with an address, and answers to keywords."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.channel_sections import CHANNEL_SECTIONS
from connector.mapping.load import Loaded, load
from connector.mapping.record_mapping import RecordMapping
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError
from connector.model.messages import Channel, Draft, Refusal, StateChange
from connector.model.states import State
from connector.providers.base import Provider
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from connector.providers.optimum.adapter import Optimum
from connector.providers.optimum.options import OptimumOptions
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.options import SmscloudsOptions

FILE = """version: 1
name: a-channel
source:
  object: Note__c
  where: "Status__c = 'Queued'"
  claim: {Status__c: Sending}
message:
  to: {field: Phone__c, email: Email__c, region: MX}
  text: "Hola {Name}"
  channel: CHANNEL
SECTION
route:
  - {account: ACCOUNT}
on_status:
  accepted: {set: {Status__c: Sent}}
  sent: {set: {Status__c: Sent, Error__c: "{to.email}{to.e164}"}}
  failed: {set: {Status__c: Failed}}
  held: {set: {Status__c: Held}}
  unknown: {set: {Status__c: Unknown}}
  cancelled: {set: {Status__c: Cancelled}}
"""
RECORD = {"Id": "a01", "Name": "Ana", "Phone__c": "449 898 7282", "Email__c": "Ana@Example.com", "Html__c": None}

Write = Callable[..., Loaded]


@pytest.fixture(scope="session")
def real_accounts() -> dict[str, AccountCapability]:
    """Accounts of adapters that have channels beside SMS, by their own declarations."""
    made: list[Provider[Any]] = [
        NRS360("nrs", NRS360Options.model_validate({"username": "u", "api_password": "p"})),
        NRS360(
            "nrs-es", NRS360Options.model_validate({"username": "u", "api_password": "p", "voice_language": "es_ES"})
        ),
        Smsclouds("clouds", SmscloudsOptions.model_validate({"token": "t"})),
        Optimum("om", OptimumOptions.model_validate({"username": "u", "password": "p", "authentication": "basic"})),
    ]
    return {one.account: AccountCapability(one.account, one.name, one.account_capability()) for one in made}


@pytest.fixture
def write(tmp_path: Path, real_accounts: dict[str, AccountCapability]) -> Write:
    """Loads the file for a channel, with a section for it, sent by an account."""

    def written(channel: str, section: str = "", account: str = "nrs", *, more: str = "", **changes: str) -> Loaded:
        text = FILE.replace("CHANNEL", channel).replace("ACCOUNT", account) + more
        text = text.replace("SECTION", f"  {section}" if section else "  kind: service")
        for old, new in changes.items():
            text = text.replace({"to": "{field: Phone__c, email: Email__c, region: MX}"}.get(old, old), new)
        path = tmp_path / "mapping.yaml"
        path.write_text(text, "utf-8")
        return load([path], real_accounts)

    return written


def drafted(loaded: Loaded, moment: datetime, **fields: Any) -> Draft:
    """The message of the record."""
    draft = loaded.mappings[0].draft({**RECORD, **fields}, moment)
    assert isinstance(draft, Draft), draft
    return draft


def refused(loaded: Loaded, moment: datetime, **fields: Any) -> str:
    """The code of the record's refusal, and its reason."""
    refusal = loaded.mappings[0].draft({**RECORD, **fields}, moment)
    assert isinstance(refusal, Refusal), refusal
    return f"{refusal.failure.code}: {refusal.failure.reason}"


@pytest.mark.parametrize(
    ("channel", "section", "account", "content"),
    [
        ("email", 'email: {subject: "Para {Name}", header: Hola}', "clouds", {"subject": "Para Ana", "header": "Hola"}),
        (
            "email",
            'email: {subject: S, template: 7, fields: {n: "{Name}"}, from_name: "{Name}", reply_to: a@example.com}',
            "nrs",
            {"subject": "S", "template": 7, "fields": {"n": "Ana"}, "from_name": "Ana", "reply_to": "a@example.com"},
        ),
        ("voice", "voice: {language: es_ES, gender: F}", "nrs", {"language": "es_ES", "gender": "F"}),
        ("voice", 'voice: {audio: "https://example.com/{Name}.mp3"}', "nrs", {"audio": "https://example.com/Ana.mp3"}),
        ("voice", 'voice: {audio: 12, transfer: "4498987281", transfer_key: 0}', "clouds",
         {"audio": 12, "transfer_num": "4498987281", "transfer_key": 0}),
        ("voice", 'voice: {campaign: "15"}', "om", {"campaign": 15}),
        ("landing", "landing: {template: 9}", "nrs", {"template": 9}),
        ("landing", 'landing: {html: "<b>{Name}</b>"}', "nrs", {"html": "<b>Ana</b>"}),
        ("sms", "clic: {link: 4}", "clouds", {"link": 4}),
    ],
)  # fmt: skip
def test_a_section_becomes_the_content_its_adapter_knows(
    write: Write, now: datetime, channel: str, section: str, account: str, content: dict[str, Any]
) -> None:
    """Each value is a text like others; ids are numbers; an adapter's own declaration has a place for every one."""
    loaded = write(channel, section, account)
    assert loaded.warnings == ()
    assert drafted(loaded, now).content == content


def test_a_section_is_for_its_own_channel_alone(write: Write, now: datetime) -> None:
    """An SMS carries nothing of what the e-mails of the same mapping say."""
    loaded = write("{field: Kind__c, default: sms}", "email: {subject: S}")
    assert drafted(loaded, now, Kind__c=None).content == {}
    assert drafted(loaded, now, Kind__c="email").content == {"subject": "S"}


@pytest.mark.parametrize(
    ("channel", "section", "account", "place", "said"),
    [
        ("email", "", "nrs", (7, 1), "`nrs` (nrs360) sends no email without subject; add `email: {subject: …}`"),
        ("email", "email: {header: H}", "clouds", (11, 3), "`clouds` (smsclouds) sends no email without subject"),
        ("voice", "", "nrs", (7, 1), "sends no voice without language or audio; add `voice: {language: …}`"),
        ("voice", "voice: {gender: F}", "om", (11, 3), "sends no voice without language or campaign; add `language`"),
        ("landing", "", "nrs", (7, 1), "sends no landing without template or html"),
        ("whatsapp", "", "nrs", (7, 1), "sends no whatsapp without template"),
        ("sms", "clic: {link: 4}", "nrs", (11, 3), "has no links whose clicks are counted"),
        ("landing", "", "clouds", (10, 12), "no route has an account that carries landing"),
        ("email", "email: {subjct: S}", "nrs", (11, 11), "did you mean `subject`?"),
        ("email", 'email: {subject: "{name}"}', "nrs", (11, 22), "`name` is not known here"),
        ("email", "email: {subject: 7}", "nrs", (11, 20), "put quotes around the whole text"),
        ("landing", "landing: {template: -7}", "nrs", (11, 23), "a whole number, 0 or more, or a text"),
    ],
)
def test_what_a_provider_s_channel_needs_is_told_by_the_check(
    write: Write, channel: str, section: str, account: str, place: tuple[int, int], said: str
) -> None:
    """At line and column, by what the account's adapter declares, before any record asks for a message."""
    with pytest.raises(MappingError) as error:
        write(channel, section, account)
    found = [problem for problem in error.value.problems if said in problem.text]
    assert found, error.value
    assert (found[0].line, found[0].column) == place
    assert not found[0].warning


def test_an_account_s_own_settings_fill_a_need(write: Write, now: datetime) -> None:
    """A call needs no language where the account has one."""
    assert drafted(write("voice", account="nrs-es"), now).content == {}


def test_what_a_provider_has_no_place_for_is_a_warning(write: Write) -> None:
    """The message is sent all the same, without it."""
    (warning,) = write("email", "email: {subject: S, html: <b>}", "clouds").warnings
    assert "`clouds` (smsclouds) has no place for `html` in its email" in warning.text


def test_a_need_that_a_record_leaves_empty_refuses_it(write: Write, now: datetime) -> None:
    """The check sees that a subject is said; only the record knows that it is empty."""
    loaded = write("email", 'email: {subject: "{Subject__c}"}')
    assert drafted(loaded, now, Subject__c="S").content == {"subject": "S"}
    assert refused(loaded, now, Subject__c=None).startswith("content_missing: the account `nrs` sends no email without")


@pytest.fixture
def html_of(write: Write, now: datetime) -> Callable[[str], str]:
    """The HTML of a mail to a name."""
    loaded = write("email", "email: {subject: S, html: \"<p title='{Name}'>{Name}</p>\"}")
    return lambda name: str(drafted(loaded, now, Name=name).content["html"])


@given(name=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_data_in_html_is_no_html(html_of: Callable[[str], str], name: str) -> None:
    """A name cannot bring a tag or a script into a mail."""
    html = html_of(name)
    assert (html.count("<"), html.count(">"), html.count("'")) == (2, 2, 2)


@pytest.mark.parametrize(("channel", "subject"), [("email", "subject: S, "), ("landing", "")])
def test_html_is_longer_than_a_text(write: Write, now: datetime, channel: str, subject: str) -> None:
    """In the file, and in a field that is all of it; a text has its own limit, and each is named where it is passed."""
    page = "<p>" + "a" * 99_996 + "§"
    loaded = write(channel, f'{channel}: {{{subject}html: "{page}"}}')
    assert drafted(loaded, now).content["html"] == page
    loaded = write(channel, f'{channel}: {{{subject}html: "{{Html__c}}"}}')
    assert drafted(loaded, now, Html__c=page).content["html"] == page
    assert "`Html__c` gives more than 100000 characters" in refused(loaded, now, Html__c=f"{page}a")
    with pytest.raises(MappingError, match="this text has 100001 characters; at most 100000 are allowed"):
        write(channel, f'{channel}: {{{subject}html: "{page}a"}}')
    with pytest.raises(MappingError, match="this text has 5001 characters; at most 5000 are allowed"):
        write("email", f'email: {{html: "<p>", subject: "{"a" * 5_001}"}}')


def test_a_field_alone_is_html_itself(write: Write, now: datetime) -> None:
    """A record may hold the whole mail; an empty one leaves the text in its place."""
    loaded = write("email", 'email: {subject: S, html: "{Html__c}"}')
    assert drafted(loaded, now, Html__c="<b>Hola</b>").content["html"] == "<b>Hola</b>"
    assert "html" not in drafted(loaded, now).content


# recipients


def test_an_email_goes_to_the_address(write: Write, now: datetime) -> None:
    """In one form, whoever wrote it; the country is the region's, and the number is not asked for."""
    draft = drafted(write("email", "email: {subject: S}"), now, Phone__c=None)
    assert (draft.to, draft.country, draft.channel, draft.parts) == ("ana@example.com", "MX", Channel.EMAIL, 0)


@pytest.mark.parametrize(
    ("address", "said"),
    [(None, "address_missing: Email__c is empty"), ("ana", "address_unreadable: Email__c: the address has no @")],
)
def test_an_email_without_an_address_is_refused(write: Write, now: datetime, address: str | None, said: str) -> None:
    """The reason names the field."""
    assert refused(write("email", "email: {subject: S}"), now, Email__c=address).startswith(said)


@pytest.mark.parametrize(
    ("channel", "to", "said"),
    [
        ("email", "{field: Phone__c}", "messages can be email, which goes to an address; add `email`"),
        ("sms", "{email: Email__c}", "messages can be sms, which go to a number; add `field`"),
        ("sms", "{region: MX}", "the key `field` is missing in `message.to`"),
    ],
)
def test_a_channel_without_its_recipient_is_told_by_the_check(write: Write, channel: str, to: str, said: str) -> None:
    """A number and an address are not the same thing."""
    with pytest.raises(MappingError, match="to`") as error:
        write(channel, "email: {subject: S}" if channel == "email" else "", to=to)
    assert said in str(error.value)


def test_a_recipient_that_no_check_could_foresee_is_refused_by_the_record(write: Write, now: datetime) -> None:
    """Where a record's own word decides the channel."""
    only_phone = write("{field: Kind__c}", "email: {subject: S}", to="{field: Phone__c, region: MX}")
    assert refused(only_phone, now, Kind__c="email").startswith("address_missing: the mapping names no address field")
    only_email = write("{field: Kind__c}", "email: {subject: S}", to="{email: Email__c}")
    assert refused(only_email, now, Kind__c="sms").startswith("phone_missing: the mapping names no phone field")


def test_hours_of_an_address_need_a_region(write: Write) -> None:
    """Nothing else tells a recipient's time zone."""
    hours = 'hours: {from: "08:00", to: "20:00", zone: recipient}'
    with pytest.raises(MappingError, match="an address tells no time zone"):
        write("email", f"email: {{subject: S}}\n  {hours}", to="{email: Email__c}")
    named = hours.replace("recipient", "Europe/Madrid")
    assert write("email", f"email: {{subject: S}}\n  {named}", to="{email: Email__c}").warnings == ()


def test_an_email_goes_to_any_country(write: Write, now: datetime) -> None:
    """That an account sends SMS to one country only says nothing of its e-mails."""
    loaded = write("email", "email: {subject: S}", "clouds", to="{email: Email__c, region: Country__c}")
    assert drafted(loaded, now, Country__c="ES").accounts == ("clouds",)


@pytest.mark.parametrize("to", ["ana@example.com", "+524498987282"])
def test_what_is_written_back_tells_addresses_from_numbers(write: Write, now: datetime, to: str) -> None:
    """`to.email` is the address, `to.e164` the number, and the other of the two is empty."""
    change = StateChange("m1", "Note__c", "a01", State.SENT, now, to=to)
    (written,) = write("email", "email: {subject: S}").mappings[0].on_change(change)
    assert written.fields["Error__c"] == to


# keywords


def keywords(loaded: Loaded) -> dict[str, str]:
    """The answers by keyword."""
    mapping: RecordMapping = loaded.mappings[0]
    return dict(mapping.keyword_replies)


def test_keywords_have_their_answers(write: Write) -> None:
    """By the word in small letters, for capitals make no other."""
    more = 'on_keyword: {INFO: "Abrimos a las 9", " Baja ": "{{ok}}"}\n'
    assert keywords(write("sms", account="clouds", more=more)) == {"info": "Abrimos a las 9", "baja": "{ok}"}
    assert keywords(write("sms")) == {}


@pytest.mark.parametrize(
    ("more", "account", "said"),
    [
        ('on_keyword: {INFO: "' + "a" * 161 + '"}', "clouds", "this answer has 161 characters; at most 160 are sent"),
        ('on_keyword: {INFO: "' + "€" * 81 + '"}', "clouds", "this answer has 162 characters"),
        ('on_keyword: {INFO: "\U0001f600"}', "clouds", "this answer cannot be sent"),
        ('on_keyword: {INFO: "  "}', "clouds", "this one is empty"),
        ('on_keyword: {" ": "Hola"}', "clouds", "this one is empty"),
        ('on_keyword: {INFO: "<b>"}', "clouds", "read as program code"),
        ('on_keyword: {INFO: "Hola {Name}"}', "clouds", "`{Name}` is not known here: a keyword has one answer for all"),
        ('on_keyword: {INFO: "Hola", info: "Adios"}', "clouds", "`info` stands here twice"),
        ("on_keyword: {INFO: 12}", "clouds", "put quotes around the whole text"),
        ('on_keyword: {INFO: "Hola"}', "nrs", "no account of the routes is told of keywords"),
    ],
)
def test_an_answer_that_cannot_be_given_is_told_by_the_check(write: Write, more: str, account: str, said: str) -> None:
    """One GSM text of at most 160 characters, the same for all, by an account that is told of keywords."""
    with pytest.raises(MappingError) as error:
        write("sms", account=account, more=more)
    (problem,) = error.value.problems
    assert said in problem.text
    assert problem.line == 21


def test_two_mappings_do_not_answer_one_keyword(tmp_path: Path, real_accounts: dict[str, AccountCapability]) -> None:
    """An account has one answer; the second file is told which has it already."""
    text = FILE.replace("CHANNEL", "sms").replace("SECTION", "  kind: service").replace("ACCOUNT", "clouds")
    for name in ("one", "two"):
        keyword = {"one": "INFO", "two": "Info"}[name]
        (tmp_path / f"{name}.yaml").write_text(
            text.replace("a-channel", name) + f"on_keyword: {{{keyword}: Hola}}\n", "utf-8"
        )
    with pytest.raises(MappingError) as error:
        load([tmp_path], real_accounts)
    (problem,) = error.value.problems
    assert (problem.line, problem.column) == (21, 14)
    assert "has an answer to `Info` from" in problem.text


def test_every_key_of_a_section_has_a_provider(real_accounts: dict[str, AccountCapability]) -> None:
    """No key of a mapping leads nowhere, and no declared content lacks its key."""
    declared = {
        (channel, key)
        for account in real_accounts.values()
        if account.capability is not None
        for channel, rule in account.capability.content.items()
        for key in rule.takes
    }
    said = {(section.channel, name) for section in CHANNEL_SECTIONS.values() for name in section.model_fields}
    assert said == declared


GUIDE = Path(__file__).parents[2] / "docs" / "administrators.md"
EXAMPLES = re.findall(r"^\| `(\w+)` \| `` (.*?) `` \| ([^;.:|]+)", GUIDE.read_text("utf-8"), re.MULTILINE)
ACCOUNTS = {"360NRS": "nrs", "Smsclouds": "clouds", "Optimum Measures": "om"}


@pytest.mark.parametrize(("section", "example", "whose"), EXAMPLES)
def test_the_guide_s_example_of_a_channel_is_taken(write: Write, section: str, example: str, whose: str) -> None:
    """Administrators can copy what their guide shows, for the provider that it names."""
    channel = CHANNEL_SECTIONS[section].channel
    assert write(channel, example, ACCOUNTS[whose]).warnings == ()


def test_the_guide_has_an_example_of_every_section() -> None:
    """And speaks of every key that a section has, and of keywords."""
    text = GUIDE.read_text("utf-8")
    assert {section for section, _, _ in EXAMPLES} == set(CHANNEL_SECTIONS)
    for section in CHANNEL_SECTIONS.values():
        for name, info in section.model_fields.items():
            assert re.search(rf"\b{info.alias or name}\b", text), name
    assert "on_keyword: {INFO:" in text
