"""Optimum Measures' rows: what they ask and tell by the guide's words, its tables, and its examples replayed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.model.errors import Refused
from connector.model.messages import Message, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.operation import Talk
from connector.providers.optimum.adapter import Optimum
from connector.providers.optimum.client import OptimumClient
from connector.providers.optimum.codes import (
    CALL_REASONS,
    CALL_STATUSES,
    ERRORS,
    MISSING_PARAMETER_IDS,
    MISSING_PARAMETERS,
)
from connector.providers.optimum.errors import ERROR_IDS
from connector.providers.optimum.operations import Destination
from connector.providers.optimum.options import OptimumOptions
from connector.providers.registry import CLIENTS
from connector.providers.talk import Line
from tests.providers.contract import SINCE, answer
from tests.providers.tapes import replayed

GUIDE = json.loads((Path(__file__).parent / "guide" / "optimum.json").read_text("utf-8"))
SECTIONS = GUIDE["sections"]
ROWS = OptimumClient.operations()
ASKED = {
    "sms.send": SECTIONS["Send SMS"]["asked"],
    "voice.call_with_message": SECTIONS["Voice Call"]["asked with a message"],
    "voice.call_with_campaign": SECTIONS["Voice Call"]["asked with a campaign"],
}
"""Row to what the guide's sample asks. Get Status shows no request."""
BASE = "https://api.optimummeasures.com"
TWO: list[Destination] = [{"MobileNo": "0016175551212"}, {"MobileNo": "0016175551212"}]
SMS: dict[str, Any] = {
    "destination": TWO,
    "message": "Welcome to Optimum Measures meassaging solution",
    "sender": "OM",
    "reference_id": "ID09890",
    "callback": "Yes",
}
CALL: dict[str, Any] = {
    "destination": TWO,
    "message": "Welcome to Optimum Measures Voice solution",
    "sender": "00919833111380",
    "locale": "hi-IN",
}
CAMPAIGN: dict[str, Any] = {
    "destination": TWO,
    "campaign_id": "fc46b682-b939-4fc2-81c3-891cfb23cd92",
    "sender": "00919833111380",
}


def account(**options: Any) -> Optimum:
    """An account at the guide's address."""
    given = {"authentication": "bearer", "token": "mytoken", **options}
    return Optimum("main", OptimumOptions.model_validate(given))


def talking(ask: Any, **options: Any) -> OptimumClient:
    """The client of that account."""
    made = account(**options)
    return OptimumClient(Talk(ask, made.authorization, made.path_of))


@contextmanager
def taped(name: str) -> Iterator[tuple[OptimumClient, Line]]:
    """The client and its line, asking a tape."""
    with replayed(name, BASE) as line:
        yield talking(line.ask), line


# the guide


def test_every_section_of_the_guide_has_its_rows() -> None:
    """Each section is a row's or more, and each row's section is one of the guide."""
    assert {row.section for row in ROWS.values()} == set(SECTIONS)
    assert [*ASKED, "sms.status", "sms.status_by_post"] == sorted(ROWS, key=lambda name: "status" in name)
    assert CLIENTS["optimum"] is OptimumClient


@pytest.mark.parametrize("name", list(ASKED))
def test_a_row_asks_all_that_its_sample_does(name: str) -> None:
    """By the guide's own names, each of them typed and described; `MobileNo` stands in each destination."""
    fields = ROWS[name].asked.model_fields.values()
    in_a_destination = list(Destination.__annotations__)
    names = [field.serialization_alias for field in fields]
    assert [names[0], *in_a_destination, *names[1:]] == ASKED[name]
    assert all(field.description for field in fields)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_row_tells_all_that_its_section_does(row: Any) -> None:
    """Each name in the guide's answers is a field of what is told, or of the refusal."""
    schema = json.dumps(row._told.json_schema(mode="validation", by_alias=True))
    of_a_refusal = {*ERROR_IDS, "Message"}
    told = set(SECTIONS[row.section]["told"]) - of_a_refusal
    assert [name for name in told if f'"{name}"' not in schema] == []


def test_every_webhook_of_the_guide_is_declared() -> None:
    """With the guide's fields, by the guide's names, in its order."""
    declared = {hook.section: [field.name for field in hook.fields] for hook in Optimum.webhooks}
    assert declared == {
        f"{name} / Call back": section["pushed"] for name, section in SECTIONS.items() if "pushed" in section
    }


def test_every_row_of_the_guide_s_tables_has_our_word() -> None:
    """Call statuses, reasons and error ids, and whichever parameter is missing."""
    assert set(CALL_STATUSES) == {status.lower() for status in GUIDE["statuses"]}
    assert set(CALL_REASONS) == {reason.lower() for reason in GUIDE["reasons"]}
    assert set(ERRORS) == {error_id for error_id, _ in GUIDE["errors"]} | {"125"}
    missing = [words.lower() for error_id, words in GUIDE["errors"] if error_id in MISSING_PARAMETER_IDS]
    assert len(missing) == len(MISSING_PARAMETERS) == 4
    assert all(any(f"parameter {name}" in words for name in MISSING_PARAMETERS) for words in missing)


@pytest.mark.parametrize(
    ("name", "whole", "optional"),
    [
        ("sms.send", SMS, {"reference_id", "callback"}),
        ("voice.call_with_message", CALL, set()),
        ("voice.call_with_campaign", CAMPAIGN, set()),
    ],
)
def test_what_the_guide_needs_is_asked_for(name: str, whole: dict[str, Any], optional: set[str]) -> None:
    """What an error id calls missing or empty never leaves; a message and a campaign in one call neither."""
    asked = ROWS[name].asked
    for lacks in set(whole) - optional:
        for given in ({**whole, lacks: type(whole[lacks])()}, {key: whole[key] for key in whole if key != lacks}):
            with pytest.raises(ValidationError):
                asked.model_validate(given)
    assert asked.model_validate({key: whole[key] for key in whole if key not in optional})
    with pytest.raises(ValidationError):
        asked.model_validate({**CALL, **CAMPAIGN})


def test_only_sending_and_calling_send() -> None:
    """A question may be made again; a message and a call may not."""
    assert {row.name for row in ROWS.values() if row.sends} == set(ASKED)


# the guide's examples


def test_an_sms_is_sent() -> None:
    """The guide's request, its answer and its error, by the client; the answer by the messaging adapter too."""
    batch = Batch("01JTAPE", (Message("m1", "+16175551212", "US", (SMS["message"],), (), sender="OM"),))
    with taped("optimum/sms") as (client, line):
        told = client.sms.send(**SMS)
        with pytest.raises(Refused) as refusal:
            client.sms.send(**SMS)
        (outcome,) = account().read_send(batch, line.ask(account().send(batch)))
    assert (told.id, told.status) == ("7865", "Received")
    assert refusal.value.failure.code == "125"
    assert (outcome.state, outcome.provider_batch) == (State.ACCEPTED, told.id)


def test_a_status_is_asked_for() -> None:
    """The guide's answer, by either method, and by the messaging adapter's poll."""
    polling = account(poll_statuses=True, batch_size=1)
    batch = OpenBatch("01JTAPE", SINCE, "1234", (OpenMessage("m1", "+16175551212", State.ACCEPTED),))
    with taped("optimum/sms_status") as (client, line):
        told = client.sms.status(id="1234")
        assert client.sms.status_by_post(id="1234") == told
        ((news,),) = line.converse(polling.statuses([batch]))
    assert (told.id, told.status, told.at) == ("1234", "Delivered", "2017-07-16 12:08:56.690")
    assert (news.state, news.phone, news.provider_batch) == (State.DELIVERED, "+16175551212", "1234")


def test_a_call_with_a_message_is_made() -> None:
    """The guide's request and answer, then what its table says of missing parameters and of JSON that is none."""
    with taped("optimum/call_with_message") as (client, _):
        assert client.voice.call_with_message(**CALL).id == "7865"
        codes = []
        for _again in range(5):
            with pytest.raises(Refused) as refusal:
                client.voice.call_with_message(**CALL)
            codes.append(refusal.value.failure.code)
    assert codes == ["5000"] * 4 + ["5001"]


def test_a_call_with_a_campaign_is_made() -> None:
    """The guide's request and answer, then what its table says of campaigns."""
    with taped("optimum/call_with_campaign") as (client, _):
        assert client.voice.call_with_campaign(**CAMPAIGN).id == "7865"
        codes = []
        for _again in range(2):
            with pytest.raises(Refused) as refusal:
                client.voice.call_with_campaign(**CAMPAIGN)
            codes.append(refusal.value.failure.code)
    assert codes == ["5002", "5003"]


def test_an_answer_may_have_a_field_more_and_numbers_for_texts() -> None:
    """What the guide does not print is kept; an ID that is a number is the same ID."""

    def ask(_: Any) -> Response:
        return answer(200, {"ID": 7865, "Status": "Received", "Cost": 2})

    told = talking(ask).sms.send(**SMS)
    assert (told.id, told.model_extra) == ("7865", {"Cost": 2})
