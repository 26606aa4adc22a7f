"""A call's record and the call it is of: Optimum Measures names neither, so the number decides as far as it can."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from connector.model.messages import Channel, Message
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Response
from connector.providers.optimum.adapter import Optimum
from connector.providers.optimum.options import OptimumOptions
from connector.store import attempts, inbox
from connector.store.attempts import AttemptStart
from connector.store.db import Database
from connector.store.outbox import Move, move
from connector.sync.matching import by_number
from tests.store.making import draft, of_record, rows, take

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
NUMBER = "+16175551212"
OPTIMUM = Optimum("om", OptimumOptions(callback=True))


def sent(database: Database, record: str, channel: Channel, send: str) -> str:
    """The id of a message that Optimum Measures took."""
    take(database, AT, draft(record, to=NUMBER, country="US", channel=channel, accounts=("om",)))
    row = of_record(database, record)
    batch = Batch("01JTAPE", (Message(row.id, NUMBER, "US", ("Hola",), (), channel),))
    answer = Response(200, {}, orjson.dumps({"ID": send, "Status": "Received"}))
    (outcome,) = OPTIMUM.read_send(batch, answer)
    named: dict[str, Any] = {
        "account": "om",
        "provider_id": outcome.provider_id,
        "provider_batch": outcome.provider_batch,
    }
    steps = [Move(row.id, State.CLAIMED, "test", account="om"), Move(row.id, State.ATTEMPTING, "test", account="om")]
    with database.begin() as connection:
        move(connection, [*steps, Move(row.id, State.ACCEPTED, "test", **named)], AT)
    return str(row.id)


def matched(database: Database, hook: str, **told: str) -> str | None:
    """The message that a pushed record is taken to be of."""
    body = orjson.dumps({"MobileNo": "0016175551212", **told})
    news = OPTIMUM.hook(HookRequest(hook, "POST", {}, {}, body, "application/json")).news
    with database.begin() as connection:
        inbox.keep(connection, "om", OPTIMUM.name, news, AT)
        work = inbox.work(connection, AT, 10)
        parts: Any = SimpleNamespace(providers={"om": OPTIMUM})
        found = inbox.match(connection, [row.id for row in work])
        found |= by_number(parts, connection, [row for row in work if row.id not in found], AT)
    (row,) = work
    return found.get(row.id)


@pytest.mark.parametrize("first", [Channel.VOICE, Channel.SMS])
def test_a_call_s_record_is_the_call_s_though_an_sms_is_open_too(database: Database, first: Channel) -> None:
    """The open call to its number; the SMS to it, under the same ID even, has an id of its own and is left alone."""
    order = (first, Channel.SMS if first is Channel.VOICE else Channel.VOICE)
    ids = {channel: sent(database, f"a0{n:013d}AAA", channel, "7865") for n, channel in enumerate(order)}
    assert len(rows(database)) == 2
    assert matched(database, "calls", GUID="a4d5b8e3", Status="Answered") == ids[Channel.VOICE]


def test_an_sms_s_status_is_never_the_call_s(database: Database) -> None:
    """Under the same ID and number it is the SMS's, and without an SMS it is nobody's."""
    sent(database, "a00000000000001AAA", Channel.VOICE, "7865")
    assert matched(database, "statuses", ID="7865", Status="Delivered") is None


def test_a_record_without_a_call_settles_no_sms(database: Database) -> None:
    """Somebody else's call to a number says nothing of an SMS to it."""
    sent(database, "a00000000000001AAA", Channel.SMS, "7865")
    assert matched(database, "calls", GUID="a4d5b8e3", Status="Failed") is None


def test_of_two_open_calls_a_record_is_neither_s(database: Database) -> None:
    """Which of them it is of nobody can know."""
    for place in (1, 2):
        sent(database, f"a0{place:013d}AAA", Channel.VOICE, str(place))
    assert matched(database, "calls", GUID="a4d5b8e3", Status="Answered") is None


def in_doubt(database: Database, channel: Channel) -> str:
    """The id of a message whose answer was lost; its attempt began at `AT`."""
    take(database, AT, draft("a00000000000001AAA", to=NUMBER, country="US", channel=channel, accounts=("om",)))
    row = of_record(database, "a00000000000001AAA")
    named: dict[str, Any] = {"account": "om", "attempt_id": "ours"}
    states = (State.CLAIMED, State.ATTEMPTING, State.UNKNOWN)
    with database.begin() as connection:
        attempts.begin(connection, [AttemptStart("ours", "run", "om", OPTIMUM.name, 1, "")], AT)
        move(connection, [Move(row.id, state, "test", **named) for state in states], AT)
    return str(row.id)


def test_a_call_s_record_is_no_sms_s_though_nobody_knows_what_became_of_that(database: Database) -> None:
    """Somebody calls a number while the answer to an SMS to it is lost: the SMS stays unknown."""
    in_doubt(database, Channel.SMS)
    assert matched(database, "calls", GUID="a4d5b8e3", Status="Answered") is None


@pytest.mark.parametrize(
    ("after", "is_it"), [(-60, False), (-5, True), (2, True), (23 * 60, True), (5 * 24 * 60, False)]
)
def test_a_call_is_made_about_when_it_was_asked_for(database: Database, after: int, is_it: bool) -> None:
    """So many minutes after its request: clocks differ a little, and a call five days later is another."""
    ours = in_doubt(database, Channel.VOICE)
    called = (AT + timedelta(minutes=after)).strftime("%Y-%m-%d %H:%M:%S")
    assert matched(database, "calls", GUID="a4d5b8e3", Status="Answered", Calltime=called) == (ours if is_it else None)
