"""The pretend message centre tells receipts and texts until they are acknowledged, by the seed, and pushes replies."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from connector.sandbox.providers.smpp.replies import LONG_ANSWERS
from connector.sandbox.providers.smpp.telling import Settle, Telling
from tests.sandbox.providers.running import Providers, Receiver, until
from tests.sandbox.providers.smpp_line import DELIVER, RESPONSE, SUBMIT, Line, centre, tlv

DELIVERED = {"undelivered": 0.0, "expired": 0.0, "buffered": 0.0, "replies": 0.0}
ALL_REPLY = {**DELIVERED, "replies": 1.0, "long_replies": 0.0, "pushed": 0.0}
TEXT = {"cellphone": "4491234567", "response": "BAJA"}
APPN_TEMPORARY, APPN_PERMANENT, APPN_REJECTED = 0x64, 0x65, 0x66


@pytest.fixture
def line(providers: Providers) -> Iterator[Line]:
    """A bound connection; every message is delivered and nobody answers, until a test says otherwise."""
    providers.configure(smpp={"shares": DELIVERED, "again": 0.05})
    with centre(providers) as port:
        connected = Line(port)
        assert connected.bind() == 0
        yield connected
        connected.close()


def ticked(providers: Providers, line: Line) -> None:
    """Until nothing is to come any more, hearing what does."""

    def quiet() -> bool:
        assert line.next(0.02) is None
        return providers.ledger()["to_come"] == 0

    until(quiet)


# receipts


def test_a_receipt_is_that_of_appendix_b(line: Line) -> None:
    """It names the id in text and as a parameter, says the state in both, and repeats 20 characters of the text."""
    sent = line.sent(short_message=b"Hola, su cita es hoy. #000001")
    (told,) = line.hear(1)
    assert (told.esm_class, told.source, told.destination) == (0x04, "524491234567", "Acme")
    assert told.octets.startswith(f"id:{sent} sub:001 dlvrd:001 submit date:".encode())
    assert told.octets.endswith(b" stat:DELIVRD err:000 text:Hola, su cita es hoy")
    assert len(told.words["submit_date"]) == len(told.words["done_date"]) == len("YYMMDDhhmm")
    assert told.parameters == tlv(0x001E, sent.encode() + b"\0") + tlv(0x0427, b"\2")


@pytest.mark.parametrize(
    ("shares", "words", "state"),
    [
        ({"undelivered": 1.0}, ["UNDELIV"], 5),
        ({"expired": 1.0}, ["EXPIRED"], 3),
        ({"buffered": 1.0}, ["ENROUTE", "DELIVRD"], 2),
    ],
)
def test_shares_decide_what_becomes_of_a_message(
    providers: Providers, line: Line, shares: dict[str, float], words: list[str], state: int
) -> None:
    """What fails bears a code of the network; what is buffered is told so before its last word."""
    providers.configure(smpp={"shares": {**DELIVERED, **shares}})
    line.sent()
    told = line.hear(len(words))
    assert [each.words["stat"] for each in told] == words
    assert told[-1].parameters.endswith(tlv(0x0427, bytes([state])))
    assert (told[-1].words["err"] == "000") == (words[-1] == "DELIVRD")
    assert told[-1].words["dlvrd"] == ("001" if words[-1] == "DELIVRD" else "000")
    assert providers.control.get("/sandbox/ledger/fates").text == f"smpp 000001 {words[-1]}\n"


def test_the_same_seed_gives_the_same_fates(providers: Providers, line: Line) -> None:
    """What becomes of a message hangs on its number, its text and the seed alone."""
    providers.configure(smpp={"shares": {"undelivered": 0.4, "expired": 0.2, "buffered": 0.0, "replies": 0.0}})
    words = []
    for _ in range(2):
        ids = [line.sent(destination_addr=f"52449123{place:04d}") for place in range(12)]
        told = {each.words["id"]: each.words["stat"] for each in line.hear(12 * (len(words) + 1))}
        words.append([told[each] for each in ids])
    assert words[0] == words[1]
    assert len(set(words[0])) == 3


@pytest.mark.parametrize(("wanted", "told"), [(0, []), (1, ["UNDELIV", "DELIVRD"]), (2, ["UNDELIV"])])
def test_receipts_come_to_whom_wants_them(providers: Providers, line: Line, wanted: int, told: list[str]) -> None:
    """registered_delivery: none, all, or only those of failures."""
    for undelivered in (1.0, 0.0):
        providers.configure(smpp={"shares": {**DELIVERED, "undelivered": undelivered}})
        line.sent(registered_delivery=wanted)
        ticked(providers, line)
    assert [each.words["stat"] for each in line.told] == told


def test_each_part_has_its_receipt(providers: Providers, line: Line) -> None:
    """A long message's parts share its fate, and each is told under its own id."""
    ids = [
        line.sent(short_message=bytes([5, 0, 3, 7, 3, place]) + b"Hola #000002", esm_class=0x40) for place in (1, 2, 3)
    ]
    told = line.hear(3)
    assert [each.words["id"] for each in told] == ids
    assert {each.words["stat"] for each in told} == {"DELIVRD"}


def test_a_fate_is_known_when_it_is_told(providers: Providers, line: Line) -> None:
    """Until the last word, which a fault may have made late, a message is accepted and no more."""
    providers.fault(target="smpp", operation="statuses", kind="late", seconds=0.4)
    sent = time.time()
    line.sent()
    assert list(providers.app.smpp.fates()) == [("Hola #000001", "accepted")]
    until(lambda: list(providers.app.smpp.fates()) == [("Hola #000001", "DELIVRD")])
    assert time.time() - sent > 0.4


def test_a_message_can_expire_on_its_way(providers: Providers, line: Line) -> None:
    """One whose validity ends before it would arrive is told to have expired."""
    providers.app.world.speed = 0.1
    line.sent(validity_period="000000000000000R")
    assert line.hear(1)[0].words["stat"] == "EXPIRED"


@pytest.mark.parametrize(
    ("receipts", "answered", "told"),
    [("same", 10, 10), ("decimal", 16, 10), ("hexadecimal", 10, 16)],
)
def test_receipts_may_write_ids_in_another_base(
    providers: Providers, line: Line, receipts: str, answered: int, told: int
) -> None:
    """Some message centres answer in one base and tell in the other."""
    providers.configure(smpp={"receipt_ids": receipts})
    sent = line.sent()
    assert int(sent, answered) == int(line.hear(1)[0].words["id"], told)
    assert (sent == line.told[0].words["id"]) == (answered == told)


# told until it is acknowledged


@pytest.mark.parametrize("answer", [APPN_TEMPORARY, 0x08, None])
def test_what_is_not_acknowledged_is_told_again(providers: Providers, line: Line, answer: int | None) -> None:
    """A temporary error, another one, and silence: the same is told again until it is taken."""
    providers.configure(smpp={"patience": 0.1})
    line.answers[:] = [answer, answer, 0]
    line.sent()
    told = line.hear(3)
    assert len({each.octets for each in told}) == 1
    ticked(providers, line)
    assert len(line.told) == 3
    assert (providers.ledger()["statuses_pushed"], providers.ledger()["statuses_acknowledged"]) == (3, 1)


@pytest.mark.parametrize("answer", [APPN_PERMANENT, APPN_REJECTED])
def test_what_is_refused_for_good_is_not_told_again(providers: Providers, line: Line, answer: int) -> None:
    """ESME_RX_P_APPN and ESME_RX_R_APPN end the matter."""
    line.answers[:] = [answer]
    line.sent()
    line.hear(1)
    ticked(providers, line)
    assert (len(line.told), providers.ledger()["statuses_acknowledged"]) == (1, 0)


def test_news_waits_for_somebody_who_hears(providers: Providers, line: Line) -> None:
    """What comes while nobody is bound is told to the next session, and so is what the last one left unanswered."""
    line.answers[:] = [None]
    first = line.sent()
    line.hear(1)
    second = line.sent()
    line.close()
    until(lambda: providers.control.get("/sandbox/smpp/sessions").json() == {"bound": 0})
    again = Line(line.port)
    assert again.bind() == 0
    assert {each.words["id"] for each in again.hear(2)} == {first, second}
    again.close()


def test_the_next_word_waits_for_the_one_before(providers: Providers, line: Line) -> None:
    """A message's last word is not told before its first one was taken."""
    providers.configure(smpp={"shares": {**DELIVERED, "buffered": 1.0}})
    line.answers[:] = [APPN_TEMPORARY, APPN_TEMPORARY, 0]
    line.sent()
    assert [each.words["stat"] for each in line.hear(4)] == ["ENROUTE", "ENROUTE", "ENROUTE", "DELIVRD"]


def test_only_so_much_is_told_at_once(providers: Providers, line: Line) -> None:
    """Beyond fifty without an answer news waits its turn, and none of it is lost, not even with the connection."""
    line.answers[:] = [None]
    ids = {line.sent(destination_addr=f"52449123{place:04d}") for place in range(60)}
    line.hear(50)
    assert line.next(0.3) is None
    assert len(line.told) == 50
    for place, told in enumerate(line.told[:5], 51):
        line.send(DELIVER | RESPONSE, b"\0", number=told.number)
        assert len(line.hear(place)) == place
    heard = {told.words["id"] for told in line.told[:5]}
    line.close()
    until(lambda: providers.control.get("/sandbox/smpp/sessions").json() == {"bound": 0})
    again = Line(line.port)
    assert again.bind() == 0
    assert {told.words["id"] for told in again.hear(55)} == ids - heard
    again.close()


def test_a_reset_forgets_all_of_it(providers: Providers, line: Line) -> None:
    """Nothing that was sent before is told after it, and nobody is bound."""
    line.answers[:] = [None]
    line.sent()
    line.hear(1)
    line.sent()
    providers.app.reset()
    assert line.next() is None
    assert list(providers.app.smpp.fates()) == []
    again = Line(line.port)
    assert again.bind() == 0
    ticked(providers, again)
    assert (len(line.told), again.told) == (1, [])
    assert providers.ledger()["statuses_pushed"] == 0
    again.close()


# faults of news


def test_a_receipt_can_come_before_the_answer(providers: Providers, line: Line) -> None:
    """An early receipt is on the wire before submit_sm_resp."""
    providers.fault(target="smpp", operation="statuses", kind="early")
    line.sent()
    line.hear(1)
    assert line.order[-2:] == [DELIVER, SUBMIT | RESPONSE]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("twice", ["ENROUTE", "DELIVRD", "ENROUTE", "DELIVRD"]),
        ("reorder", ["DELIVRD", "ENROUTE"]),
        ("late", ["ENROUTE", "DELIVRD"]),
        ("lost", []),
    ],
)
def test_faults_befall_receipts(providers: Providers, line: Line, kind: str, words: list[str]) -> None:
    """Receipts come twice, out of order, late, or not at all; what became of the message is the same."""
    providers.configure(smpp={"shares": {**DELIVERED, "buffered": 1.0}})
    providers.fault(target="smpp", operation="statuses", kind=kind, seconds=0.2)
    sent = line.sent()
    ticked(providers, line)
    assert sorted(each.words["stat"] for each in line.told) == sorted(words)
    if kind != "twice":
        assert [each.words["stat"] for each in line.told] == words
    until(lambda: list(providers.app.smpp.fates()) == [("Hola #000001", "DELIVRD")])
    (entry,) = providers.control.get("/sandbox/faults").json()["log"]
    assert (entry["target"], entry["kind"], entry["destroyed"]) == ("smpp", kind, [sent])


# texts from people


def test_recipients_answer_over_the_session(providers: Providers, line: Line) -> None:
    """A share of those whose message arrived write to the Sender_ID, in the alphabet that their text needs."""
    providers.configure(smpp={"shares": ALL_REPLY})
    for place in range(12):
        line.sent(destination_addr=f"52449123{place:04d}")
    told = [each for each in line.hear(24) if each.esm_class == 0]
    assert {each.source for each in told} == {f"52449123{place:04d}" for place in range(12)}
    assert {each.destination for each in told} == {"Acme"}
    assert all(each.octets for each in told)
    until(lambda: providers.ledger()["replies"] == providers.ledger()["replies_acknowledged"] == 12)


def test_nobody_answers_what_did_not_arrive(providers: Providers, line: Line) -> None:
    """Whose message was not delivered writes nothing back."""
    providers.configure(smpp={"shares": {**ALL_REPLY, "undelivered": 1.0}})
    for place in range(5):
        line.sent(destination_addr=f"52449123{place:04d}")
    line.hear(5)
    ticked(providers, line)
    assert (len(line.told), providers.ledger()["replies"]) == (5, 0)


@pytest.mark.parametrize("joined_by", ["udh", "sar", "payload"])
@pytest.mark.parametrize("text", LONG_ANSWERS)
def test_a_long_text_comes_in_parts(providers: Providers, line: Line, joined_by: str, text: str) -> None:
    """Parts by a header, by parameters, or all in one payload: together they are the text."""
    providers.configure(smpp={"replies_joined_by": joined_by})
    given = {"cellphone": "4491234567", "response": text}
    assert providers.control.post("/sandbox/smpp/received", json=given).status_code == 202
    ticked(providers, line)
    octets = b"".join(body(each, joined_by) for each in line.told)
    assert decoded(octets, line.told[0].data_coding) == text
    assert (len(line.told) == 1) == (joined_by == "payload")
    assert all(len(each.octets) <= 159 for each in line.told)
    assert providers.ledger()["replies"] == 1


def body(told: Any, joined_by: str) -> bytes:
    """The octets of a part's text."""
    octets: bytes = told.octets
    if joined_by == "udh":
        assert told.esm_class == 0x40
        return octets[octets[0] + 1 :]
    if joined_by == "payload":
        assert told.parameters[:2] == b"\x04\x24"
        payload: bytes = told.parameters[4:]
        return payload
    assert told.parameters[:2] == b"\x02\x0c"
    return octets


def decoded(octets: bytes, coding: int) -> str:
    """The text; these have no character of GSM-7 beyond ASCII but those named here."""
    if coding == 8:
        return octets.decode("utf-16-be")
    named = {0x7D: "ñ", 0x07: "ì", 0x04: "è", 0x05: "é", 0x08: "ò", 0x40: "¡"}
    return "".join(named.get(octet, chr(octet)) for octet in octets)


def test_a_text_is_told_until_it_is_acknowledged(providers: Providers, line: Line) -> None:
    """A person's text is counted once however often it is told."""
    line.answers[:] = [APPN_TEMPORARY, 0]
    assert providers.control.post("/sandbox/smpp/received", json=TEXT).status_code == 202
    told = line.hear(2)
    assert {(each.source, each.octets) for each in told} == {("524491234567", b"BAJA")}
    assert (providers.ledger()["replies"], providers.ledger()["replies_pushed"]) == (1, 2)


@pytest.mark.parametrize(("kind", "times"), [("twice", 2), ("late", 1), ("lost", 0)])
def test_faults_befall_texts(providers: Providers, line: Line, kind: str, times: int) -> None:
    """A text can come twice, late, or not at all; it was written once."""
    providers.fault(target="smpp", operation="replies", kind=kind, seconds=0.1)
    providers.control.post("/sandbox/smpp/received", json=TEXT)
    ticked(providers, line)
    assert (len(line.told), providers.ledger()["replies"]) == (times, 1)


@pytest.mark.parametrize(
    "given", [b"", b"[]", {"cellphone": "4491234567"}, {**TEXT, "response": ""}, {**TEXT, "cellphone": "+52"}]
)
def test_a_text_that_is_none_is_refused(providers: Providers, given: Any) -> None:
    """The control API says what is wrong with a text."""
    sent = {"content": given} if isinstance(given, bytes) else {"json": given}
    answer = providers.control.post("/sandbox/smpp/received", **sent)
    assert answer.status_code == 400
    assert "cellphone and response" in answer.json()["error"]


def test_replies_are_pushed_where_the_account_says(providers: Providers, line: Line, receiver: Receiver) -> None:
    """As the guide has it: a GET with the message's id and ten digits, acknowledged by ok, tried once."""
    receiver.answers = [(200, b"ok"), (200, b"thanks")]
    providers.configure(smpp={"shares": {**ALL_REPLY, "pushed": 1.0}, "responses_url": receiver.url})
    sent = {line.sent(destination_addr=number): number for number in ("524491234567", "524491234568")}
    until(lambda: providers.ledger()["replies_pushed"] == 2)
    assert {push["message_id"]: f"52{push['cellphone']}" for push in receiver.taken} == sent
    assert all(set(push) == {"response", "cellphone", "message_id", "date"} for push in receiver.taken)
    assert (providers.ledger()["replies"], providers.ledger()["replies_acknowledged"]) == (2, 1)
    told = providers.control.get("/sandbox/ledger/told").text.split("\n")
    assert sorted(entry.split()[-1] for entry in told if entry) == ["received", "received?"]
    assert all(each.esm_class == 0x04 for each in line.told)


def test_a_pushed_reply_can_be_lost(providers: Providers, line: Line, receiver: Receiver) -> None:
    """It was written, and nobody is told of it."""
    providers.configure(smpp={"shares": {**ALL_REPLY, "pushed": 1.0}, "responses_url": receiver.url})
    providers.fault(target="smpp", operation="replies", kind="lost")
    line.sent()
    ticked(providers, line)
    assert (providers.ledger()["replies"], receiver.taken) == (1, [])


@pytest.mark.parametrize(
    "settings",
    [{"colour": 1}, {"senders": []}, {"alphabet": "ucs-2"}, {"shares": {"voices": 1}}, {"sessions": 0}, {"again": 0}],
)
def test_wrong_settings_are_refused(providers: Providers, settings: dict[str, Any]) -> None:
    """A setting that is not known or not understood is 400 with a sentence."""
    answer = providers.control.post("/sandbox/providers", json={"smpp": settings})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_nothing_is_told_after_the_end(providers: Providers) -> None:
    """What was planned before an account was made anew is not told to whoever is bound then."""
    told: list[bytes] = []

    class Listening:
        def deliver(self, body: bytes, settle: Settle) -> None:
            told.append(body)
            settle(0)

    world = providers.app.world
    before, after = (Telling(world, Listening, lambda: 0.01) for _ in range(2))
    before.plan("statuses", [(world.now() + 0.05, b"before")])
    after.plan("statuses", [(world.now() + 0.05, b"after")])
    before.end()
    until(lambda: world.timetable.pending() == 0)
    assert told == [b"after"]
