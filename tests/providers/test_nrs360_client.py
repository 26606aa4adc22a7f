"""360NRS's client against its tapes: the requests are the guide's example requests, the answers its example answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from connector.model.errors import MayHaveLeft, Refused
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.client import NRS360Client
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.report import BrokenRow
from connector.providers.operation import Operation, Talk
from tests.providers.tapes import CASSETTES, replayed

BASE = "https://dashboard.360nrs.com/api/rest"
PHONE, OTHER_PHONE, SENDER = "34666555444", "34666555333", "34666777555"
HTML = "<html><head><title>TEST</title></head><body>{}</body></html>"


@contextmanager
def client(tape: str) -> Iterator[NRS360Client]:
    """The guide's account, on a tape whose every answer must be asked for."""
    adapter = NRS360("main", NRS360Options.model_validate({"username": "username", "api_password": "apiPassword"}))
    with replayed(tape, BASE) as line:
        yield NRS360Client(Talk(line.ask, adapter.authorization, adapter.path_of))


def refused(call: Any, *args: Any, **asked: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call(*args, **asked)
    return str(refusal.value.failure.code)


def test_texts() -> None:
    """A text is sent, half refused, refused, merged and notified; then asked for by its id."""
    hi = {"sender": "TEST", "message": "SMS text message"}
    with client("nrs360/sms") as nrs:
        sent = nrs.sms.send(to=[PHONE], **hi)
        assert (sent.campaign_id, sent.sending_id, sent.result[0].id, sent.result[0].parts) == (
            100000,
            100001,
            "XXXXXXXXXXXXX",
            1,
        )
        half = nrs.sms.send(to=[PHONE, "34"], **hi).result
        assert [(row.accepted, row.error.code if row.error else None) for row in half] == [(True, None), (False, 102)]
        assert refused(nrs.sms.send, to=[PHONE], **hi) == "102"
        names = [{"name": "first contact name"}, {"name": "second contact name"}]
        merged = nrs.sms.send(to=[PHONE, OTHER_PHONE], sender="TEST", message="Hello {name}", sub=names)
        assert [row.to for row in merged.result] == [PHONE, OTHER_PHONE]
        urls = ["https://example.com/first-notification-url", "https://example.com/second-notification-url"]
        assert nrs.sms.send(to=[PHONE, OTHER_PHONE], **hi, notification_url=urls).result[1].id == "YYYYYYYYYYYYY"
        (message,) = nrs.sms.show(id=["XXXXXXXXXXXXX"]).data
        assert (message.sender, message.is_delivered, [event.type for event in message.events]) == (
            "360NRS",
            True,
            ["sent", "delivered"],
        )
        assert message.custom_fields == {"email": "test@test.com", "phone": PHONE, "name": "Name"}
        assert refused(nrs.sms.show, id=["XXXXXXXXXXXXX"]) == "404"


def test_mails() -> None:
    """A mail is sent, half refused, refused, and merged."""
    link = '<a href="https://example.com">link</a>'
    mail = {
        "from_name": "Info",
        "from_email": "info@example.com",
        "body": HTML.format(link),
        "reply_to": "replyto@example.com",
        "subject": "TEST",
    }
    with client("nrs360/mailing") as nrs:
        assert nrs.mailing.send(to=["test@example.com"], **mail).result[0].accepted
        half = nrs.mailing.send(to=["test@example.com", "invalidEmail"], **mail).result
        assert [row.accepted for row in half] == [True, False]
        assert refused(nrs.mailing.send, to=["test@example.com"], **mail) == "102"
        merged = nrs.mailing.send(
            to=["test@example.com", "test2@example.com"],
            **{**mail, "body": HTML.format(f"Hello {{name}}, {link}")},
            sub=[{"name": "first contact name"}, {"name": "second contact name"}],
        )
        assert len(merged.result) == 2


def test_calls() -> None:
    """A text is read, half refused, refused; a file is played and refused."""
    read = {"message": "Esto es un test de mensaje de voz", "gender": "F", "language": "es_ES"}
    audio = {"to": ["34666666666"], "audio_url": "https://example.com/audio.mp3"}
    with client("nrs360/voice") as nrs:
        assert nrs.voice.send(to=["34666666666"], **read).result[0].accepted
        assert [row.accepted for row in nrs.voice.send(to=["34666666666", "34"], **read).result] == [True, False]
        assert refused(nrs.voice.send, to=["34666666666"], **read) == "102"
        assert nrs.voice.send_audio(**audio).result[0].id == "XXXXXXXXXXXXX"
        assert refused(nrs.voice.send_audio, **audio) == "102"


def test_texts_with_a_page() -> None:
    """A landing SMS is sent, half refused, refused."""
    page = {
        "message": "TEST API LANDING {LAND_URL}",
        "sender": "LANDINGAPI",
        "template_body": "<html><head><title>LANDING TEST</title></head><body><h1>HELLO LANDING</h1></body></html>",
    }
    with client("nrs360/landing") as nrs:
        assert nrs.landing.send(to=[PHONE], **page).sending_id == 100001
        assert [row.accepted for row in nrs.landing.send(to=[PHONE, "34"], **page).result] == [True, False]
        assert refused(nrs.landing.send, to=[PHONE], **page) == "102"


def test_whatsapp_templates() -> None:
    """A template is sent, half refused, refused; with variables, with a place, with a code."""
    with client("nrs360/whatsapp_template") as nrs:

        def send(*messages: dict[str, Any]) -> list[bool]:
            sent = nrs.whatsapp.send_template(template_id=123, sender=SENDER, messages=list(messages))
            return [row.accepted for row in sent.result]

        assert send({"to": PHONE}) == [True]
        assert send({"to": PHONE}, {"to": "34"}) == [True, False]
        assert refused(send, {"to": PHONE}) == "140"
        with_fields = {
            "to": PHONE,
            "header_fields": ["headerField1"],
            "body_fields": ["bodyField1", "bodyField2"],
            "call_to_action_fields": ["actionField1"],
            "default_answer": "Example answer",
            "button_answers": ["first button answer", "second button answer"],
        }
        assert send(with_fields) == [True]
        place = {
            "lat": "39.92516922986921",
            "long": "-0.10572674363232447",
            "name": "NRS-Group",
            "address": "Carrer, Av. Arcadi Garcia Sanz, 19, 12540 Vila-real, Castelló",
        }
        assert send({"to": PHONE, "location": place}) == [True]
        assert send({"to": PHONE, "body_fields": ["auth_code"]}) == [True]


def test_whatsapp_conversations() -> None:
    """Conversations and messages are listed page by page, one is shown and one is not there; a message is sent."""
    ours = {"sender": SENDER, "to": PHONE}
    with client("nrs360/whatsapp_conversations") as nrs:
        conversations = [row for page in nrs.whatsapp.conversations.pages() for row in page.data]
        assert [(row.to, row.status, row.contact and row.contact.first_name) for row in conversations] == [
            (PHONE, "OPEN", "First")
        ] * 2
        shown = nrs.whatsapp.conversation(**ours)
        assert (shown.is_session_active, shown.session_expires_at) == (True, datetime(2024, 1, 2, 10, tzinfo=UTC))
        assert refused(nrs.whatsapp.conversation, **ours) == "404"
        pages = list(nrs.whatsapp.messages.pages(**ours))
        assert [len(page.data) for page in pages] == [2, 2]
        assert pages[0].meta.is_session_active
        assert [(row.content, row.msisdn, row.reactions) for row in pages[0].data] == [
            ("User response", PHONE, ()),
            ("Template content", SENDER, ("👍",)),
        ]
        assert nrs.whatsapp.send_message(**ours, content="Message content") == "{}"
        assert refused(nrs.whatsapp.send_message, **ours, content="Message content") == "422"


def test_scheduled_messages() -> None:
    """All and one are listed, two are moved and deleted; HTTP 500 leaves doubt; everything of a kind is deleted."""
    moved = {"guid": [100, 101], "schedule_date": datetime(2017, 10, 11, 9, 30, tzinfo=UTC)}
    with client("nrs360/scheduled") as nrs:
        listed = nrs.scheduled.list()
        assert ([row.guid for row in listed.result], listed.total) == (["100", "101", "102"], 3)
        (one,) = nrs.scheduled.list(guid=100).result
        assert one.content is not None
        assert (one.content.to, one.content.sender, one.scheduled_at) == (
            PHONE,
            "360NRS",
            datetime(2017, 11, 11, 10, 10, 10, tzinfo=UTC),
        )
        assert refused(nrs.scheduled.list, guid=100) == "120"
        assert nrs.scheduled.update(**moved).updated == 2
        assert refused(nrs.scheduled.update, **moved) == "121"
        with pytest.raises(MayHaveLeft):
            nrs.scheduled.update(**moved)
        assert nrs.scheduled.delete(guid=[100, 101]).deleted == 2
        with pytest.raises(MayHaveLeft):
            nrs.scheduled.delete(guid=[100, 101])
        assert nrs.scheduled.delete(type="SMS", everything=True).result


def test_campaigns() -> None:
    """Campaigns with their sendings, by the guide's filters, and page by page."""
    new_year = datetime(2019, 1, 1, tzinfo=UTC)
    with client("nrs360/campaigns") as nrs:
        (campaign,) = nrs.campaigns.list().data
        (sending,) = campaign.sendings
        assert (campaign.name, sending.status, sending.total_sms_parts, sending.cost) == (
            "My campaign",
            "OPENED",
            4,
            0.02,
        )
        assert sending.events is not None
        assert sending.events.delivered == 2
        wanted = {"name": "CAMPAIGN_2020_*", "channel": "sms"}
        assert nrs.campaigns.list(**wanted, after_date=new_year, before_date=new_year).data
        assert [len(page.data) for page in nrs.campaigns.list.pages()] == [1, 1]


def test_contacts() -> None:
    """Listed, shown, created, updated and deleted, and each refused as the guide shows."""
    more = {"include": ["customFields", "groups"]}
    new = {
        "email": "new.contact@example.com",
        "phone": "3466666666",
        "country_iso": "ES",
        "groups_names": ["My contact list"],
        "custom_fields": [{"key": "company", "value": "ACME inc."}],
    }
    with client("nrs360/contacts") as nrs:
        contacts = [row for page in nrs.contacts.list.pages(**more) for row in page.data]
        assert [(row.phone, row.landline, row.country_iso) for row in contacts] == [
            ("34666666666", "900222222", "ES")
        ] * 2
        shown = nrs.contacts.show(id=1, **more)
        assert shown.custom_fields is not None
        assert shown.groups is not None
        assert [(field.key, field.value) for field in shown.custom_fields] == [("color", "green")]
        assert [group.name for group in shown.groups] == ["My Contact List"]
        assert refused(nrs.contacts.show, id=1, **more) == "404"
        assert nrs.contacts.create(**new).created_at == datetime(2018, 3, 13, 14, 32, 25, tzinfo=UTC)
        assert refused(nrs.contacts.create, **new) == "422"
        assert nrs.contacts.update(id=1, **new).surname is None
        assert refused(nrs.contacts.update, id=1, **new) == "422"
        nrs.contacts.delete(id=1)
        assert refused(nrs.contacts.delete, id=1) == "404"


def test_groups() -> None:
    """Listed, shown, created, updated and deleted, and each refused as the guide shows."""
    new = {"name": "My new contact list"}
    with client("nrs360/groups") as nrs:
        assert [row.name for page in nrs.groups.list.pages() for row in page.data] == ["My contact list"] * 2
        assert nrs.groups.show(id=1).id == 1
        assert refused(nrs.groups.show, id=1) == "404"
        assert nrs.groups.create(**new).name == "My new contact list"
        assert refused(nrs.groups.create, **new) == "422"
        assert nrs.groups.update(id=1, **new).name == "My new contact list"
        assert refused(nrs.groups.update, id=1, **new) == "422"
        nrs.groups.delete(id=1)
        assert refused(nrs.groups.delete, id=1) == "404"


def test_validations() -> None:
    """Listed, shown, started and deleted; the result is read row by row."""
    wanted = {"groups_ids": [1111], "force": False, "notification_url": "https://example.com/notificationUrl"}
    with client("nrs360/validation") as nrs:
        assert [row.valid for page in nrs.validation.list.pages() for row in page.data] == [9, 9]
        assert nrs.validation.show(id=123).estimated_cost == 0.007
        assert refused(nrs.validation.show, id=123) == "404"
        assert list(nrs.validation.result(id=123)) == [
            ("valid@example.com", "deliverable"),
            ("notvalid@example.com", "undeliverable"),
            ("unknown@example.com", "risky"),
        ]
        assert nrs.validation.start(**wanted).status == "pending"
        assert refused(nrs.validation.start, **wanted) == "422"
        nrs.validation.delete(id=123)


def test_blacklists() -> None:
    """Listed, added to, taken from, and each refused."""
    entry = {"type": "mailing", "recipient": "test@example.com"}
    with client("nrs360/blacklist") as nrs:
        listed = [row for page in nrs.blacklist.list.pages(type="mailing") for row in page.data]
        assert [(row.recipient, row.is_definitive, row.sending_id) for row in listed] == [
            ("test@example.com", False, 123)
        ] * 2
        assert nrs.blacklist.add(**entry).campaign_name is None
        assert refused(nrs.blacklist.add, **entry) == "422"
        nrs.blacklist.remove(**entry)
        assert refused(nrs.blacklist.remove, **entry) == "404"


def test_templates() -> None:
    """Listed, shown, created, updated, deleted and previewed; a date of the guide that is none stays a text."""
    new = {"name": "New Template", "html": "<h1>Hello world</h1>"}
    with client("nrs360/templates") as nrs:
        assert [row.name for page in nrs.templates.list.pages() for row in page.data] == ["Template 1"]
        assert nrs.templates.show(id=1).html == "<h1>Hello world</h1>"
        assert refused(nrs.templates.show, id=1) == "404"
        assert nrs.templates.create(**new).created_at == "2020-01-00T00:00:00+00:00"
        assert refused(nrs.templates.create, **new) == "422"
        assert nrs.templates.update(id=1, **new).name == "New Template"
        nrs.templates.delete(id=1)
        assert nrs.templates.preview(id=1) == "<h1>Hello world</h1>"


def test_forms() -> None:
    """Created as in both of the guide's examples, updated, listed, shown, deleted and previewed."""
    title = {"type": "h3", "label": "Your opinion is very important to us"}

    def field(kind: str, what: str) -> dict[str, Any]:
        help_text = f"Insert your {what}"
        return {
            "type": kind,
            "label": what.capitalize(),
            "required": True,
            "description": help_text,
            "placeholder": help_text,
            "custom_field": f"form_{what}",
        }

    answers = ("Very satisfied", "Somewhat satisfied", "Neither satisfied nor dissatisfied", "Somewhat dissatisfied")
    options = [
        {"label": label, "value": str(10 - 2 * place)} for place, label in enumerate((*answers, "Very dissatisfied"))
    ]
    satisfaction = {
        "type": "radio",
        "label": "How satisfied are you with our platform?",
        "required": True,
        "description": "Select your response depending on your satisfaction",
        "custom_field": "form_satisfaction",
        "options": options,
    }
    form = {
        "name": "My_form",
        "reject_button": True,
        "background_url": "https://dashboard.360nrs.com/assets/login/img/wizard.jpg",
        "logo_url": "https://dashboard.360nrs.com/assets/img/logo.png",
    }
    short = {**form, "form_fields": [title, field("text", "name")]}
    with client("nrs360/forms") as nrs:
        assert nrs.forms.create(**short).placeholder == "{FORM_1}"
        whole = [title, field("text", "name"), field("email", "email"), satisfaction]
        assert nrs.forms.create(**form, form_fields=whole).id == 1
        assert refused(nrs.forms.create, **short) == "422"
        assert nrs.forms.update(id=1, **short).name == "Form 1"
        assert refused(nrs.forms.update, id=1, **short) == "422"
        assert [row.id for page in nrs.forms.list.pages() for row in page.data] == [1]
        assert nrs.forms.show(id=1).updated_at is None
        assert refused(nrs.forms.show, id=1) == "404"
        nrs.forms.delete(id=1)
        assert nrs.forms.preview(id=1) == "<form></form>"


def test_short_addresses_and_pictures() -> None:
    """Each address and picture has its own answer; what is no address is told as an error."""
    urls = [{"long_url": f"https://example.com/test{place}"} for place in (1, 2)]
    with client("nrs360/shortener") as nrs:
        short = nrs.shortener.shorten(urls=[*urls, {"long_url": "invalidUrl"}]).data
    assert [(row.short_url, row.error) for row in short] == [
        ("https://nrs.so/dvRINN", False),
        ("https://nrs.so/GFA6Fm", False),
        (None, True),
    ]
    pictures = [
        {"external_id": f"test{place}", "extension": extension, "base64": "BASE64_ENCODED_STRING"}
        for place, extension in ((1, "jpg"), (2, "png"))
    ]
    with client("nrs360/images") as nrs:
        images = nrs.images.generate(images=pictures).data
    assert [(row.external_id, row.error) for row in images] == [("test1", False), ("test2", False)]


def test_certificates() -> None:
    """The file as it is, and 404 for a message without one."""
    with client("nrs360/certificates") as nrs:
        for download in (nrs.certificates.sms, nrs.certificates.mailing):
            assert download(id="XXXXXXXXXXXXX") == b"%PDF-1.4"
            assert refused(download, id="XXXXXXXXXXXXX") == "404"


def test_reports() -> None:
    """Rows of both layouts and of keys, with a broken one told as such; 404 before any row."""
    window = {"after_date": datetime(2019, 1, 1, tzinfo=UTC), "before_date": datetime(2019, 2, 1, tzinfo=UTC)}
    with client("nrs360/reports") as nrs:
        events = list(nrs.reports.events(sending_id=1, **window))
        assert [row if isinstance(row, BrokenRow) else row.event for row in events] == [
            "sent",
            BrokenRow(3, "its quotes do not match"),
            "delivered",
        ]
        (call,) = nrs.reports.events(sending_id=1)
        assert not isinstance(call, BrokenRow)
        assert (call.landline, call.call_duration_seconds) == ("900222222", "31")
        assert refused(nrs.reports.events, sending_id=1) == "404"
        keys = list(nrs.reports.keys(sending_id=1, **window))
        assert keys == [(PHONE, "1", "Press 1, please"), BrokenRow(3, "it has 1 cells for 3 columns")]
        assert refused(nrs.reports.keys, sending_id=1) == "404"


def test_codes() -> None:
    """Made, refused; then right, expired, and refused."""
    with client("nrs360/otp") as nrs:
        made = nrs.otp.generate(recipient=PHONE)
        assert (made.code, made.max_attempts, made.app_id) == ("1234", 3, "")
        assert refused(nrs.otp.generate, recipient=PHONE) == "422"
        given = {"recipient": PHONE, "code": "1234"}
        right, late = nrs.otp.check(**given), nrs.otp.check(**given)
        assert (right.valid, right.reason, late.valid, late.reason) == (True, "Valid", False, "Expired")
        assert right.otp is not None
        assert right.otp.attempts == 1
        assert refused(nrs.otp.check, **given) == "422"


def test_the_account_and_its_coverage() -> None:
    """The account with its balance, and 401; networks and countries with their prices."""
    with client("nrs360/account") as nrs:
        assert nrs.account.show().balance == 10.5
        assert refused(nrs.account.show) == "103"
    with client("nrs360/coverage") as nrs:
        networks = nrs.coverage.by_network().data
        assert [(row.country_iso, row.mcc, row.mnc, row.cost) for row in networks] == [
            ("AD", "213", None, 0.065),
            ("AD", "213", "003", 0.065),
            ("AE", "424", None, 0.0868),
        ]
        assert [row.networks for row in nrs.coverage.by_country().data] == [
            ("Servei De Tele. DAndorra",),
            ("DU", "Etisalat"),
        ]


def parts_of(row: Operation[..., Any], method: str, path: list[str]) -> int | None:
    """How many parts of a row's address are not braces, where a request is the row's; else None."""
    parts = row.path.split("/")
    if row.method != method or len(parts) != len(path):
        return None
    pairs = [(part, asked) for part, asked in zip(parts, path, strict=True) if not part.startswith("{")]
    return len(pairs) if all(part == asked for part, asked in pairs) else None


def test_every_row_has_its_tape() -> None:
    """Each operation is on a tape with an answer of yes, and every request on a tape is an operation's."""
    rows = NRS360Client.operations()
    taped: set[str] = set()
    for tape in sorted(CASSETTES.glob("nrs360/*.yaml")):
        for exchange in yaml.safe_load(tape.read_text("utf-8"))["interactions"]:
            asked = exchange["request"]
            path = asked["uri"].removeprefix(f"{BASE}/").partition("?")[0].split("/")
            fits = {name: parts_of(row, asked["method"], path) for name, row in rows.items()}
            name = max((name for name in fits if fits[name] is not None), key=lambda name: fits[name] or 0)
            taped |= {name} if exchange["response"]["status"]["code"] < 300 else set()
    assert set(rows) - taped == set()
