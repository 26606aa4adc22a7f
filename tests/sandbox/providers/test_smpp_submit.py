"""The pretend message centre is as strict as SMPP 3.4 and the guide: what breaks a rule gets its own status."""

import struct
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
    UNBIND,
    Line,
    body_of,
    centre,
    tlv,
)

RECEIVER, TRANSMITTER, QUERY, OUTBIND, SUBMIT_MULTI = 0x01, 0x02, 0x03, 0x0B, 0x21
NACK = 0x80000000
PAYLOAD, REFERENCE, TOTAL, PLACE = 0x0424, 0x020C, 0x020E, 0x020F


@pytest.fixture
def port(providers: Providers) -> Iterator[int]:
    """The message centre's."""
    with centre(providers) as served:
        yield served


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    """A connection that is not bound."""
    connected = Line(port)
    yield connected
    connected.close()


@pytest.fixture
def bound(line: Line) -> Line:
    """A connection that is bound."""
    assert line.bind() == 0
    return line


def sar(reference: bytes, total: bytes, place: bytes) -> bytes:
    """The three sar_* parameters."""
    return tlv(REFERENCE, reference) + tlv(TOTAL, total) + tlv(PLACE, place)


# binding


def test_it_binds_and_says_its_version(line: Line) -> None:
    """bind_transceiver_resp bears the message centre's name and sc_interface_version 3.4."""
    answer = line.ask(0x09, body_of(BIND))
    assert (answer.command, answer.status) == (0x80000009, 0)
    assert answer.body == b"SMSCLOUDS\0" + tlv(0x0210, b"\x34")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"system_id": "another"}, 0x0F),
        ({"system_id": "a" * 16}, 0x0F),
        ({"password": "wrong"}, 0x0E),
        ({"password": "a" * 9}, 0x0E),
        ({"system_type": "VMA"}, 0x53),
        ({"interface_version": 0x33}, 0x0D),
        ({"interface_version": 0x50}, 0x0D),
        ({"addr_ton": 7}, 0x0D),
        ({"address_range": ...}, 0x02),
        ({"address_range": "5" * 41}, 0x02),
    ],
)
def test_a_wrong_bind_is_refused(line: Line, changes: dict[str, Any], status: int) -> None:
    """Each of the credentials has a status of its own, and the refused connection may try again."""
    assert line.bind(**changes) == status
    assert line.submit().status == 0x04
    assert line.bind() == 0


def test_a_second_bind_is_refused(bound: Line, port: int) -> None:
    """Neither over the same connection nor, with one session an account, over another; an end makes room."""
    assert bound.bind() == 0x05
    other = Line(port)
    assert other.bind() == 0x05
    bound.close()
    until(lambda: other.bind() == 0)
    other.close()


def test_as_many_sessions_as_the_account_has(providers: Providers, bound: Line, port: int) -> None:
    """The control API may allow more of them."""
    providers.configure(smpp={"sessions": 2})
    other = Line(port)
    assert other.bind() == 0
    assert providers.control.get("/sandbox/smpp/sessions").json() == {"bound": 2}
    other.close()


def test_a_receiver_sends_nothing_and_a_transmitter_hears_nothing(providers: Providers, line: Line, port: int) -> None:
    """The three binds differ in what may be done: receipts wait for somebody who hears."""
    providers.configure(smpp={"sessions": 2})
    assert line.ask(TRANSMITTER, body_of(BIND)).status == 0
    hearing = Line(port)
    assert hearing.ask(RECEIVER, body_of(BIND)).status == 0
    assert hearing.submit().status == 0x04
    sent = line.sent()
    assert hearing.hear(1)[0].words["id"] == sent
    assert line.told == []
    hearing.close()


def test_who_does_not_bind_is_cut_off(providers: Providers, line: Line) -> None:
    """A connection has a moment to bind, as one that is bound has to show life."""
    providers.configure(smpp={"bind_within": 0.05})
    late = Line(line.port)
    assert late.next(3.0) is None
    assert late.socket.recv(1) == b""
    late.close()


def test_unbind_ends_the_session(bound: Line) -> None:
    """unbind is answered, then the connection is closed; one with a body is none."""
    assert bound.ask(UNBIND, b"x").status == 0x02
    assert bound.ask(UNBIND).status == 0
    assert bound.next() is None


@pytest.mark.parametrize("command", [ENQUIRE, UNBIND, SUBMIT])
def test_nothing_is_done_unbound(line: Line, command: int) -> None:
    """Before the bind everything else is refused with ESME_RINVBNDSTS."""
    assert line.ask(command, body_of(MESSAGE) if command == SUBMIT else b"").status == 0x04


def test_it_shows_life(bound: Line) -> None:
    """enquire_link is answered, as often as it is asked; one with a body is none."""
    assert [bound.ask(ENQUIRE).command for _ in range(2)] == [ENQUIRE | RESPONSE] * 2
    assert bound.ask(ENQUIRE, b"x").status == 0x02


@pytest.mark.parametrize("command", [QUERY, OUTBIND, SUBMIT_MULTI, 0x12345])
def test_a_command_it_does_not_have_is_nacked(bound: Line, command: int) -> None:
    """The guide sends messages one by one: all else is answered with generic_nack, and the session goes on."""
    answer = bound.ask(command, b"\0")
    assert (answer.command, answer.status) == (NACK, 0x03)
    assert bound.ask(ENQUIRE).status == 0


@pytest.mark.parametrize("length", [0, 15, 1 << 20])
def test_a_length_that_cannot_be_ends_the_connection(bound: Line, length: int) -> None:
    """A command_length below the header's or beyond any PDU's is nacked, for nobody knows where the next one begins."""
    bound.socket.sendall(struct.pack(">IIII", length, ENQUIRE, 0, 77))
    answer = bound.next()
    assert answer is not None
    assert (answer.command, answer.status, answer.number) == (NACK, 0x02, 77)
    assert bound.next() is None


# submit_sm


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"service_type": "WAP"}, 0x15),
        ({"service_type": "123456"}, 0x15),
        ({"source_addr_ton": 9}, 0x48),
        ({"source_addr_ton": 1}, 0x48),
        ({"source_addr_npi": 7}, 0x49),
        ({"source_addr_npi": 1}, 0x49),
        ({"source_addr": "Another"}, 0x0A),
        ({"source_addr": "A" * 12}, 0x0A),
        ({"source_addr": "A" * 21}, 0x0A),
        ({"source_addr": "12345"}, 0x0A),
        ({"dest_addr_ton": 3}, 0x50),
        ({"dest_addr_npi": 8}, 0x51),
        ({"destination_addr": ""}, 0x0B),
        ({"destination_addr": "+524491234567"}, 0x0B),
        ({"destination_addr": "4491234567"}, 0x0B),
        ({"destination_addr": "34600000000"}, 0x0B),
        ({"destination_addr": "52449123456"}, 0x0B),
        ({"destination_addr": "5" * 21}, 0x0B),
        ({"dest_addr_ton": 2}, 0x0B),
        ({"esm_class": 0x01}, 0x43),
        ({"esm_class": 0x02}, 0x43),
        ({"esm_class": 0x04}, 0x43),
        ({"esm_class": 0x80}, 0x43),
        ({"esm_class": 0x40}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2])}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 3]) + b"x"}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 0]) + b"x"}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([4, 0, 2, 1, 2]) + b"x"}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([3, 0, 3, 1]) + b"x"}, 0x43),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 1])}, 0x01),
        ({"priority_flag": 4}, 0x06),
        ({"schedule_delivery_time": "tomorrow"}, 0x61),
        ({"schedule_delivery_time": "200101000000000+"}, 0x61),
        ({"schedule_delivery_time": "991331000000000+"}, 0x61),
        ({"validity_period": "2" * 17}, 0x62),
        ({"validity_period": "200101000000000+"}, 0x62),
        ({"validity_period": "300101000000099+"}, 0x62),
        ({"registered_delivery": 3}, 0x07),
        ({"registered_delivery": 0x21}, 0x07),
        ({"replace_if_present_flag": 1}, 0x54),
        ({"data_coding": 4}, 0x45),
        ({"data_coding": 0xF0}, 0x45),
        ({"sm_default_msg_id": 1}, 0x63),
        ({"short_message": b""}, 0x01),
        ({"short_message": b"a" * 161}, 0x01),
        ({"short_message": b"a" * 255}, 0x01),
        ({"short_message": b"a" * 141, "data_coding": 3}, 0x01),
        ({"short_message": b"\0a" * 71, "data_coding": 8}, 0x01),
        ({"short_message": b"\0a\0", "data_coding": 8}, 0x01),
        ({"short_message": b"\x80"}, 0x45),
        ({"short_message": b"a\x1b"}, 0x45),
        ({"short_message": b"\x1ba"}, 0x45),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 1]) + b"a" * 154}, 0x01),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 1]) + b"a" * 135, "data_coding": 3}, 0x01),
        ({"short_message": b"a" * 154, "parameters": sar(b"\0\1", b"\2", b"\1")}, 0x01),
        ({"parameters": tlv(PAYLOAD, b"x")}, 0xC1),
        ({"short_message": b"", "parameters": tlv(PAYLOAD, b"")}, 0x01),
        ({"short_message": b"", "parameters": tlv(PAYLOAD, b"x") + sar(b"\0\1", b"\2", b"\1")}, 0xC1),
        ({"short_message": b"", "esm_class": 0x40, "parameters": tlv(PAYLOAD, b"x")}, 0xC1),
        ({"parameters": tlv(REFERENCE, b"\0\1")}, 0xC3),
        ({"parameters": sar(b"\1", b"\2", b"\1")}, 0xC2),
        ({"parameters": sar(b"\0\1", b"\2", b"\3")}, 0xC4),
        ({"parameters": b"\x04\x24\x00"}, 0xC0),
        ({"parameters": b"\x04\x24\x00\x05abc"}, 0xC0),
        ({"parameters": ..., "short_message": ...}, 0x02),
        ({"service_type": b"CMT"}, 0x15),
    ],
)
def test_what_breaks_a_rule_has_its_status(
    providers: Providers, bound: Line, changes: dict[str, Any], status: int
) -> None:
    """A field that is not as 4.4.1 and the account have it is refused for itself, without an id, and is not sent."""
    answer = bound.submit(**changes)
    assert (answer.command, f"{answer.status:#x}", answer.body) == (SUBMIT | RESPONSE, f"{status:#x}", b"")
    assert providers.ledger()["received"] == 0
    assert bound.sent()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Hola #000001"),
        ({"service_type": "CMT", "priority_flag": 3, "esm_class": 3, "protocol_id": 0x7F}, "Hola #000001"),
        ({"source_addr": "", "source_addr_ton": 0}, "Hola #000001"),
        ({"dest_addr_ton": 2, "destination_addr": "4491234567"}, "Hola #000001"),
        ({"dest_addr_ton": 0, "dest_addr_npi": 0}, "Hola #000001"),
        ({"short_message": b"\x00\x1b\x65\x1b\x3c " + b"a" * 154}, "@€[ " + "a" * 154),
        ({"short_message": "Sí, mañana".encode("latin-1"), "data_coding": 3}, "Sí, mañana"),
        ({"short_message": "Жду 😀".encode("utf-16-be"), "data_coding": 8}, "Жду 😀"),
        ({"short_message": b"", "parameters": tlv(PAYLOAD, b"a" * 900)}, "a" * 900),
        ({"parameters": tlv(0x1401, b"vendor") + tlv(0x0204, b"\0\1")}, "Hola #000001"),
        ({"parameters": sar(b"\0\1", b"\1", b"\1")}, "Hola #000001"),
        ({"esm_class": 0x40, "short_message": bytes([3, 0x24, 1, 1]) + b"ab"}, "ab"),
        ({"registered_delivery": 0x0D}, "Hola #000001"),
        ({"validity_period": "000001000000000R"}, "Hola #000001"),
        ({"schedule_delivery_time": "000000000001000R"}, "Hola #000001"),
    ],
)
def test_what_keeps_the_rules_is_taken(providers: Providers, bound: Line, changes: dict[str, Any], text: str) -> None:
    """Every way that the standard and the guide allow gives an id in decimal, and the ledger has the text once."""
    assert bound.sent(**changes).isdecimal()
    assert [known for known, _ in providers.app.smpp.fates()] == [text]
    assert providers.ledger()["by_provider"] == {"smpp": 1}


def test_the_account_s_alphabet_is_what_data_coding_0_means(providers: Providers, bound: Line) -> None:
    """Where support says ISO 8859-1, data_coding 0 is that, with 140 characters."""
    providers.configure(smpp={"alphabet": "iso-8859-1", "senders": ["5551"]})
    mine = {"source_addr": "5551", "source_addr_ton": 0}
    bound.sent(short_message="Dirección".encode("latin-1"), **mine)
    assert bound.submit(short_message=b"a" * 141, **mine).status == 0x01
    assert [text for text, _ in providers.app.smpp.fates()] == ["Dirección"]


def test_too_many_a_second_are_throttled(providers: Providers, bound: Line) -> None:
    """Beyond the account's rate ESME_RTHROTTLED, and nothing was done; a second later there is room."""
    providers.configure(smpp={"submits_a_second": 3})
    statuses = [bound.submit().status for _ in range(5)]
    assert statuses == [0, 0, 0, 0x58, 0x58]
    assert providers.ledger()["received"] == 3
    began = time.monotonic()
    until(lambda: bound.submit().status == 0, 3.0)
    assert time.monotonic() - began > 0.5


# long messages


@pytest.mark.parametrize("joined_by", ["8 bits", "16 bits", "sar"])
def test_parts_are_one_message(providers: Providers, bound: Line, joined_by: str) -> None:
    """In whatever order they come, parts have ids of their own, and the ledger has one message with its whole text."""
    texts = {1: b"a" * 150, 2: b"b" * 150, 3: b" #000007"}
    ids = [bound.sent(**part(joined_by, 9, 3, place, texts[place])) for place in (3, 1, 2)]
    assert len(set(ids)) == 3
    assert providers.ledger()["by_provider"] == {"smpp": 1}
    assert providers.app.world.ledger.received(7) == 1
    assert [text for text, _ in providers.app.smpp.fates()] == ["a" * 150 + "b" * 150 + " #000007"]


def part(joined_by: str, reference: int, total: int, place: int, text: bytes, **more: Any) -> dict[str, Any]:
    """The fields of a part."""
    if joined_by == "sar":
        parameters = sar(reference.to_bytes(2), bytes([total]), bytes([place]))
        return {"short_message": text, "parameters": parameters, **more}
    header = bytes([5, 0, 3, reference, total, place])
    if joined_by == "16 bits":
        header = bytes([6, 8, 4]) + reference.to_bytes(2) + bytes([total, place])
    return {"short_message": header + text, "esm_class": 0x40, **more}


def test_a_message_sent_again_is_counted_again(providers: Providers, bound: Line) -> None:
    """The same parts once more are a second message: a copy too many does not hide in the joining."""
    for _ in range(2):
        for place, text in ((1, b"Hola "), (2, b"#000008")):
            bound.sent(**part("8 bits", 9, 2, place, text))
    assert providers.ledger()["duplicated"] == ["000008"]


def test_parts_of_several_messages_do_not_mix(providers: Providers, bound: Line) -> None:
    """Number, reference and number of parts tell messages apart, and so does a place that is taken already."""
    other = {"destination_addr": "524497654321"}
    all_well = {"undelivered": 0.0, "expired": 0.0, "buffered": 0.0, "replies": 0.0}
    providers.configure(smpp={"whole_within": 2.0, "shares": all_well})
    first = bound.sent(**part("8 bits", 9, 2, 1, b"one "))
    bound.sent(**part("8 bits", 9, 2, 1, b"two ", **other))
    bound.sent(**part("8 bits", 10, 2, 1, b"three "))
    bound.sent(**part("8 bits", 9, 2, 1, b"four "))
    for place, of in (({}, 9), (other, 9), ({}, 10)):
        bound.sent(**part("8 bits", of, 2, 2, b"end", **place))
    assert {text for text, _ in providers.app.smpp.fates()} == {"four end", "two end", "three end"}
    until(lambda: bound.next(0.01) is None and (first, "EXPIRED") in ends(bound))
    assert len([stat for _, stat in ends(bound) if stat == "EXPIRED"]) == 1


def ends(line: Line) -> list[tuple[str, str]]:
    """The ids that receipts told of, and how each ended."""
    return [(each.words["id"], each.words["stat"]) for each in line.told if each.esm_class == 0x04]


def test_a_pair_of_utf_16_may_be_cut(providers: Providers, bound: Line) -> None:
    """A character whose halves came in two parts is whole again."""
    octets = "a😀b".encode("utf-16-be")
    for place, piece in ((1, octets[:4]), (2, octets[4:])):
        bound.sent(**part("8 bits", 9, 2, place, piece, data_coding=8))
    assert [text for text, _ in providers.app.smpp.fates()] == ["a😀b"]


def test_what_never_gets_whole_expires(providers: Providers, bound: Line) -> None:
    """Parts without the others are nobody's message: they are no entry in the ledger, and are told to have expired."""
    providers.configure(smpp={"whole_within": 2.0})
    sent = bound.sent(**part("8 bits", 9, 2, 1, b"Hola #000009"))
    (told,) = bound.hear(1)
    assert (told.words["id"], told.words["stat"]) == (sent, "EXPIRED")
    assert providers.ledger()["received"] == 0
