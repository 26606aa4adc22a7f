"""E-mails at 360NRS: the guide's request, what comes from data, events by address, and its list of addresses."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.failures import Fault
from connector.model.messages import Channel, Message, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from tests.providers.contract import REFERENCE, SINCE, TEXTS, answer
from tests.providers.test_nrs360 import HEADER

TITLE = {"subject": "TEST"}
VARIABLE = re.compile(r"\{(\w+)\}")


def adapter(**options: Any) -> NRS360:
    """An account with an address that e-mails come from."""
    account = {"username": "u", "api_password": "p", "email_sender": "info@360nrs.com"}
    return NRS360("main", NRS360Options.model_validate({**account, **options}))


def email(content: Mapping[str, Any] = TITLE, **changes: Any) -> Message:
    """An e-mail to one person."""
    fields: dict[str, Any] = {"to": "test@example.com", "pieces": ("Hello ", ", bye"), "values": ("Ana",), **changes}
    return Message("m0", country="", channel=Channel.EMAIL, content=dict(content), **fields)


def sent(*messages: Message, **options: Any) -> Request:
    """The request that sends them, none of which is refused."""
    made = adapter(**options)
    assert [made.refuse(one) for one in messages] == [None] * len(messages)
    assert len({made.group(one) for one in messages}) == 1
    return made.send(Batch(REFERENCE, messages))


def read(request: Request, place: int = 0) -> str:
    """What a recipient reads, by the guide's "Substitution variables"."""
    body: str = request.json["body"]
    values = request.json.get("sub", [{}] * (place + 1))[place]
    return VARIABLE.sub(lambda found: values.get(found[1], found[0]), body)


def test_the_guide_s_email_is_sent() -> None:
    """POST /mailing with the guide's names; the text is HTML, and data travels in `sub`."""
    request = sent(email(), email(to="test2@example.com", values=("Bo & <Co>\nX",)))
    assert (request.method, request.path, request.sends) == ("POST", "mailing", True)
    assert request.json == {
        "to": ["test@example.com", "test2@example.com"],
        "fromEmail": "info@360nrs.com",
        "replyTo": "info@360nrs.com",
        "subject": "TEST",
        "body": "Hello {v0}, bye",
        "campaignName": f"connector ~{REFERENCE}",
        "sub": [{"v0": "Ana"}, {"v0": "Bo &amp; &lt;Co&gt;<br>\nX"}],
    }


def test_the_content_decides_sender_name_and_where_answers_go() -> None:
    """A sender that is an address wins over the account's; one that is a name of SMS does not."""
    content = {**TITLE, "from_name": "Clinic", "reply_to": "desk@example.com"}
    json = sent(email(content, sender="ana@example.com")).json
    assert (json["fromEmail"], json["fromName"], json["replyTo"]) == ("ana@example.com", "Clinic", "desk@example.com")
    json = sent(email(sender="CLINIC"), email_reply_to="answers@example.com").json
    assert (json["fromEmail"], json["replyTo"]) == ("info@360nrs.com", "answers@example.com")


def test_html_stands_in_the_text_s_place_and_is_not_read_as_a_template() -> None:
    """Styles have braces; e-mails whose HTML differs still share a request."""
    styled = "<style>p{color:red}</style><p>{v0}</p>"
    request = sent(email({**TITLE, "html": styled}), email({**TITLE, "html": "<b>b</b>"}, to="b@example.com"))
    assert read(request) == styled
    assert read(request, 1) == "<b>b</b>"


def test_a_template_is_named_by_its_id_and_filled_by_fields() -> None:
    """The guide's templateId, with the variables of each recipient; the text is left out."""
    request = sent(
        email({**TITLE, "template": 7, "fields": {"name": "Ana"}}),
        email({**TITLE, "template": 7, "fields": {"name": "Bo"}}, to="b@x.org"),
    )
    assert request.json["templateId"] == 7
    assert "body" not in request.json
    assert request.json["sub"] == [{"name": "Ana"}, {"name": "Bo"}]


def test_emails_of_several_subjects_share_no_request() -> None:
    """The guide has one subject a request, and no variables in it."""
    made = adapter()
    assert made.group(email()) != made.group(email({"subject": "another"}))
    assert made.group(email()) != made.group(email({**TITLE, "template": 7}))
    assert made.group(email()) == made.group(email(to="b@example.com", values=("Bo",)))


@pytest.mark.parametrize(
    ("message", "options", "code"),
    [
        (email(to="+34666555444"), {}, "address"),
        (email({}), {}, "no_subject"),
        (email(), {"email_sender": None}, "no_sender"),
        (email(sender="CLINIC"), {"email_sender": None}, "no_sender"),
    ],
)
def test_an_email_that_cannot_be_sent_is_the_mapping_s_fault(
    message: Message, options: dict[str, Any], code: str
) -> None:
    """Whom to, what about, from whom: without one of these nothing is asked of 360NRS."""
    failure = adapter(**options).refuse(message)
    assert failure is not None
    assert (failure.code, failure.fault) == (code, Fault.MAPPING)
    assert "666555444" not in failure.reason


def test_without_merge_values_braces_are_refused() -> None:
    """Where data cannot travel apart, it must not be read as a variable."""
    failure = adapter(merge_values=False).refuse(email(values=("{name}",)))
    assert failure is not None
    assert failure.code == "placeholder"


@given(data=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), last=TEXTS)
def test_what_is_read_is_the_text_as_html(data: list[tuple[str, str]], last: str) -> None:
    """Whatever the data holds, a reader sees the text to the letter, and no mark of it is HTML."""
    pieces = (*[piece for piece, _ in data], last)
    message = email(pieces=pieces, values=tuple(value for _, value in data))
    if adapter().refuse(message) is None:
        html = read(sent(message))
        assert "<" not in html.replace("<br>", "")
        shown = html.replace("<br>", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert shown == message.text


def test_an_answer_names_its_recipient_in_any_letters() -> None:
    """The guide's 207: one is accepted, the other refused; addresses are compared in small letters."""
    rows = [
        {"accepted": True, "to": "Test@Example.com", "id": "X1", "scheduledAt": None},
        {"accepted": False, "to": "b@x.org", "error": {"code": 102, "description": "No valid recipients"}},
    ]
    batch = Batch(REFERENCE, (email(), email(to="b@x.org")))
    accepted, refused = adapter().read_send(batch, answer(207, {"campaignId": 1, "sendingId": 2, "result": rows}))
    assert (accepted.state, accepted.provider_id, accepted.provider_batch) == (State.ACCEPTED, "X1", "2")
    assert refused.state is State.REJECTED
    assert refused.failure is not None
    assert refused.failure.code == "102"


def test_events_of_emails_are_told_by_address() -> None:
    """A contact with a number too is meant by its address; leaving the list is an opt-out of it."""
    batch = OpenBatch(
        REFERENCE,
        SINCE,
        "100001",
        (OpenMessage("m0", "test@example.com", State.ACCEPTED, "X1", Channel.EMAIL),),
    )
    at = "2021-07-19T15:00:33+00:00"
    lines = [
        f"Spring,100000,100001,12,delivered,34666555444,Test@example.com,,ES,,,,{at}",
        f"Spring,100000,100001,12,unsubscribed,34666555444,test@example.com,,ES,,,,{at}",
        f"Spring,100000,100001,12,complaint,34666555444,,,ES,,,,{at}",
    ]
    asked = adapter().statuses([batch])
    next(asked)
    news = asked.send(Response(200, {"content-type": "text/csv"}, lines=iter([HEADER, *lines])))
    assert isinstance(news, list)
    assert [(one.phone, one.word, one.state, one.opted_out) for one in news] == [
        ("test@example.com", "delivered", State.DELIVERED, False),
        ("test@example.com", "unsubscribed", None, True),
    ]


def test_a_lost_answer_is_looked_for_among_mailings() -> None:
    """Campaigns are listed by channel, and e-mails are the guide's ``mailing``."""
    message = OpenMessage("m0", "test@example.com", State.UNKNOWN, None, Channel.EMAIL)
    request = next(adapter().resolve(OpenBatch(REFERENCE, SINCE, None, (message,))))
    assert isinstance(request, Request)
    assert (request.query or {})["channel"] == "mailing"


def test_an_address_goes_onto_the_list_of_addresses() -> None:
    """The guide has a list for SMS and one for mailings."""
    request = next(adapter().block("test@example.com"))
    assert isinstance(request, Request)
    assert request.path.endswith("blacklist/mailing")
    assert "test@example.com" in str(request.json)
