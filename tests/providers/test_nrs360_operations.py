"""360NRS's rows against its guide: every section a row, every parameter a field, every limit held."""

import json
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.client import NRS360Client
from connector.providers.nrs360.operations.elements import FormElement
from connector.providers.nrs360.report import BrokenRow, EventRow, EventsReport, KeysReport, ValidationReport
from connector.providers.operation import Operation, Talk
from connector.providers.registry import CLIENTS

GUIDE = json.loads((Path(__file__).parent / "guide" / "nrs360.json").read_text("utf-8"))
SECTIONS: dict[str, dict[str, Any]] = GUIDE["operations"]
ROWS: dict[str, Operation[..., Any]] = {row.section: row for row in NRS360Client.operations().values()}

READ_OTHERWISE = {
    "Create a form": ("form", "forms"),  # the guide's own example request, and every other form operation, says forms
}
STANDS_BELOW = {
    "Generation of images": "images",  # the table lists what one image has, as the guide's example shows
}
ASK_FOR_PAGES = "page"  # in no table; the guide's `links.next` has it


def client(*answers: Response) -> tuple[NRS360Client, list[Request]]:
    """A client that is answered in turn, and what it has asked."""
    asked: list[Request] = []
    waiting = iter(answers)

    def ask(request: Request) -> Response:
        asked.append(request)
        return next(waiting)

    return NRS360Client(Talk(ask, lambda: {"accept": "application/json"}, lambda _: None)), asked


def told(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json"}, orjson.dumps(value))


def places(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, bool]]:
    """Every name that travels, under the names it stands below, and whether it must be said."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        here = f"{place}{field.serialization_alias or name}"
        yield here, field.is_required()
        for inner in models_in(field.annotation):
            yield from places(inner, f"{here}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)


def place_of(section: str, name: str) -> str:
    """Where the guide's name stands in what is asked."""
    plain = name.replace("*.", "")
    below = STANDS_BELOW.get(section)
    return plain if below is None or plain.split(".")[0] == below else f"{below}.{plain}"


# the guide's sections and parameters


def test_every_section_has_its_row_and_every_row_its_section() -> None:
    """The rows are the guide's operations, no more and no fewer, each once."""
    assert len(ROWS) == len(NRS360Client.operations())
    assert set(ROWS) == set(SECTIONS)
    assert CLIENTS["nrs360"] is NRS360Client


@pytest.mark.parametrize("section", SECTIONS)
def test_every_row_has_the_guide_s_address(section: str) -> None:
    """Method and path are the guide's, but for the readings listed with their reasons."""
    guide, row = SECTIONS[section], ROWS[section]
    path = guide["path"]
    if section in READ_OTHERWISE:
        path, read = READ_OTHERWISE[section]
        assert guide["path"] == path
        path = read
    assert (row.method, row.path) == (guide["method"], path)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_parameter_of_the_guide_is_a_field(section: str) -> None:
    """Nothing the guide lists is missing or passed through untyped, and nothing it does not list can be asked."""
    fields = {place for place, _ in places(ROWS[section].asked)}
    wanted = {place_of(section, name) for name in SECTIONS[section]["parameters"]}
    assert wanted - fields == set(), f"{section} lacks parameters of the guide"
    in_path = {part[1:-1] for part in ROWS[section].path.split("/") if part.startswith("{")}
    extra = {field for field in fields - wanted - in_path if not field.startswith("formFields.")}
    assert extra <= {ASK_FOR_PAGES}, f"{section} asks what the guide does not list"


@pytest.mark.parametrize("section", SECTIONS)
def test_what_the_guide_requires_is_required(section: str) -> None:
    """A mandatory parameter must be said; every part of the path too."""
    required = {place for place, must in places(ROWS[section].asked) if must}
    assert {place_of(section, name) for name in SECTIONS[section]["required"]} <= required
    assert {part[1:-1] for part in ROWS[section].path.split("/") if part.startswith("{")} <= required


@pytest.mark.parametrize("row", NRS360Client.operations().values(), ids=lambda row: row.name)
def test_every_field_is_explained(row: Operation[..., Any]) -> None:
    """The command's help has a phrase for each."""
    missing = [name for name, field in row.asked.model_fields.items() if not field.description]
    assert missing == [] or row.asked.__name__ == "Nothing"


def test_rows_that_send_or_can_act_on_all_say_so() -> None:
    """A send is never made twice, and what can act on the whole account needs a word for it."""
    rows = NRS360Client.operations().values()
    assert {row.name for row in rows if row.sends} == {
        "sms.send", "mailing.send", "voice.send", "voice.send_audio", "landing.send", "whatsapp.send_template",
        "whatsapp.send_message",
    }  # fmt: skip
    assert {row.name for row in rows if row.changes_everything} == {"scheduled.update", "scheduled.delete"}
    assert {row.name for row in rows if row.streams} == {"reports.events", "reports.keys", "validation.result"}


@pytest.mark.parametrize(("kind", "names"), GUIDE["elements"].items())
def test_every_form_element_of_the_guide_is_typed(kind: str, names: list[str]) -> None:
    """Each element takes what its example has, travels so, and takes nothing else."""
    values: dict[str, Any] = {"type": kind, "required": True, "rows": 3, "options": [{"label": "A", "value": "a"}]}
    element = {name: values.get(name, "x") for name in names if "." not in name}
    made = TypeAdapter(FormElement).validate_python(element)
    assert made.model_dump(mode="json", by_alias=True, exclude_none=True) == element
    with pytest.raises(ValidationError):
        TypeAdapter(FormElement).validate_python({**element, "colour": "red"})


def test_an_element_that_the_guide_does_not_list_is_refused() -> None:
    """The error names the kinds there are."""
    with pytest.raises(ValidationError, match="countrySelector"):
        TypeAdapter(FormElement).validate_python({"type": "slider", "label": "x"})


# what is refused before anything leaves

SMS = {"to": ["34666555444"], "from": "TEST", "message": "Hi"}
MAIL = {"to": ["a@example.com"], "fromEmail": "b@example.com", "replyTo": "b@example.com", "subject": "S", "body": "B"}
CALL = {"to": ["34666555444"], "message": "Hi", "language": "es_ES", "gender": "F"}
LANDING = {**SMS, "templateBody": "<p>"}
TEMPLATE = {"templateId": 1, "from": "34666777555", "messages": [{"to": "34666555444"}]}
CONTACT = {"email": "a@example.com", "groupsIds": [1]}
LATER = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "good", "change"),
    [
        ("sms.send", SMS, {"to": []}),
        ("sms.send", SMS, {"message": ""}),
        ("sms.send", SMS, {"from": "A" * 12}),
        ("sms.send", SMS, {"from": "1" * 16}),
        ("sms.send", SMS, {"encoding": "utf-8"}),
        ("sms.send", SMS, {"parts": 0}),
        ("sms.send", SMS, {"parts": 16}),
        ("sms.send", SMS, {"trans": 2}),
        ("sms.send", SMS, {"tags": ["t"]}),
        ("sms.send", SMS, {"sub": []}),
        ("sms.send", SMS, {"sub": [{"a": "b"}, {"a": "c"}]}),
        ("sms.send", SMS, {"notificationUrl": ["https://a", "https://b"]}),
        ("sms.send", SMS, {"scheduleDate": datetime(2026, 11, 21, 10, tzinfo=UTC).replace(tzinfo=None)}),
        ("sms.send", SMS, {"availableTimes": [{"day": 8, "from": "09:00", "to": "21:00"}]}),
        ("sms.send", SMS, {"availableTimes": [{"from": "9", "to": "21:00"}]}),
        ("sms.send", SMS, {"otpConfig": {"length": 2}}),
        ("sms.send", SMS, {"otpConfig": {"maxAttempts": 11}}),
        ("sms.send", SMS, {"otpConfig": {"maxSecondsValidity": 601}}),
        ("sms.send", SMS, {"form": "TEST"}),
        ("sms.show", {"id": ["X"]}, {"id": []}),
        ("landing.send", LANDING, {"templateBody": None}),
        ("landing.send", LANDING, {"parts": 9}),
        ("landing.send", LANDING, {"notificationUrl": ["https://a"]}),
        ("mailing.send", MAIL, {"body": None}),
        ("mailing.send", MAIL, {"tags": ["t"]}),
        ("mailing.send", MAIL, {"sub": []}),
        ("mailing.send", MAIL, {"attachments": [{"name": "a.txt"}]}),
        ("voice.send", CALL, {"message": "x" * 501}),
        ("voice.send", CALL, {"language": "xx_XX"}),
        ("voice.send", CALL, {"gender": "X"}),
        ("voice.send", CALL, {"language": "arb", "gender": "M"}),
        ("voice.send", CALL, {"retries": 6}),
        ("voice.send", CALL, {"sub": []}),
        ("voice.send_audio", {"to": ["34"], "audioUrl": "https://a"}, {"tags": ["t"]}),
        ("whatsapp.send_template", TEMPLATE, {"messages": []}),
        ("whatsapp.send_template", TEMPLATE, {"messages": [{"to": "34", "location": {"lat": "1"}}]}),
        ("whatsapp.send_template", TEMPLATE, {"tags": ["t"]}),
        ("whatsapp.conversations", {}, {"limit": 1001}),
        ("campaigns.list", {}, {"channel": "fax"}),
        ("campaigns.list", {}, {"afterDate": "yesterday"}),
        ("contacts.create", CONTACT, {"email": None}),
        ("contacts.create", CONTACT, {"phone": "34666555444"}),
        ("contacts.create", CONTACT, {"groupsIds": None}),
        ("contacts.create", CONTACT, {"customFields": [{"key": "a", "type": "json"}]}),
        ("contacts.update", {"id": 1, **CONTACT}, {"groupsIds": []}),
        ("contacts.show", {"id": 1}, {"include": ["sendings"]}),
        ("groups.create", {"name": "A"}, {"name": ""}),
        ("validation.start", {"emails": ["a@example.com"]}, {"emails": []}),
        ("blacklist.add", {"type": "sms", "recipient": "34"}, {"type": "fax"}),
        ("forms.create", {"name": "F", "formFields": [{"type": "p", "label": "x"}]}, {"formFields": []}),
        ("shortener.shorten", {"urls": [{"longUrl": "https://a"}]}, {"urls": []}),
        ("images.generate", {"images": [{"externalId": "a", "extension": "png", "base64": "eA=="}]}, {"images": []}),
        ("otp.generate", {"recipient": "34"}, {"length": 11}),
        ("otp.check", {"recipient": "34", "code": "1"}, {"code": ""}),
    ],
)
def test_what_the_guide_rules_out_does_not_leave(name: str, good: dict[str, Any], change: dict[str, Any]) -> None:
    """A value beyond the guide's limits is refused by its field, and the same without it is taken."""
    asked = NRS360Client.operations()[name].asked
    assert asked.model_validate(good)
    with pytest.raises(ValidationError):
        asked.model_validate({**good, **change})


@pytest.mark.parametrize("name", ["scheduled.update", "scheduled.delete"])
@pytest.mark.parametrize("filters", [{}, {"guid": None}, {"guid": []}, {"type": "SMS"}])
def test_all_scheduled_messages_are_meant_only_when_it_is_said(name: str, filters: dict[str, Any]) -> None:
    """Without a guid the guide acts on the whole account: refused, unless `everything`, which does not travel."""
    row = NRS360Client.operations()[name]
    date = {"scheduleDate": LATER} if name == "scheduled.update" else {}
    with pytest.raises(ValidationError, match="every scheduled message"):
        row.asked.model_validate({**filters, **date})
    meant = {key: value for key, value in filters.items() if key != "guid"}
    request = row.request(row.asked.model_validate({**meant, **date, "everything": True}))
    assert request.json == {**meant, **({"scheduleDate": "20261121100000"} if date else {})}
    with pytest.raises(ValidationError, match="say one of them"):
        row.asked.model_validate({"guid": [100], **date, "everything": True})


@given(st.integers(0, 10**11), st.integers(-14, 14))
def test_dates_travel_in_utc_whatever_their_zone(seconds: int, hours: int) -> None:
    """scheduleDate is YYYYmmddHHMMSS in UTC; filters are ISO 8601 and name their zone."""
    zoned = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    rows = NRS360Client.operations()
    send = rows["sms.send"].request(rows["sms.send"].asked.model_validate({**SMS, "scheduleDate": zoned}))
    assert datetime.strptime(send.json["scheduleDate"], "%Y%m%d%H%M%S").replace(tzinfo=UTC) == zoned
    listed = rows["campaigns.list"].request(rows["campaigns.list"].asked.model_validate({"afterDate": zoned}))
    assert datetime.fromisoformat(listed.query["afterDate"]) == zoned


# answers


@pytest.mark.parametrize("row", NRS360Client.operations().values(), ids=lambda row: row.name)
@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (400, {"error": {"code": 102, "description": "No valid recipients"}}, Refused),
        (401, {"error": {"code": 103, "description": "Username or password unknown"}}, Refused),
        (404, {"error": {"code": 404, "description": "Resource not found"}}, Refused),
        (422, {"error": {"code": 422, "description": "The name field is required."}}, Refused),
        (429, {}, Throttled),
        (500, {"error": {"code": 101, "description": "Internal Database error"}}, MayHaveLeft),
        (502, "<html>", MayHaveLeft),
    ],
)
def test_every_row_knows_a_no(
    row: Operation[..., Any], status: int, body: object, raised: type[Refused | Throttled | MayHaveLeft]
) -> None:
    """The error table counts for every operation, whatever it tells otherwise."""
    with pytest.raises(raised) as caught:
        row.read(told(body, status))
    if isinstance(body, dict) and raised is Refused:
        assert isinstance(caught.value, Refused)
        assert caught.value.failure.code == str(body["error"]["code"])


@pytest.mark.parametrize("row", NRS360Client.operations().values(), ids=lambda row: row.name)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"moon": 1}'])
def test_an_answer_that_is_none_is_never_read_as_one(row: Operation[..., Any], body: bytes) -> None:
    """Not JSON, or JSON of another shape: Unreadable; files, pages and what tells nothing are taken as they are."""
    takes_anything = row.streams or row.tells in (bytes, str, type(None))
    shown_nowhere = row.name in ("account.show", "forms.create", "forms.show", "forms.update") and body.startswith(b"{")
    if takes_anything or shown_nowhere:
        assert row.read(Response(200, {}, body)) is not None or row.tells is type(None)
        return
    with pytest.raises(Unreadable, match=r"\S"):
        row.read(Response(200, {}, body))


def test_a_207_tells_of_each_recipient() -> None:
    """Half are taken, and the other half say why not."""
    error = {"code": 102, "description": "No valid recipients"}
    rows = [{"accepted": True, "to": "34666555444", "id": "X"}, {"accepted": False, "to": "34", "error": error}]
    sms, _ = client(told({"campaignId": 1, "sendingId": 2, "result": rows}, 207))
    sent = sms.sms.send(to=["34666555444", "34"], sender="TEST", message="Hi")
    assert [(row.to, row.accepted) for row in sent.result] == [("34666555444", True), ("34", False)]
    assert sent.result[1].error is not None
    assert sent.result[1].error.code == 102


def test_pages_are_followed_by_number_and_come_to_an_end() -> None:
    """Even where each page says that it is the first: `links.next` is no address in the guide's own example."""
    page = {
        "data": [{"id": 1, "name": "A"}],
        "meta": {"pagination": {"current_page": 1, "total_pages": 3, "links": {"next": "https://example.com&page=2"}}},
    }
    groups, asked = client(told(page), told(page), told(page))
    assert [group.name for told_page in groups.groups.list.pages(limit=1) for group in told_page.data] == ["A"] * 3
    assert [request.query for request in asked] == [
        {"limit": "1"},
        {"limit": "1", "page": "2"},
        {"limit": "1", "page": "3"},
    ]


def test_dates_that_are_told_are_read_and_odd_ones_kept() -> None:
    """UTC where no zone is named, as in `scheduled`; a date that is none, as in the guide's templates, stays a text."""
    both, _ = client(
        told({"result": {"guid": "100", "scheduled_at": "2017-11-11 10:10:10"}, "total": 1}),
        told({"data": {"id": 1, "createdAt": "2020-01-00T00:00:00+00:00"}}),
    )
    (message,) = both.scheduled.list(guid=100).result
    assert message.scheduled_at == datetime(2017, 11, 11, 10, 10, 10, tzinfo=UTC)
    assert both.templates.show(id=1).created_at == "2020-01-00T00:00:00+00:00"


def test_an_empty_object_may_come_as_a_list() -> None:
    """As the guide's own last pages write `links`: no custom fields and no events are none, not an error."""
    both, _ = client(
        told({"data": [{"id": "X", "customFields": []}]}),
        told({"data": [{"id": 1, "sendings": {"data": [{"id": 2, "events": [], "tags": None}]}}]}),
    )
    assert both.sms.show(id=["X"]).data[0].custom_fields is None
    assert both.campaigns.list().data[0].sendings[0].events is None


def test_what_is_not_json_is_asked_for_as_what_it_is() -> None:
    """A report is asked for as CSV and as a stream, a certificate and a page as anything."""
    files, asked = client(*[Response(200, {}, b"")] * 3)
    files.reports.events(sending_id=1)
    files.certificates.sms(id="X")
    files.forms.preview(id=1)
    assert [(request.headers["accept"], request.stream) for request in asked] == [
        ("text/csv", True),
        ("*/*", False),
        ("*/*", False),
    ]


# reports

HEADER = ",".join(EventsReport.layouts[0])
VOICE_HEADER = ",".join(EventsReport.layouts[1])
EVENT = "Spring,1,2,12,delivered,34666555444,,,ES,Firefox,Linux,https://a,2021-07-19T15:00:33+00:00"
CALLED = "Spring,1,2,12,delivered,34666555444,,,ES,31,2021-07-19T15:00:33+00:00"


def test_the_guide_s_columns_are_the_rows_fields() -> None:
    """As the guide gives them: eleven for calls, thirteen for the other channels."""
    assert HEADER == (
        "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,browser,os,url,createdAt"
    )
    assert VOICE_HEADER == (
        "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,callDurationSeconds,createdAt"
    )


@pytest.mark.parametrize("header", [[HEADER], []])
def test_a_broken_row_is_told_and_the_rest_goes_on(header: list[str]) -> None:
    """An open quote, a row too short: each told by its line and reason, without what it holds."""
    lines = [*header, EVENT, '"34666555333,open', "", "34666555333,short", EVENT.replace("delivered", "opened")]
    rows = list(EventsReport(iter(lines)))
    first = len(header) + 1
    assert [row.event if isinstance(row, EventRow) else (row.line, row.reason) for row in rows] == [
        "delivered",
        (first + 1, "its quotes do not match"),
        (first + 3, "it has 2 cells for 13 columns"),
        "opened",
    ]


@pytest.mark.parametrize("lines", [[VOICE_HEADER, CALLED], [CALLED]])
def test_calls_have_a_duration_and_no_browser(lines: list[str]) -> None:
    """The report of calls has columns of its own, named by its first line or by their number."""
    (row,) = EventsReport(iter(lines))
    assert isinstance(row, EventRow)
    assert (row.call_duration_seconds, row.browser, row.phone) == ("31", "", "34666555444")
    assert row.at == datetime(2021, 7, 19, 15, 0, 33, tzinfo=UTC)


def test_columns_are_taken_by_name() -> None:
    """In another order, with one more, and behind a byte order mark, each value stands in its field."""
    (row,) = EventsReport(iter(["\ufeffphone,more,event", '34666555444,"a,b",sent']))
    assert isinstance(row, EventRow)
    assert (row.phone, row.event, row.campaign_name) == ("34666555444", "sent", "")


def test_keys_and_validations_are_read_too() -> None:
    """The keystroke report with commas, the validation's result with semicolons, both with a broken row."""
    keys = list(KeysReport(iter(["phonenumber,key,message", '34666555444,1,"Press 1, or 2"', "34666555444"])))
    assert keys == [("34666555444", "1", "Press 1, or 2"), BrokenRow(3, "it has 1 cells for 3 columns")]
    found = list(ValidationReport(iter(["email;result", "a@example.com;risky", "b@example.com"])))
    assert found == [("a@example.com", "risky"), BrokenRow(3, "it has 1 cells for 2 columns")]


@pytest.mark.parametrize("report", [EventsReport, KeysReport, ValidationReport])
def test_a_page_in_a_report_s_place_is_no_report(report: type[EventsReport]) -> None:
    """The first line decides; an empty report has no rows."""
    with pytest.raises(Unreadable, match="does not begin with the columns"):
        list(report(iter(["<html>", "oops"])))
    assert list(report(iter([]))) == []


@given(
    st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"])), min_size=13, max_size=13)
)
def test_any_value_comes_out_as_it_went_in(cells: list[str]) -> None:
    """Commas and quotes in a value do not move its neighbours."""
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    (row,) = EventsReport(iter([HEADER, line]))
    assert isinstance(row, EventRow)
    assert list(row[:13]) == cells
