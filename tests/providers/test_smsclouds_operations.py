"""Smsclouds' rows: what they ask and tell by the guide's words, and the guide's examples replayed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.failures import Fault
from connector.providers.operation import Operation, Talk
from connector.providers.registry import CLIENTS
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.client import SmscloudsClient
from connector.providers.smsclouds.options import SmscloudsOptions
from tests.providers.contract import answer
from tests.providers.tapes import replayed

CLOUDS = "https://smsclouds.cloud"
GUIDE = json.loads((Path(__file__).parent / "guide" / "smsclouds.json").read_text("utf-8"))
ROWS = SmscloudsClient.operations()
ONE = [{"cellphone": "4498987281"}]
CAMPAIGN = {"text": "hi", "recipients": ONE, "route": 87, "country": 1}
EXAMPLES: dict[str, dict[str, Any]] = {
    "campaigns.create": {**CAMPAIGN, "campaign_name": "my campaign"},
    "clic.create": {**CAMPAIGN, "url": 4},
    "emails.create": {"body": "Hola", "subject": "importante", "recipients": [{"email": "jack@example.com"}]},
    "voice.create": {
        "type": 2,
        "text": "hola",
        "campaign_name": "test",
        "recipients": ONE,
        "remittent": "4499157710",
    },
    "responses.by_date": {"type": "1", "from": "2020-05-01 00:00:00"},
}
"""The least that each operation with a table of parameters can be asked."""


def talking(ask: Any, **options: Any) -> SmscloudsClient:
    """The client of the guide's examples' account."""
    settings = SmscloudsOptions.model_validate({"token": "mytoken", "route": 87, **options})
    account = Smsclouds("main", settings)
    return SmscloudsClient(Talk(ask, account.authorization, account.path_of))


@contextmanager
def taped(name: str, **options: Any) -> Iterator[SmscloudsClient]:
    """The client, asking a tape."""
    with replayed(name, CLOUDS) as line:
        yield talking(line.ask, **options)


def answered(body: object, status: int = 200) -> SmscloudsClient:
    """The client, answered the same whatever it asks."""
    return talking(lambda _: answer(status, body))


REFUSALS = ["400", "401", "404", "422"]
"""The guide's table of errors, but for its last row, which is no refusal."""


def refused_five_times(call: Callable[[], object]) -> list[str]:
    """The guide's table of errors, one answer each: four refusals, whose codes it gives, and one doubt."""
    codes = []
    for _ in range(4):
        with pytest.raises(Refused) as refusal:
            call()
        codes.append(refusal.value.failure.code)
    with pytest.raises(MayHaveLeft):
        call()
    assert codes == REFUSALS
    return codes


# the guide


def names_in(schema: object) -> set[str]:
    """Every field's name in a JSON schema, at whatever depth."""
    if isinstance(schema, list):
        return set().union(*map(names_in, schema))
    if not isinstance(schema, dict):
        return set()
    inner = [value for name, value in schema.items() if name != "properties"]
    fields = schema.get("properties", {})
    return set(fields) | names_in(inner) | names_in(list(fields.values()))


def asked_by(row: Operation[..., Any]) -> set[str]:
    """The guide's names of what a row is asked."""
    return {name.casefold() for name in names_in(row.asked.model_json_schema(by_alias=True, mode="serialization"))}


def known_in(section: str) -> set[str]:
    """The names that the section's rows, or its webhook, know."""
    rows = [asked_by(row) for row in ROWS.values() if row.section == section]
    hooks = [{field.name.casefold() for field in hook.fields} for hook in Smsclouds.webhooks if hook.section == section]
    return set().union(*rows, *hooks)


OTHER_NAMES = {
    ("Receive Responses MO (Option 1)", "message"): "the guide's list calls it messages, as it does campaigns",
}
PATHS_READ_OTHERWISE = {
    "GET api/v3/campaign/ID_Campaign/messages": "GET api/v3/campaign/{campaign}/messages",
    "POST api/v3/response": "POST api/v3/responses",  # as the section's text has it; a setting
    "GET api/v3/voice/": "GET api/v3/voice/{voice_campaign}",
    "POST api/v3/voice/": "POST api/v3/voice/{voice_campaign}/cancel",
    "GET api/v3/hlr/": "GET api/v3/hlr/{cellphone}",
    "POST api/smscliv3/campaign": "POST api/v3/smsclic/campaign",  # one of three spellings; a setting
}
"""The request lines that the guide leaves without their ids, or spells in several ways."""


@pytest.mark.parametrize("section", GUIDE)
def test_every_section_of_the_guide_has_its_rows(section: str) -> None:
    """Each request the guide prints is a row of its section, and each push is a webhook of it."""
    pushes = [hook.name for hook in Smsclouds.webhooks if hook.section == section]
    rows = {f"{row.method} {row.path}" for row in ROWS.values() if row.section == section}
    for printed in GUIDE[section]["requests"]:
        request = printed.replace(" /", " ")
        assert pushes if request == "GET" else PATHS_READ_OTHERWISE.get(request, request) in rows


@pytest.mark.parametrize("section", GUIDE)
def test_every_parameter_of_the_guide_is_asked(section: str) -> None:
    """No parameter of a section's lists and tables is missing from its rows."""
    known = known_in(section)
    missing = [name for name in GUIDE[section]["parameters"] if name.casefold() not in known]
    assert [name for name in missing if (section, name) not in OTHER_NAMES] == []


@pytest.mark.parametrize("name", ROWS)
def test_no_row_is_of_a_section_that_is_not_there_or_asks_what_it_does_not_have(name: str) -> None:
    """A row's section is the guide's, and what it asks beyond the section's parameters is an id of its path."""
    row = ROWS[name]
    own = {parameter.casefold() for parameter in GUIDE[row.section]["parameters"]}
    assert {field for field in asked_by(row) - own if f"{{{field}}}" not in row.path} == set()


NOT_ALWAYS_REQUIRED = {
    ("Send Messages MT", "route"): "the table requires it where there is no country",
    ("Send Messages MT", "country"): "the table requires it where there is no route",
    ("Send Messages MT", "cellphone"): "it is each recipient's",
    ("SMS Service (SMS CLIC)", "cellphone"): "it is each recipient's",
    ("Receive Responses MO (Option 1)", "Type"): "the row itself says it",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_the_guide_requires_is_required(name: str) -> None:
    """Without any one of the parameters that a table requires, nothing is asked; with all of them, it is."""
    row, example = ROWS[name], EXAMPLES[name]
    assert row.asked.model_validate(example)
    for parameter in GUIDE[row.section]["required"]:
        if (row.section, parameter) not in NOT_ALWAYS_REQUIRED:
            with pytest.raises(ValidationError):
                row.asked.model_validate({key: value for key, value in example.items() if key != parameter.casefold()})


# what may be asked


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("campaigns.create", {"route": None, "country": None}, "route or a country"),
        ("campaigns.create", {"recipients": []}, "at least 1"),
        ("campaigns.create", {"recipients": ONE * 50_001}, "at most 50000"),
        ("campaigns.create", {"recipients": [{"cellphone": "+524498987281"}]}, "pattern"),
        ("campaigns.create", {"recipients": [{}]}, "required"),
        ("campaigns.create", {"recipients": [{**ONE[0], "field5": "x"}]}, "unexpected"),
        ("campaigns.create", {"text": "a" * 161}, "160 are allowed"),
        ("campaigns.create", {"text": "a" * 71, "encode": True}, "70 are allowed"),
        ("campaigns.create", {"text": "a" * 129, "encode_2": True}, "128 are allowed"),
        ("campaigns.create", {"text": "a" * 193, "encode_3": True}, "192 are allowed"),
        ("campaigns.create", {"text": "a" * 307, "long_message": True}, "at most 306"),
        ("campaigns.create", {"scheduled_date": "2026-11-01T09:30:00+00:00"}, "no zone"),
        ("campaigns.create", {"scheduleddate": "2026-11-01 09:30:00"}, "Extra inputs"),
        ("clic.create", {"url": "not an id"}, "integer"),
        ("emails.create", {"template": 3, "body": None}, "no image"),
        ("emails.create", {"template": 4, "body": None}, "body"),
        ("emails.create", {"template": 5}, "1, 2, 3 or 4"),
        ("emails.create", {"recipients": [{"email": "jack"}]}, "pattern"),
        ("voice.create", {"type": 1}, "saved audio"),
        ("voice.create", {"type": 2, "text": None}, "there is none"),
        ("voice.create", {"type": 3}, "1 or 2"),
        ("voice.create", {"transfer_num": "4498987282"}, "transfer_key"),
        ("voice.create", {"transfer_num": "4498987282", "transfer_key": 10}, "less than or equal to 9"),
        ("responses.by_date", {"from": "yesterday"}, "datetime"),
    ],
)
def test_what_the_guide_does_not_allow_is_not_asked(name: str, change: dict[str, Any], said: str) -> None:
    """A request outside the guide's limits is refused before it leaves, with a sentence of what is wrong."""
    with pytest.raises(ValidationError, match=said):
        ROWS[name].asked.model_validate({**EXAMPLES[name], **change})


@pytest.mark.parametrize(
    ("form", "longest"), [("encode", 70), ("encode_2", 128), ("encode_3", 192), ("long_message", 306)]
)
def test_each_form_holds_the_guide_s_length(form: str, longest: int) -> None:
    """What just fits a form is asked in it."""
    asked = ROWS["campaigns.create"].asked.model_validate({**CAMPAIGN, "text": "á" * longest, form: True})
    request = ROWS["campaigns.create"].request(asked)
    assert (len(request.json["text"]), request.json[form]) == (longest, True)


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_date_travels_as_the_guide_writes_it(at: datetime) -> None:
    """YYYY-MM-DD HH:mm:ss, to the second, and read back the same."""
    row = ROWS["campaigns.create"]
    travelled = row.request(row.asked.model_validate({**CAMPAIGN, "scheduled_date": at})).json["scheduled_date"]
    again = row.request(row.asked.model_validate({**CAMPAIGN, "scheduled_date": travelled})).json["scheduled_date"]
    assert travelled == at.replace(microsecond=0).isoformat(" ") == again


def test_a_time_with_a_zone_is_not_taken_for_the_account_s() -> None:
    """The dates bear no zone, so one that does would be read as another time."""
    with pytest.raises(ValidationError, match="local time"):
        answered({}).responses.by_date(since=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize("cellphone", ["", "449898728", "+524498987282", "44989872821", "abcdefghij", "٤٤٩٨٩٨٧٢٨٢"])
def test_only_ten_digits_are_looked_up(cellphone: str) -> None:
    """The guide wants the number without its country code, always ten digits."""
    with pytest.raises(ValidationError):
        answered({}).hlr.show(cellphone=cellphone)


def test_sends_are_marked_and_given_ten_minutes() -> None:
    """What makes a message leave is never made twice, and the guide's ten minutes are waited for."""
    sending = {name for name, row in ROWS.items() if row.sends}
    assert sending == {"campaigns.create", "emails.create", "voice.create", "clic.create"}
    for name in sending:
        request = ROWS[name].request(ROWS[name].asked.model_validate(EXAMPLES[name]))
        assert (request.sends, request.timeout) == (True, 600)


@pytest.mark.parametrize(
    ("option", "call"),
    [
        ("responses_path", lambda client: client.responses.by_cellphone(cellphone="4498987281")),
        ("responses_path", lambda client: client.responses.by_campaigns(campaigns=[1])),
        ("sms_clic_path", lambda client: client.clic.create(**EXAMPLES["clic.create"])),
    ],
)
def test_paths_that_the_guide_prints_in_several_ways_are_settings(
    option: str, call: Callable[[SmscloudsClient], object]
) -> None:
    """The account's settings have the last word on the path."""
    asked = []

    def ask(request: Any) -> Any:
        asked.append(request.path)
        return answer(200, {"campaign": 1, "results": []})

    call(talking(ask, **{option: "api/v3/another"}))
    call(talking(ask))
    assert asked[0] == "api/v3/another" != asked[1]


# what is told


def test_the_client_is_registered() -> None:
    """The commands find the client by the provider's name in the settings."""
    assert CLIENTS["smsclouds"] is SmscloudsClient


@pytest.mark.parametrize("body", [{}, {"data": []}, [], None, "ok"])
def test_what_is_no_user_is_unreadable(body: object) -> None:
    """An answer without what the guide gives is not taken for an empty one."""
    with pytest.raises(Unreadable, match=r"user\.show"):
        answered(body).user.show()


@pytest.mark.parametrize("campaign", [None, True, 0, -1, "x", [], {}])
def test_a_send_without_an_id_is_in_doubt(campaign: object) -> None:
    """Only the campaign's id says that a campaign was made."""
    with pytest.raises(Unreadable, match=r"campaigns\.create"):
        answered({"message": "Completado Correctamente", "campaign": campaign}).campaigns.create(**CAMPAIGN)


def test_odd_fields_beside_the_id_do_not_put_a_send_in_doubt() -> None:
    """A campaign that was made is told of, whatever else the answer holds; one field more is kept."""
    odd = {"campaign": "8528238", "balance": "much", "recipients_count": {}, "encode": [], "route": 7, "more": 1}
    told = answered(odd).campaigns.create(**CAMPAIGN)
    assert (told.campaign, told.balance, told.recipients_count, told.route) == (8528238, None, None, None)
    assert told.model_extra == {"more": 1}


@pytest.mark.parametrize(
    ("key", "good", "broken", "call"),
    [
        ("data", {"id": 1, "cellphone": "4498987281"}, {"id": []}, lambda c: c.campaigns.messages(campaign=1).data),
        ("results", {"response": "a"}, {"response": None}, lambda c: c.responses.by_messages(messages=[1]).results),
        ("voice_messages", {"voice_message": 1}, "x", lambda c: c.voice.show(voice_campaign=1).voice_messages),
    ],
)
def test_a_broken_row_does_not_take_the_others_with_it(
    key: str, good: object, broken: object, call: Callable[[SmscloudsClient], list[object]]
) -> None:
    """The rows that can be read are told, and a warning says which could not; none at all is unreadable."""
    with capture_logs() as logs:
        assert len(call(answered({key: [good, broken, good]}))) == 2
    assert [(log["event"], log["rows"], log["of"], log["first"]) for log in logs] == [("rows_not_readable", 1, 3, 1)]
    with pytest.raises(Unreadable):
        call(answered({key: [broken]}))


# the guide's examples


def test_the_user_the_routes_and_the_countries_are_shown() -> None:
    """The guide's examples, typed; then a token that is not taken."""
    with taped("smsclouds/user_routes_countries") as client:
        user = client.user.show().data
        routes = client.user.routes()
        countries = client.user.countries()
        with pytest.raises(Refused) as refusal:
            client.user.show()
    assert (user.user, user.credit, user.tokens and user.tokens[0].name) == ("jose@example.com", 468062.11, "barrar")
    assert [(route.route, route.price) for route in routes] == [(77, 0.012), (79, 0.012)]
    assert [(country.country, country.name) for country in countries] == [(1, "Mexico"), (2, "USA")]
    assert refusal.value.failure.fault is Fault.ACCOUNT


def test_the_account_s_operations_are_refused_as_the_guide_says() -> None:
    """The same table of errors for the user, the countries and the routes."""
    with taped("smsclouds/account_errors") as client:
        told = [refused_five_times(call) for call in (client.user.show, client.user.countries, client.user.routes)]
    assert told == [REFUSALS] * 3


def test_the_user_s_head_says_whether_the_token_is_taken() -> None:
    """HEAD has no body; its status alone speaks."""
    with taped("smsclouds/user_head") as client:
        assert client.user.head() is None
        refused_five_times(client.user.head)


def test_a_campaign_is_asked_with_every_parameter() -> None:
    """All of the table at once, and its answer; then each error."""
    full: dict[str, Any] = {
        "text": "hi mi name is <+B+>, <+C+> <+D+> <+E+> <+F+>",
        "recipients": [{**ONE[0], "name": "Alex", "field1": "1", "field2": "2", "field3": "3", "field4": "4"}],
        "encode": False,
        "encode_2": False,
        "encode_3": False,
        "long_message": False,
        "campaign_name": "my first campaign",
        "scheduled_date": datetime(2020, 5, 25, 13, 22, 38),  # noqa: DTZ001 (the guide's dates bear no zone)
        "route": 87,
        "country": 1,
    }
    with taped("smsclouds/campaign_scheduled") as client:
        made = client.campaigns.create(**full)
        refused_five_times(lambda: client.campaigns.create(**full))
    assert (made.campaign, made.scheduled_date, made.balance) == (8528238, "2020-05-25 13:22:38", 470539.043)


def test_a_campaign_s_messages_are_shown() -> None:
    """No rows while it is inserting, then the example's; then a campaign that is not there."""
    with taped("smsclouds/campaign_messages") as client:
        early = client.campaigns.messages(campaign=8528381)
        shown = client.campaigns.messages(campaign=8528381)
        with pytest.raises(Refused):
            client.campaigns.messages(campaign=8528381)
    assert (early.campaign_status, early.data) == ("inserting", None)
    assert (shown.campaign_status, shown.percentage) == ("inserted", 100)
    assert [row.id for row in shown.data or []] == [46608336, 46608337, 46608338]
    with taped("smsclouds/campaign_messages_errors") as client:
        refused_five_times(lambda: client.campaigns.messages(campaign=8528381))


def test_responses_are_found_in_each_of_the_four_ways() -> None:
    """By date, messages, cellphone and campaigns the example is told; each with its errors."""
    with taped("smsclouds/responses_typed") as client:
        ways: list[Callable[[], Any]] = [
            lambda: client.responses.by_date(since=datetime(2020, 5, 1)),  # noqa: DTZ001 (as above)
            lambda: client.responses.by_messages(messages=[46608336]),
            lambda: client.responses.by_cellphone(cellphone="4498987281"),
            lambda: client.responses.by_campaigns(campaigns=[8528381]),
        ]
        for kind, way in enumerate(ways, start=1):
            found = way()
            assert (found.type, found.since) == (str(kind), "2020-05-01 00:00:00")
            assert [(row.message_id, row.response) for row in found.results] == [(46608336, "Hi this is a mo")]
            refused_five_times(way)


def test_an_email_is_sent_by_each_template() -> None:
    """The guide's example, then the other templates with what each of them shows; then each error."""
    jack = {
        "subject": "importante",
        "recipients": [{"email": "jack@example.com", "name": "Jack", "field1": "52452245"}],
    }
    body = {**jack, "body": "Hola mi nombre es <+B+> y tengo un id <+C+>,"}
    image = "https://smsclouds.cloud/multimedia/1.png"
    when = datetime(2020, 5, 25, 13, 53, 30)  # noqa: DTZ001 (as above)
    more: list[dict[str, Any]] = [
        body,
        {
            **body,
            "template": 1,
            "attachment": 7,
            "scheduled_date": when,
            "header": "Hola",
            "sender": "sender@example.com",
        },
        {**jack, "template": 3, "image": image},
        {**body, "template": 4, "image": image, "header": "Hola"},
    ]
    with taped("smsclouds/email") as client:
        made = [client.emails.create(**asked) for asked in more]
        refused_five_times(lambda: client.emails.create(**more[0]))
    assert {campaign.email_campaign_id for campaign in made} == {28648}


def test_a_voice_campaign_speaks_or_plays() -> None:
    """The guide's text to speech, then an audio whose key passes the call on; then each error."""
    spoken: dict[str, Any] = {
        "type": 2,
        "campaign_name": "test api audio",
        "text": "hola, como estas <+B+> ? esta es una llamada blaster, tenemos tu nuevo id <+C+>",
        "recipients": [{**ONE[0], "name": "Jack", "field1": "52452245"}],
        "remittent": "4499157710",
    }
    played: dict[str, Any] = {
        "type": 1,
        "audio": 15,
        "campaign_name": "test api audio",
        "recipients": ONE,
        "remittent": "4499157710",
        "scheduled_date": datetime(2020, 5, 25, 13, 53, 30),  # noqa: DTZ001 (as above)
        "transfer_num": "4498987282",
        "transfer_key": 5,
    }
    with taped("smsclouds/voice") as client:
        made = [client.voice.create(**spoken), client.voice.create(**played)]
        refused_five_times(lambda: client.voice.create(**spoken))
    assert [(campaign.voice_campaign, campaign.status) for campaign in made] == [(481776, "TO_SEND")] * 2


def test_a_voice_campaign_s_status_is_a_word_or_a_number() -> None:
    """The example's word and the table's 0 to 3 are both read, of the campaign and of each call; then each error."""
    with taped("smsclouds/voice_status") as client:
        shown = [client.voice.show(voice_campaign=481779) for _ in range(5)]
        refused_five_times(lambda: client.voice.show(voice_campaign=481779))
    assert [campaign.status for campaign in shown] == ["COMPLETED", 0, 1, 2, 3]
    calls = [call for campaign in shown for call in campaign.voice_messages or []]
    assert [(call.voice_message, call.voice_message_status) for call in calls] == [
        (754061, status) for status in (2, 0, 1, 2, 3)
    ]


def test_a_voice_campaign_is_cancelled() -> None:
    """The guide's example; then each error, of which 422 is one that is not queued."""
    with taped("smsclouds/voice_cancel") as client:
        cancelled = client.voice.cancel(voice_campaign=15)
        refused_five_times(lambda: client.voice.cancel(voice_campaign=15))
    assert (cancelled.voice_campaign, cancelled.status) == (15, "CANCELLED")


def test_a_number_is_looked_up_and_kept_whole() -> None:
    """The guide shows no answer, so whatever comes is kept; then each error."""
    with taped("smsclouds/hlr") as client:
        found = client.hlr.show(cellphone="4498987282").root
        refused_five_times(lambda: client.hlr.show(cellphone="4498987282"))
    assert found == {
        "message": "Completado Correctamente",
        "data": [{"cellphone": "4498987282", "carrier": "TELCEL"}],
    }


def test_a_link_campaign_is_sent() -> None:
    """The guide's example, with the placeholder of its link in the text; then each error."""
    asked: dict[str, Any] = {
        "text": "Para mayores informes dar clic aqui <+DYNAMICSHORTURL_IVX4+> .",
        "recipients": [{"cellphone": "4498987281"}, {"cellphone": "4498987285"}],
        "encode": False,
        "long_message": False,
        "campaign_name": "sms clic test",
        "url": 4,
        "route": 85,
        "country": 1,
    }
    with taped("smsclouds/clic") as client:
        made = client.clic.create(**asked)
        refused_five_times(lambda: client.clic.create(**asked))
    assert (made.campaign, made.token_expires) == (14279910, "2023-03-30")
