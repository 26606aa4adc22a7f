"""Bulk360's rows: what they ask and tell by the guide's words, and the guide's examples replayed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.failures import Fault
from connector.model.messages import Channel, Message
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.bulk360.adapter import Bulk360
from connector.providers.bulk360.client import Bulk360Client
from connector.providers.bulk360.operations import SendMessage
from connector.providers.bulk360.options import Bulk360Options
from connector.providers.exchange import Request, Response
from connector.providers.operation import Talk
from connector.providers.registry import CLIENTS
from connector.providers.talk import Line
from connector.providers.tokens import TokenKeeper
from tests.providers.contract import answer
from tests.providers.tapes import REPLAY, replayed

BULK = "https://sms.360.my"
HI = "Hi from Bulk360 SMS API V2.0"
CHINESE = "您好, 这是发自 Bulk360 SMS Client API V2.0的短信"
KEY = {"client_id": "YOUR_APP_KEY", "client_secret": "YOUR_APP_SECRET"}
ONE, OTHER = "+60123240066", "+60126660125"
GUIDE = json.loads((Path(__file__).parent / "guide" / "bulk360.json").read_text("utf-8"))
ROWS = Bulk360Client.operations()


def bulk360(**options: Any) -> Bulk360:
    """The account of the guide's examples."""
    account = {"app_key": "YOUR_APP_KEY", "app_secret": "YOUR_APP_SECRET", **options}
    return Bulk360("main", Bulk360Options.model_validate(account))


def talking(ask: Any, **options: Any) -> Bulk360Client:
    """The client of that account."""
    account = bulk360(**options)
    return Bulk360Client(Talk(ask, account.authorization, account.path_of))


@contextmanager
def taped(name: str) -> Iterator[Bulk360Client]:
    """The client, asking a tape."""
    with replayed(name, BULK) as line:
        yield talking(line.ask)


def batch(*numbers: str, text: str = HI, whatsapp: str = "") -> Batch:
    """The numbers, one of them by WhatsApp."""
    channels = [Channel.WHATSAPP if number == whatsapp else Channel.SMS for number in numbers]
    made = [
        Message(number, number, "MY", (text,), (), channel=how) for number, how in zip(numbers, channels, strict=True)
    ]
    return Batch("01JTAPE", tuple(made))


def told(line: Line, asked: Batch) -> list[tuple[State, str | None]]:
    """What the messaging adapter reads of each message."""
    outcomes = bulk360().read_send(asked, line.ask(bulk360().send(asked)))
    return [(outcome.state, outcome.provider_id) for outcome in outcomes]


# the guide


def test_the_client_is_registered() -> None:
    """By the provider's name."""
    assert CLIENTS["bulk360"] is Bulk360Client


@pytest.mark.parametrize("section", [name for name, held in GUIDE.items() if "path" in held])
def test_every_section_has_its_row_and_every_parameter_its_field(section: str) -> None:
    """By the guide's own names and path; what is missing is named, and what the guide lacks is too."""
    (row,) = [row for row in ROWS.values() if row.section == section]
    named = {field.serialization_alias or name for name, field in row.asked.model_fields.items()}
    assert named == set(GUIDE[section]["parameters"])
    assert row.path == GUIDE[section]["path"]
    assert (row.method, row.body) == ("POST", "form")


def test_no_row_is_without_a_section() -> None:
    """Every row follows a section of the guide."""
    assert {row.section for row in ROWS.values()} == {name for name, held in GUIDE.items() if "path" in held}


@pytest.mark.parametrize(
    "broken",
    [
        {"to": ""},
        {"to": "6" * 151},
        {"text": ""},
        {"from": "TwelveLetter"},
        {"from": "A B"},
        {"detail": 2},
        {"unheard": "of"},
    ],
)
def test_the_guide_s_limits_are_kept(broken: dict[str, Any]) -> None:
    """150 characters of numbers, 11 of a sender, some text: what is beyond is refused before it is sent."""
    least = {"to": "6" * 150, "from": "ElevenChars", "text": HI, "detail": 1}
    assert SendMessage.model_validate(least).sender == "ElevenChars"
    with pytest.raises(ValidationError):
        SendMessage.model_validate({**least, **broken})


@pytest.mark.parametrize("missing", ["to", "text"])
def test_what_the_guide_calls_mandatory_is_asked_for(missing: str) -> None:
    """`to` and `text`; all else may be left out."""
    least = {"to": "60123240066", "text": HI}
    assert ROWS["messages.send"].request(SendMessage.model_validate(least)).form == least
    with pytest.raises(ValidationError):
        SendMessage.model_validate({name: value for name, value in least.items() if name != missing})


def test_only_a_send_sends() -> None:
    """A token may be asked for twice, and is asked for without one."""
    assert [name for name, row in ROWS.items() if row.sends] == ["messages.send"]
    assert ROWS["oauth.token"].request(ROWS["oauth.token"].asked.model_validate(KEY)).needs_token is False


def test_the_credentials_are_not_shown() -> None:
    """What is asked and what is told print without the secrets; only the request holds them."""
    asked = ROWS["oauth.token"].asked.model_validate(KEY)
    granted = ROWS["oauth.token"].read(answer(200, {"expires_in": 60, "access_token": "jwt-secret"}))
    assert "YOUR_APP" not in repr(asked)
    assert "jwt-secret" not in f"{granted!r} {granted.model_dump_json()}"


def test_paths_are_the_account_s() -> None:
    """The settings' paths take the place of the guide's."""
    asked: list[Request] = []

    def ask(request: Request) -> Response:
        asked.append(request)
        return answer(200, {"code": 200, "to": "60123240066", "ref": "E1"})

    talking(ask, send_path="api/v9").messages.send(to="60123240066", text=HI)
    assert [request.path for request in asked] == ["api/v9"]


@pytest.mark.parametrize("body", [{}, [], None, {"messages": []}, {"messages": "?"}, {"desc": "OK"}])
def test_an_answer_that_says_nothing_is_unreadable(body: object) -> None:
    """It names no number."""
    with pytest.raises(Unreadable):
        talking(lambda _: answer(200, body)).messages.send(to="60123240066", text=HI)


# tapes


def test_a_token_is_granted_and_refused() -> None:
    """The guide's two answers."""
    with taped("bulk360/token") as client:
        granted = client.oauth.token(**KEY)
        with pytest.raises(Refused) as refusal:
            client.oauth.token(**KEY)
    assert (granted.token_type, granted.expires_in) == ("Bearer", 3600)
    assert (refusal.value.failure.code, refusal.value.failure.fault) == ("invalid_client", Fault.ACCOUNT)


def test_one_message_is_accepted() -> None:
    """The flat answer, by the client and by the adapter alike."""
    with taped("bulk360/send_one") as client:
        sent = client.messages.send(to="60123240066", text=HI)
    with replayed("bulk360/send_one", BULK) as line:
        assert told(line, batch(ONE)) == [(State.ACCEPTED, "E210446dBNyMYd7")]
    assert (sent.code, sent.ref, sent.balance) == (200, "E210446dBNyMYd7", None)


def test_detail_tells_balance_and_currency() -> None:
    """Of one recipient, and with each charge of several."""
    with taped("bulk360/send_one_detail") as client:
        one = client.messages.send(to="60123240066", sender="68068", text=HI, detail=1)
    with taped("bulk360/send_many_detail") as client:
        many = client.messages.send(to="60123240066,60126660125", sender="68068", text=HI, detail=1)
    assert (one.currency, one.balance) == ("MYR", "187.9236")
    assert (many.currency, many.balance) == ("MYR", "4229.8700")
    assert [message.rate for message in many.each] == [0.11, "0.2500"]


@pytest.mark.parametrize(("tape", "whatsapp"), [("bulk360/send_many", ""), ("bulk360/send_mixed", OTHER)])
def test_several_are_accepted(tape: str, whatsapp: str) -> None:
    """Each has its own reference; one may go by WhatsApp."""
    with replayed(tape, BULK) as line:
        outcomes = told(line, batch(ONE, OTHER, whatsapp=whatsapp))
    assert outcomes == [
        (State.ACCEPTED, "E2104yMYer2weOB-X46dBlYa79"), (State.ACCEPTED, "E2104gl9avQVeG1-oBDbDpKbl2")
    ]  # fmt: skip


def test_any_script_is_sent_as_it_is() -> None:
    """The guide's Chinese example."""
    with replayed("bulk360/send_unicode", BULK) as line:
        assert told(line, batch(ONE, text=CHINESE)) == [(State.ACCEPTED, "E210446dBNyMYd7")]


def test_each_response_code_is_sorted() -> None:
    """Each no of the guide's table, in the order of the tape; 500 leaves doubt."""
    codes = []
    with taped("bulk360/send_errors") as client:
        for _ in range(9):
            with pytest.raises(Refused) as refusal:
                client.messages.send(to="60123240066", text=HI)
            codes.append(refusal.value.failure.code)
        with pytest.raises(MayHaveLeft):
            client.messages.send(to="60123240066", text=HI)
    assert codes == ["400", "401", "402", "403", "405", "406", "407", "412", "413"]


def test_one_of_two_is_refused() -> None:
    """Matched by number, for the answer has them the other way round."""
    with replayed("bulk360/send_some_refused", BULK) as line:
        outcomes = told(line, batch(ONE, OTHER))
    assert outcomes == [(State.ACCEPTED, "E2104yMYer2weOB-X46dBlYa79"), (State.REJECTED, None)]


def test_a_token_that_expired_is_renewed_and_the_send_made_again() -> None:
    """A token, code 401 in the body, another token, and the message is accepted."""
    name = "bulk360/token_expired"
    with REPLAY.use_cassette(f"{name}.yaml") as tape, httpx.HTTPTransport() as transport:
        line = Line(transport, BULK, TokenKeeper(bulk360().token_grant()))
        assert told(line, batch(ONE)) == [(State.ACCEPTED, "E210446dBNyMYd7")]
        assert (tape.all_played, line.requests) == (True, 4)
