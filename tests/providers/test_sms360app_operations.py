"""360 SMS App's rows: what they ask and tell by the guide's words, and the guide's examples replayed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.messages import Message
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.providers.operation import Talk
from connector.providers.registry import CLIENTS
from connector.providers.sms360app.adapter import SMS360App
from connector.providers.sms360app.client import SMS360AppClient
from connector.providers.sms360app.options import SMS360AppOptions
from connector.providers.talk import Line
from tests.providers.contract import answer, returned
from tests.providers.tapes import replayed

GUIDE = json.loads((Path(__file__).parent / "guide" / "sms360app.json").read_text("utf-8"))
ROWS = SMS360AppClient.operations()
BASE = "https://example.com"
SEND: dict[str, str] = {
    "client_id": "f90ga000b7d5033178",
    "sender_number": "1234567890",
    "receiver_number": "3216549870",
    "message_body": "Hello,Welcome to 360 SMS App",
}


def account(**options: Any) -> SMS360App:
    """The account of the guide's examples."""
    given = {"base_url": BASE, "client_ids": ["f90ga000b7d5033178"], **options}
    return SMS360App("main", SMS360AppOptions.model_validate(given))


def talking(ask: Any, **options: Any) -> SMS360AppClient:
    """The client of that account."""
    made = account(**options)
    return SMS360AppClient(Talk(ask, made.authorization, made.path_of))


@contextmanager
def taped(name: str) -> Iterator[tuple[SMS360AppClient, Line]]:
    """The client and its line, asking a tape."""
    with replayed(name, BASE) as line:
        yield talking(line.ask), line


# the guide


def test_every_section_of_the_guide_has_its_row() -> None:
    """Each section that asks is a row's, and each row's section is one of the guide."""
    assert {row.section for row in ROWS.values()} == {name for name, part in GUIDE.items() if "asked" in part}
    assert list(ROWS) == ["messages.send", "lookup.phone"]
    assert CLIENTS["sms360app"] is SMS360AppClient


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_row_asks_all_that_its_section_does(row: Any) -> None:
    """By the guide's own names, each of them typed, described and needed, as the guide's samples have it."""
    fields = row.asked.model_fields.values()
    assert [field.serialization_alias for field in fields] == GUIDE[row.section]["asked"]
    assert all(field.is_required() and field.description for field in fields)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_row_tells_all_that_its_section_does(row: Any) -> None:
    """Each name in the guide's answer is a field of what is told."""
    schema = json.dumps(row._told.json_schema(mode="serialization", by_alias=True))
    missing = [name for name in GUIDE[row.section]["told"] if f'"{name}"' not in schema]
    assert missing == []


def test_every_webhook_of_the_guide_is_declared() -> None:
    """With the guide's fields, by the guide's names, in its order."""
    declared = {hook.section: [field.name for field in hook.fields] for hook in SMS360App.webhooks}
    assert declared == {name: part["pushed"] for name, part in GUIDE.items() if "pushed" in part}


@pytest.mark.parametrize("lacks", list(SEND))
def test_what_the_guide_needs_is_asked_for(lacks: str) -> None:
    """A request without a field, or with an empty one, is never made."""
    for given in ({**SEND, lacks: ""}, {name: value for name, value in SEND.items() if name != lacks}):
        with pytest.raises(ValidationError):
            ROWS["messages.send"].asked.model_validate(given)


def test_only_sending_sends() -> None:
    """A lookup may be made again; a message may not."""
    assert [row.name for row in ROWS.values() if row.sends] == ["messages.send"]


# the guide's examples


def test_a_message_is_sent() -> None:
    """The guide's request and answer, by the client and by the messaging adapter alike."""
    written = {"number_format": "national", "region": "US", "sender": "1234567890"}
    batch = Batch("01JTAPE", (Message("m1", "+13216549870", "US", (SEND["message_body"],), ()),))
    with taped("sms360app/send") as (client, line):
        told = client.messages.send(**SEND)
        (outcome,) = account(**written).read_send(batch, line.ask(account(**written).send(batch)))
    assert (told.message.status, told.message.message, told.message.message_id) == (
        200,
        "success",
        "ee9c3afceead4bcfa9",
    )
    assert (outcome.state, outcome.provider_id) == (State.ACCEPTED, told.message.message_id)


def test_a_message_is_refused() -> None:
    """By the status within, read as HTTP's, and by HTTP's own; 500 leaves doubt."""
    ends = []
    with taped("sms360app/send_refused") as (client, _):
        for _again in range(5):
            with pytest.raises((Refused, MayHaveLeft)) as error:
                client.messages.send(**SEND)
            ends.append((type(error.value), str(error.value)[:3]))
    assert ends == [(Refused, "400"), (Refused, "401"), (Throttled, "429"), (MayHaveLeft, "HTT"), (Refused, "401")]


def test_a_phone_is_verified() -> None:
    """The guide's answer, with its keys of mixed case; a number that is not found; a client id that is not known."""
    asked = {"client_id": "f90ga000b7d5033178", "phone_number": "1234567890"}
    as_asked = account(number_format="national", region="GB")
    with taped("sms360app/lookup") as (client, line):
        known, unknown = client.lookup.phone(**asked), line.hear(as_asked.look_up("+441234567890"))
        with pytest.raises(Refused, match="client_ids"):
            client.lookup.phone(**asked)
    assert known.model_dump() == {
        "success": True,
        "carrier_name": "Hutchison 3G UK (20)",
        "type": "mobile",
        "caller_name": None,
        "caller_type": "",
        "country_code": "GB",
        "phone_number": "+447723471710",
        "national_format": "07723 471710",
        "error": "",
    }
    assert (unknown.valid, unknown.fields["error"], unknown.carrier) == (False, "not found", None)


def test_a_verified_phone_in_our_words() -> None:
    """The guide's answer as a lookup: a type in small letters, what is empty as null, and the answer whole."""
    body = {"Success": True, "Carrier Name": "EE", "Type": "Mobile", "caller_name": "", "Country_Code": "GB"}
    told = returned(account().look_up("+447723471710"), iter([answer(200, body)]))
    assert told.named == {
        "lookup.valid": True,
        "lookup.line_type": "mobile",
        "lookup.carrier": "EE",
        "lookup.country": "GB",
        "lookup.caller_name": None,
        "lookup.caller_type": None,
        "lookup.national_format": None,
        "lookup.error": None,
    }
    assert told.raw["carrier_name"] == "EE"
    assert SMS360App.capability.lookup_tells == {name.removeprefix("lookup.") for name in told.named}


def test_the_keys_of_a_lookup_may_change_their_case() -> None:
    """The guide mixes cases, spaces and underscores itself."""
    body = {"SUCCESS": True, "carrier_name": "A", "type": "landline", "Country Code": "GB", "Caller_Type": "x"}
    told = talking(lambda _: answer(200, body)).lookup.phone(client_id="x", phone_number="1")
    assert (told.carrier_name, told.type, told.country_code, told.caller_type) == ("A", "landline", "GB", "x")


@pytest.mark.parametrize("response", [answer(200, []), answer(200, {"error": ""}), Response(200, {}, b"<html>")])
def test_a_lookup_that_no_guide_describes_is_unreadable(response: Response) -> None:
    """An answer that does not say whether it succeeded is none."""
    with pytest.raises(Unreadable):
        talking(lambda _: response).lookup.phone(client_id="x", phone_number="1")


def test_the_client_asks_where_the_account_says() -> None:
    """The guide gives no paths; the account's settings do."""
    asked: list[str] = []

    def ask(request: Any) -> Response:
        asked.append(request.path)
        return answer(200, {"Success": True, "message": {"status": 200}})

    client = talking(ask, send_path="a/b", lookup_path="c")
    client.messages.send(**SEND)
    client.lookup.phone(client_id="x", phone_number="1")
    assert asked == ["a/b", "c"]
