"""The fault API of the pretend providers, as far as it means something to a session."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers, until
from tests.sandbox.providers.smpp_line import (
    BIND,
    ENQUIRE,
    MESSAGE,
    RESPONSE,
    SUBMIT,
    TRANSCEIVER,
    UNBIND,
    Line,
    body_of,
    centre,
)


@pytest.fixture
def line(providers: Providers) -> Iterator[Line]:
    """A bound connection."""
    with centre(providers) as port:
        connected = Line(port)
        assert connected.bind() == 0
        yield connected
        connected.close()


def log(providers: Providers) -> list[dict[str, Any]]:
    """The faults that fired."""
    entries: list[dict[str, Any]] = providers.control.get("/sandbox/faults").json()["log"]
    return entries


def part(place: int, total: int, text: bytes) -> dict[str, Any]:
    """The fields of a part."""
    return {"short_message": bytes([5, 0, 3, 9, total, place]) + text, "esm_class": 0x40}


@pytest.mark.parametrize(
    ("status", "answered"),
    [(0x58, 0x58), (0x14, 0x14), (0x0B, 0x0B), (0x0413, 0x0413), (429, 0x58), (503, 0x58), (500, 0x08), (502, 0x08)],
)
def test_a_submit_is_refused_with_a_status(providers: Providers, line: Line, status: int, answered: int) -> None:
    """The rule's command_status, or what one of HTTP means here; nothing was done, and the next one is taken."""
    providers.fault(target="smpp", operation="submit_sm", kind="status", status=status, times=1)
    answer = line.submit()
    assert (answer.command, answer.status, answer.body) == (SUBMIT | RESPONSE, answered, b"")
    assert providers.ledger()["received"] == 0
    assert line.sent()
    (entry,) = log(providers)
    assert (entry["operation"], entry["destroyed"], entry["status"]) == ("submit_sm", ["000001"], status)


@pytest.mark.parametrize(("kind", "received"), [("drop_before", 0), ("garbage", 0), ("drop_after", 1)])
def test_the_line_is_cut(providers: Providers, line: Line, kind: str, received: int) -> None:
    """Before the message is taken or after, no answer comes and the connection is over."""
    providers.fault(target="smpp", operation="submit_sm", kind=kind)
    line.send(SUBMIT, body_of(MESSAGE))
    until(lambda: log(providers))
    line.socket.settimeout(5)
    rest = line.socket.recv(4096)
    assert rest.startswith(b"<!DOCTYPE html>") if kind == "garbage" else rest == b""
    assert providers.ledger()["received"] == received
    assert log(providers)[0]["destroyed"] == ["000001"]


def test_what_was_on_its_way_when_the_line_was_cut_is_destroyed_too(providers: Providers, line: Line) -> None:
    """Messages behind the one that was struck are read and taken by nobody, and the log names them."""
    providers.fault(target="smpp", operation="submit_sm", kind="drop_before")
    for serial in (1, 2, 3):
        line.send(SUBMIT, body_of({**MESSAGE, "short_message": b"Hola #%06d" % serial}))
    until(lambda: log(providers) and log(providers)[0]["destroyed"] == ["000001", "000002", "000003"])
    assert providers.ledger()["received"] == 0


def test_an_answer_can_be_late_while_others_go_on(providers: Providers, line: Line) -> None:
    """A slow one is taken and answered later, under its own number."""
    providers.fault(target="smpp", operation="submit_sm", kind="slow", seconds=0.3, times=1)
    began = time.monotonic()
    slow = line.send(SUBMIT, body_of(MESSAGE))
    assert line.ask(ENQUIRE).status == 0
    assert time.monotonic() - began < 0.3
    answer = line.next()
    assert answer is not None
    assert (answer.number, answer.status) == (slow, 0)
    assert time.monotonic() - began >= 0.3


def test_there_can_be_no_answer_at_all(providers: Providers, line: Line) -> None:
    """The message is taken, its receipt comes, the session goes on: only the answer never comes."""
    providers.configure(smpp={"shares": {"buffered": 0.0, "replies": 0.0}})
    providers.fault(target="smpp", operation="submit_sm", kind="silent", times=1)
    line.send(SUBMIT, body_of(MESSAGE))
    assert len(line.hear(1)) == 1
    assert providers.ledger()["received"] == 1
    assert line.ask(ENQUIRE).status == 0


def test_a_deaf_message_centre(providers: Providers, line: Line) -> None:
    """enquire_link can be left without an answer."""
    providers.fault(target="smpp", operation="enquire_link", kind="silent")
    line.send(ENQUIRE)
    assert line.next(0.1) is None
    assert line.sent()


def test_a_bind_can_be_struck(providers: Providers, line: Line) -> None:
    """Every request has its name: here the next bind is refused as the account's."""
    providers.fault(target="smpp", operation="bind_*", kind="status", status=0x0D, times=1)
    providers.configure(smpp={"sessions": 2})
    other = Line(line.port)
    assert [other.bind(), other.bind()] == [0x0D, 0]
    other.close()


def test_who_has_gone_is_not_bound_late(providers: Providers, line: Line) -> None:
    """A slow bind whose connection is over by then takes nobody's place."""
    line.close()
    until(lambda: providers.control.get("/sandbox/smpp/sessions").json() == {"bound": 0})
    providers.fault(target="smpp", operation="bind_transceiver", kind="slow", seconds=0.2, times=1)
    gone, other = Line(line.port), Line(line.port)
    gone.send(TRANSCEIVER, body_of(BIND))
    until(lambda: log(providers))
    gone.close()
    time.sleep(0.3)
    assert other.bind() == 0
    other.close()


def test_a_session_can_be_ended_by_the_message_centre(providers: Providers, line: Line) -> None:
    """Where tokens would be taken back, the request is refused as unbound and the session unbound."""
    providers.fault(target="smpp", operation="submit_sm", kind="expire_tokens", times=1)
    assert line.submit().status == 0x04
    unbind = line.next()
    assert unbind is not None
    assert unbind.command == UNBIND
    assert line.next() is None


def test_what_came_behind_an_unbind_is_destroyed_too(providers: Providers, line: Line) -> None:
    """Messages that were on their way are nobody's, in whatever alphabet, and the log names them."""
    providers.fault(target="smpp", operation="submit_sm", kind="expire_tokens", times=1)
    line.send(SUBMIT, body_of(MESSAGE))
    line.send(SUBMIT, body_of({**MESSAGE, "short_message": "Ж #000002".encode("utf-16-be"), "data_coding": 8}))
    until(lambda: log(providers) and log(providers)[0]["destroyed"] == ["000001", "000002"])
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize("politely", [False, True])
def test_sessions_are_ended_by_hand(providers: Providers, line: Line, *, politely: bool) -> None:
    """By unbind, or by cutting them off."""
    answer = providers.control.delete("/sandbox/smpp/sessions", params={"politely": int(politely)})
    assert answer.json() == {"bound": 1}
    ended = line.next()
    assert (ended is not None and ended.command == UNBIND) == politely
    assert line.next() is None
    until(lambda: providers.control.get("/sandbox/smpp/sessions").json() == {"bound": 0})


def test_a_rule_can_name_a_part(providers: Providers, line: Line) -> None:
    """``submit_sm 2/3`` is the second of three parts; ``submit_sm`` alone leaves parts be."""
    providers.fault(target="smpp", operation="submit_sm", kind="status", status=8)
    providers.fault(target="smpp", operation="submit_sm 2/3", kind="status", status=0x58, times=1)
    statuses = [line.submit(**part(place, 3, b"Hola #000004")).status for place in (1, 2, 2, 3)]
    assert statuses == [0, 0x58, 0, 0]
    assert line.submit().status == 8
    assert providers.app.world.ledger.received(4) == 1


def test_a_part_without_a_serial_is_named_by_its_number(providers: Providers, line: Line) -> None:
    """What a fault destroys is named by what there is."""
    providers.fault(target="smpp", operation="submit_sm 1/2", kind="status", status=8)
    line.submit(**part(1, 2, b"Hola"))
    assert log(providers)[0]["destroyed"] == ["4491234567"]


@pytest.mark.parametrize("kind", ["silent", "lost"])
def test_what_only_a_session_knows_befalls_no_other(providers: Providers, kind: str) -> None:
    """A rule for everybody with a kind that HTTP providers lack strikes none of them."""
    providers.fault(kind=kind)
    faults = providers.app.world.faults
    assert all(faults.take(target, "POST /sms") is None for target in ("nrs360", "org", "smsclouds"))
    assert all(faults.take(target, "statuses") is None for target in ("nrs360", "bulk360"))
    struck = faults.take("smpp", "statuses" if kind == "lost" else "submit_sm")
    assert struck is not None


def test_requests_are_counted(providers: Providers, line: Line) -> None:
    """The ledger counts what was asked by its name, parts as what they are a request of."""
    line.submit()
    line.submit(**part(1, 2, b"Hola"))
    line.ask(0x03, b"\0")
    requests: Any = providers.ledger()["requests"]
    assert requests["smpp"] == {"bind_transceiver": 1, "submit_sm": 2, "0x00000003": 1}
