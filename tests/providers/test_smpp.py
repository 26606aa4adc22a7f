"""SMPP without an SMSC: alphabets, parts, receipts, errors, long messages, settings, and an account's adapter."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector import settings
from connector.model.errors import MayHaveLeft, Refused, SettingsError, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.messages import Channel, Encoding, Message, NewsKind
from connector.model.states import State
from connector.model.text import measure
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Response
from connector.providers.registry import PROVIDERS, adapter_of
from connector.providers.smpp.alphabets import A_PART, ALONE, Alphabet, characters, holds, text_of
from connector.providers.smpp.incoming_parts import MISSING, text_from
from connector.providers.smpp.line import SUBMIT
from connector.providers.smpp.long_messages import LongMessages, OfWhole, joined
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.overdue import LateAnswer, Whole
from connector.providers.smpp.pdus import NoPDU, read, written
from connector.providers.smpp.receipts import fields_of
from connector.providers.smpp.segments import Joining, cut, parts_needed
from connector.providers.smpp.statuses import ERRORS, IN_DOUBT, NOT_NOW, WORDS, failure_of
from connector.providers.smsclouds.smpp import SmscloudsSmpp

ACCOUNT: dict[str, Any] = {
    "provider": "smsclouds",
    "protocol": "smpp",
    "host": "smsc.example.com",
    "system_id": "conector",
    "password": "s3cretpw",
    "sender": "TEST",
}
RECEIPT = "id:97569696 sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000 text:Hola"
GSM_TEXTS = st.text(st.sampled_from("aZ0 ñÑ@_\n€[]{}^~|\\Δ¿"), max_size=600)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
PARTS: st.SearchStrategy[tuple[Alphabet, str]] = st.one_of(
    st.tuples(st.just(Alphabet.GSM7), GSM_TEXTS),
    st.tuples(st.just(Alphabet.LATIN1), st.text(st.characters(max_codepoint=255), max_size=600)),
    st.tuples(st.just(Alphabet.UCS2), TEXTS),
)
STATUSES = st.sampled_from([0, *IN_DOUBT, *NOT_NOW, *ERRORS]) | st.integers(0, 0xFFFFFFFF)


def made(**options: Any) -> SmscloudsSmpp:
    """The adapter of an account."""
    return SmscloudsSmpp("mx", SmppOptions.model_validate({**ACCOUNT, **options}))


def message(text: str = "Hola", **changes: Any) -> Message:
    """A message to Mexico."""
    return replace(Message("m1", "+524491234567", "MX", (text,), ()), **changes)


def answer(ids: list[str], status: int | None = None, *, silent: bool = False) -> Response:
    """What a session answers."""
    return Response(200, {}, json.dumps({"ids": ids, "status": status, "silent": silent}).encode())


def heard(text: str, **fields: Any) -> Any:
    """The news in a deliver_sm, as it comes over the wire."""
    pdu = {"source_addr": "524491234567", "destination_addr": "TEST", "esm_class": 4, "short_message": text.encode()}
    adapter, known = made(**fields.pop("options", {})), fields.pop("known", LongMessages())
    return adapter.told(read(written("deliver_sm", 1, **{**pdu, **fields})), known)


# alphabets and parts


@given(PARTS)
def test_octets_are_the_text(given_text: tuple[Alphabet, str]) -> None:
    """What an alphabet holds is read back from its octets as it was."""
    alphabet, text = given_text
    assert holds(alphabet, text)
    assert text_of(alphabet, b"".join(characters(alphabet, text))) == text


@given(st.binary(max_size=200), st.sampled_from(Alphabet))
def test_any_octets_are_some_text(octets: bytes, alphabet: Alphabet) -> None:
    """Whatever comes is read, in doubt with the replacement character."""
    assert isinstance(text_of(alphabet, octets), str)


@given(PARTS, st.sampled_from(["udh", "sar", "payload"]), st.integers(0, 255))
def test_parts_are_the_text_and_fit(given_text: tuple[Alphabet, str], joining: Joining, number: int) -> None:
    """Joined again the parts are the text; each fits on the air, none cuts a character, and they know their places."""
    alphabet, text = given_text
    parts = cut(text, alphabet, joining, number)
    header = 6 if len(parts) > 1 and joining == "udh" else 0
    assert "".join(text_of(alphabet, part.octets[header:]) for part in parts) == text
    assert len(parts) == (1 if joining == "payload" else parts_needed(text, alphabet))
    if len(parts) == 1:
        assert parts[0].as_payload == (joining == "payload" and parts_needed(text, alphabet) > 1)
        return
    assert all(len(part.octets) - header <= A_PART[alphabet] for part in parts)
    for place, part in enumerate(parts, 1):
        if joining == "udh":
            assert part.octets[:6] == bytes([5, 0, 3, number, len(parts), place])
        else:
            assert dict(part.fields) == {
                "sar_msg_ref_num": number,
                "sar_total_segments": len(parts),
                "sar_segment_seqnum": place,
            }


@given(GSM_TEXTS | TEXTS)
def test_parts_are_as_the_mapping_counts_them(text: str) -> None:
    """What is paid and checked before a send is what is sent, in GSM-7 as in UCS-2."""
    counted = measure(text)
    alphabet = Alphabet.GSM7 if counted.encoding is Encoding.GSM7 else Alphabet.UCS2
    assert holds(Alphabet.GSM7, text) == (alphabet is Alphabet.GSM7)
    assert parts_needed(text, alphabet) == counted.parts


@pytest.mark.parametrize(
    ("alphabet", "character", "alone", "two"),
    [(Alphabet.GSM7, "a", 160, 306), (Alphabet.LATIN1, "á", 140, 268), (Alphabet.UCS2, "ж", 70, 134)],
)
def test_what_a_part_holds(alphabet: Alphabet, character: str, alone: int, two: int) -> None:
    """140 octets on the air are 160 septets, 140 characters of 8 bits or 70 of UCS-2; less beside a header."""
    assert [parts_needed(character * length, alphabet) for length in (alone, alone + 1, two, two + 1)] == [1, 2, 2, 3]
    assert ALONE[alphabet] == len(b"".join(characters(alphabet, character * alone)))


@pytest.mark.parametrize(
    ("alphabet", "text", "first"),
    [
        (Alphabet.GSM7, "a" * 152 + "€" + "b" * 10, "a" * 152),
        (Alphabet.UCS2, "ж" * 66 + "😀" + "я" * 10, "ж" * 66),
        (Alphabet.LATIN1, "é" * 141, "é" * 134),
    ],
)
def test_no_character_is_cut_in_two(alphabet: Alphabet, text: str, first: str) -> None:
    """A character that would not fit whole begins the next part."""
    parts = cut(text, alphabet, "sar", 1)
    assert [text_of(alphabet, part.octets) for part in parts] == [first, text[len(first) :]]


# PDUs


@given(st.binary(max_size=300))
def test_any_octets_are_a_pdu_or_none(body: bytes) -> None:
    """Whatever an SMSC writes is read, or is no PDU; nothing else is raised."""
    for command in (0x05, 0x80000004, 0x80000009, 0x15, 0x103, 0x777):
        octets = (len(body) + 16).to_bytes(4) + command.to_bytes(4) + bytes(4) + (7).to_bytes(4) + body
        try:
            pdu = read(octets)
        except NoPDU:
            continue
        assert pdu.header.number == 7
        assert isinstance(pdu.text("message_id") + pdu.text("source_addr"), str)


def test_a_parameter_of_another_command_is_passed_over() -> None:
    """A deliver_sm with an optional parameter that 3.4 gives to other commands only is still read."""
    plain = written("deliver_sm", 3, source_addr="1", short_message=b"Hola")
    more = plain + bytes.fromhex("0424000161") + bytes.fromhex("130c0000") + bytes.fromhex("1501000161")
    pdu = read(len(more).to_bytes(4) + more[4:])
    assert (pdu.name, pdu.octets("short_message")) == ("deliver_sm", b"Hola")


# receipts


@given(
    st.sampled_from(list(WORDS)),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=" "), min_size=1, max_size=20),
    st.text(st.characters(max_codepoint=255), max_size=20),
)
def test_a_receipt_s_fields_are_found(word: str, error: str, text: str) -> None:
    """However its error is written and whatever the text says that it repeats, a receipt's own fields are read."""
    told = fields_of(
        f"id:0a-1 sub:001 dlvrd:000 submit date:2611210840 done date:2611210841 stat:{word} err:{error} text:{text}"
    )
    assert (told["id"], told["stat"], told["done date"], told["err"]) == ("0a-1", word, "2611210841", error)


def test_what_the_text_says_is_not_the_receipt_s_word() -> None:
    """A person's text that looks like a receipt does not fill in what the receipt leaves out."""
    assert fields_of("id:1 stat:DELIVRD text:err:9 done date:2611210841") == {"id": "1", "stat": "DELIVRD"}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("DELIVRD", State.DELIVERED),
        ("delivrd", State.DELIVERED),
        ("ENROUTE", State.SENT),
        ("ACCEPTD", State.SENT),
        ("UNDELIV", State.UNDELIVERED),
        ("EXPIRED", State.EXPIRED),
        ("DELETED", State.FAILED),
        ("REJECTD", State.REJECTED),
        ("UNKNOWN", None),
        ("NOVELTY", None),
    ],
)
def test_every_word_of_a_receipt(word: str, state: State | None) -> None:
    """Appendix B's words are our states; one it does not have is kept and moves nothing."""
    news = heard(RECEIPT.replace("DELIVRD", word))
    assert (news.kind, news.state, news.word) == (NewsKind.STATUS, state, word.upper())
    assert (news.failure is None) == (state in (State.DELIVERED, State.SENT, None))
    assert (news.provider_id, news.phone) == ("97569696", "+524491234567")
    assert (news.word.lower() in made().capability.moves_nothing) == (word == "UNKNOWN")


def test_a_receipt_of_parameters_alone_is_read() -> None:
    """A receipt may be told by its optional parameters, with no text."""
    news = heard("", receipted_message_id="abc1", message_state=5, network_error_code=b"\x03\x00\x22")
    assert (news.provider_id, news.state) == ("abc1", State.UNDELIVERED)
    assert news.failure is not None
    assert news.failure.code == "34"


@pytest.mark.parametrize("stat", ["ENROUTE", "UNDELIV", "DELIVRD"])
def test_an_intermediate_notification_is_no_text_and_no_end(stat: str) -> None:
    """What an SMSC tells on the way is nobody's reply, and the last word on the message is still to come."""
    news = heard(RECEIPT.replace("DELIVRD", stat), esm_class=0x20)
    assert (news.kind, news.state, news.provider_id) == (NewsKind.STATUS, State.SENT, "97569696")
    assert news.failure is None


@pytest.mark.parametrize(
    ("done", "at"),
    [
        ("2611210841", datetime(2026, 11, 21, 14, 41, tzinfo=UTC)),
        ("261121084107", datetime(2026, 11, 21, 14, 41, 7, tzinfo=UTC)),
        ("2613210841", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_receipt_s_time_is_of_the_account_s_zone(done: str, at: datetime | None) -> None:
    """``done date`` comes with and without seconds, in the account's zone; anything else is no time."""
    assert heard(RECEIPT.replace("done date:2611210841", f"done date:{done}")).at == at


@pytest.mark.parametrize(
    ("how", "answered", "told"),
    [("same", "0000A1", "0000A1"), ("decimal", "5D0CCE0", "97570016"), ("hexadecimal", "97570016", "05d0cce0")],
)
def test_ids_in_two_bases_are_one(how: str, answered: str, told: str) -> None:
    """An SMSC that answers in one base and tells receipts in the other names one message."""
    adapter = made(receipt_ids=how)
    assert adapter.settings.id_of(answered) == adapter.settings.receipted_id(told)


def test_told_twice_is_one_and_another_is_not() -> None:
    """The key of a receipt is its content's; texts from people count each time."""
    assert heard(RECEIPT).key == heard(RECEIPT).key
    assert len({heard(RECEIPT).key, heard(RECEIPT.replace("9696", "9697")).key, heard("").key}) == 3
    reply = heard("BAJA", esm_class=0)
    assert (reply.kind, reply.text, reply.phone, reply.counts_again) == (NewsKind.REPLY, "BAJA", "+524491234567", True)


def test_a_text_s_header_is_no_text() -> None:
    """A part of a person's long text is read without its user data header."""
    assert heard("", esm_class=0x40, short_message=b"\x05\x00\x03\x01\x02\x01Hola").text == "Hola"


# long texts from people


def told_in_parts(by: str, alphabet: Alphabet, octets: bytes, size: int, **more: Any) -> list[Any]:
    """The news of a text that a phone cut every `size` octets, however its characters lie."""
    pieces = [octets[place : place + size] for place in range(0, len(octets), size)]
    coding = {Alphabet.GSM7: 0, Alphabet.LATIN1: 3, Alphabet.UCS2: 8}[alphabet]
    told = []
    for number, piece in enumerate(pieces, 1):
        how = {"sar_msg_ref_num": 300, "sar_total_segments": len(pieces), "sar_segment_seqnum": number}
        header = b""
        if by != "sar":
            ports = b"\x05\x04\x00\x01\x00\x02"  # another element before the one that counts the parts
            counted = b"\x00\x03\x2c" if by == "8" else b"\x08\x04\x01\x2c"
            elements = ports + counted + bytes([len(pieces), number])
            how, header = {"esm_class": 0x40}, bytes([len(elements)]) + elements
        short = {"short_message": header + piece, "data_coding": coding}
        told.append(heard("", **{"esm_class": 0, **how, **short, **more}))
    return told


@given(PARTS, st.sampled_from(["8", "16", "sar"]), st.integers(7, 120), st.randoms())
def test_parts_of_a_person_s_text_are_the_text_again(
    given_text: tuple[Alphabet, str], by: str, size: int, random: Any
) -> None:
    """However the parts are counted, wherever they were cut and in whatever order they come, they are one text."""
    alphabet, text = given_text
    octets = b"".join(characters(alphabet, text))[: 255 * size]
    told = told_in_parts(by, alphabet, octets, size)
    if len(told) < 2:
        assert [item.kind for item in told] in ([], [NewsKind.REPLY])
        return
    assert {item.kind for item in told} == {NewsKind.PART}
    assert len({item.provider_id for item in told}) == 1
    assert len({item.key for item in told}) == len(told)
    assert text_from(random.sample([item.raw for item in told], len(told))) == text_of(alphabet, octets)


def test_what_never_came_is_marked() -> None:
    """A gap in a text is shown where it is, and what stands beside it is whole."""
    told = [item.raw for item in told_in_parts("8", Alphabet.GSM7, b"uno dos tres", 4)]
    assert text_from([told[2], told[0]]) == f"uno {MISSING}tres"
    assert text_from([told[1]]) == f"{MISSING}dos {MISSING}"


def test_texts_of_two_people_are_two() -> None:
    """Parts belong together by who wrote them to whom, by the number of the text and the way it is counted."""
    apart = [
        told_in_parts("8", Alphabet.GSM7, b"uno dos", 4),
        told_in_parts("16", Alphabet.GSM7, b"uno dos", 4),
        told_in_parts("sar", Alphabet.GSM7, b"uno dos", 4),
        told_in_parts("8", Alphabet.GSM7, b"uno dos", 3),
        told_in_parts("8", Alphabet.GSM7, b"uno dos", 4, source_addr="524491234568"),
        told_in_parts("8", Alphabet.GSM7, b"uno dos", 4, destination_addr="OTHER"),
    ]
    assert len({told[0].provider_id for told in apart}) == len(apart)


@pytest.mark.parametrize(
    "header", [b"\x05\x00\x03\x01\x02\x03", b"\x05\x00\x03\x01\x00\x00", b"\x05\x00\x03\x01\x01\x01"]
)
def test_parts_that_cannot_be_are_texts(header: bytes) -> None:
    """A third part of two, one of none and the only one of one is a text of its own."""
    told = heard("", esm_class=0x40, short_message=header + b"Hola")
    assert (told.kind, told.text) == (NewsKind.REPLY, "Hola")


@given(st.binary(max_size=140), st.integers(0, 255))
def test_any_header_is_borne(octets: bytes, coding: int) -> None:
    """Whatever a phone writes into a header, what came is a reply or a part of one."""
    told = heard("", esm_class=0x40, short_message=octets, data_coding=coding)
    assert told.kind in (NewsKind.REPLY, NewsKind.PART)


# long messages


@given(st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True), st.randoms())
def test_every_part_delivers_and_the_first_failure_fails(numbers: list[int], random: Any) -> None:
    """In whatever order and however often parts are told, the message is delivered with the last of them only."""
    ids = [f"id{number}" for number in numbers]
    whole = joined(ids, len(ids))
    told = random.sample(ids, len(ids))
    known = LongMessages()
    known.learn(whole)
    for part in told[:-1]:
        assert [known.told(part, State.DELIVERED).state for _ in range(2)] == [State.SENT, State.SENT]
    assert known.told(told[-1], State.UNDELIVERED).state is State.UNDELIVERED
    last = known.told(told[-1], State.DELIVERED)
    assert (last.id, last.state) == (whole, State.DELIVERED)
    assert known.told("another", State.DELIVERED).id == "another"
    again = LongMessages()
    again.restore([whole, "single"], told[:-1])
    assert again.told(told[-1], State.DELIVERED).state is State.DELIVERED


def test_more_is_known_of_a_message_than_before() -> None:
    """Once a part's late answer named it, what was told of the others stays told, and is not forgotten again."""
    known = LongMessages()
    known.learn("1+")
    assert known.told("1", State.DELIVERED).state is State.SENT
    known.learn("1+2")
    known.restore(["1+"], ["1"])
    assert known.told("2", State.DELIVERED) == OfWhole("1+2", State.DELIVERED)
    known.learn("1+3")
    assert known.told("3", State.DELIVERED) == OfWhole("1+3", State.SENT)


def test_a_message_that_lost_a_part_is_never_delivered() -> None:
    """Where the SMSC did not answer to a part, the others' receipts say that it was sent, and no more."""
    known = LongMessages()
    known.learn(joined(["1", "2"], 3))
    assert [known.told(part, State.DELIVERED).state for part in ("1", "2")] == [State.SENT, State.SENT]


# the adapter


def test_it_is_smsclouds_by_another_protocol() -> None:
    """The settings' name is Smsclouds'; `protocol` chooses, and without one it is HTTP."""
    assert adapter_of("smsclouds", "smpp") is SmscloudsSmpp
    assert adapter_of("smsclouds") is PROVIDERS["smsclouds"]
    assert adapter_of("nrs360", "smpp") is None
    assert SmscloudsSmpp.capability.provider == SmscloudsSmpp.name == "smsclouds"


def test_a_send_bears_the_fields_of_submit_sm() -> None:
    """Numbers, types of number, alphabet and the wish for a receipt travel with every part."""
    request = made().send(Batch("r1", (message("ж" * 71, expires_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),)))
    assert (request.method, request.sends, len(request.json)) == (SUBMIT, True, 2)
    for part in request.json:
        assert (part["destination_addr"], part["dest_addr_ton"]) == ("524491234567", 1)
        assert (part["source_addr"], part["source_addr_ton"]) == ("TEST", 5)
        assert (part["data_coding"], part["registered_delivery"]) == (8, 1)
        assert part["validity_period"] == "261122093000000+"
    (national,) = made(numbers="national").send(Batch("r1", (message(sender="4491"),))).json
    assert (national["destination_addr"], national["dest_addr_ton"]) == ("4491234567", 2)
    assert (national["source_addr"], national["source_addr_ton"], national["data_coding"]) == ("4491", 0, 0)


def test_the_parts_of_two_messages_bear_two_numbers() -> None:
    """Parts to one phone are told apart by a number that our reference gives."""
    sent = [made().send(Batch(reference, (message("a" * 161),))).json for reference in ("r1", "r2")]
    assert sent[0][0]["short_message"][3] != sent[1][0]["short_message"][3]


@pytest.mark.parametrize(
    ("changes", "code", "fault"),
    [
        ({"channel": Channel.VOICE}, "channel", Fault.MAPPING),
        ({"to": "+34600000001", "country": "ES"}, "country", Fault.MAPPING),
        ({"pieces": ("",)}, "no_text", Fault.MESSAGE),
        ({"pieces": ("\ud83d",)}, "unsendable_character", Fault.MESSAGE),
        ({"pieces": ("a" * (153 * 6 + 1),)}, "too_long", Fault.MESSAGE),
        ({"sender": "Peluquería"}, "sender", Fault.MAPPING),
    ],
)
def test_what_cannot_be_sent_is_refused(changes: dict[str, Any], code: str, fault: Fault) -> None:
    """Other channels and countries, no text and too much of it, and a sender that is no plain name."""
    refused = made().refuse(message(**changes))
    assert refused is not None
    assert (refused.code, refused.fault) == (code, fault)
    assert made().refuse(message("a" * (153 * 6))) is None


@given(STATUSES)
def test_every_status_is_sorted(status: int) -> None:
    """Whatever command_status answers the first part, it is a wait, a refusal, or doubt; never an acceptance."""
    adapter, batch = made(), Batch("r1", (message(),))
    if status == 0:
        return
    with pytest.raises(MayHaveLeft if status in IN_DOUBT else Throttled if status in NOT_NOW else Refused) as ended:
        adapter.read_send(batch, answer([], status))
    if isinstance(ended.value, Refused):
        assert ended.value.failure.code == failure_of(status).code == f"{status:#06x}"
        assert ended.value.failure.fault is (ERRORS[status][0] if status in ERRORS else Fault.UNKNOWN)


def test_outcomes() -> None:
    """Taken is accepted under its id, a silence is doubt, and a message half taken never goes back."""
    adapter, short, long = made(), Batch("r1", (message(),)), Batch("r1", (message("a" * 161),))
    assert adapter.read_send(short, answer(["9"]))[0].provider_id == "9"
    assert adapter.read_send(short, answer([""]))[0].provider_id is None
    assert adapter.read_send(long, answer(["9", "10"]))[0].provider_id == "9+10"
    with pytest.raises(MayHaveLeft):
        adapter.read_send(long, answer([], silent=True))
    half = [adapter.read_send(long, one)[0] for one in (answer(["9"], silent=True), answer(["9"], 8), answer(["9"], 1))]
    assert [(one.state, one.provider_id) for one in half] == [
        (State.UNKNOWN, "9+"),
        (State.UNKNOWN, "9+"),
        (State.REJECTED, "9+"),
    ]
    with pytest.raises(Unreadable):
        adapter.read_send(short, Response(200, {}, b"{}"))


@given(STATUSES, st.integers(0, 2), st.sampled_from(["9", ""]))
def test_a_late_answer_is_taken_for_what_it_is(status: int, taken: int, told: str) -> None:
    """After its time an answer accepts a message whose every part was taken, rejects one whose part was not, and moves
    nothing where it leaves doubt or parts were never submitted."""
    known, ids = Whole(3, "r1", "+524491234567"), ("7", "8")[:taken]
    pdu = read(written("submit_sm_resp", 5, status=status, message_id=told))
    news = made().told(LateAnswer(pdu.name, pdu.header, pdu.fields, known, ids, told), LongMessages())
    assert (news.kind, news.reference, news.phone) == (NewsKind.STATUS, "r1", "+524491234567")
    if status == 0:
        assert news.state is (State.ACCEPTED if taken == 2 else None)
        assert news.provider_id == joined([*ids, told], 3)
    else:
        assert news.state is (None if status in IN_DOUBT else State.REJECTED)
        assert (news.failure is None) == (status in IN_DOUBT)
        assert news.provider_id == (joined(ids, 3) if ids else None)
    assert news.state is not None or news.word.lower() in made().capability.moves_nothing


def test_replies_are_pushed_over_http() -> None:
    """The guide sends replies to an SMPP account's messages by GET: its webhook is heard, and no other."""
    query = {"Response": "BAJA", "Cellphone": "4499157710", "Message_id": "158562", "Date": "2020-05-25 11:13:49"}
    (news,) = made().hook(HookRequest("smpp_responses", "GET", query, {}, b"", "")).news
    assert (news.provider_id, news.phone, news.text) == ("158562", "+524499157710", "BAJA")
    for name, status in (("responses", 404), ("keyword", 404), ("smpp_responses", 400)):
        with pytest.raises(Refused) as refused:
            made().hook(HookRequest(name, "GET", {}, {}, b"", ""))
        assert refused.value.status == status


def test_the_mapping_counts_as_the_account_cuts() -> None:
    """An account of ISO-8859-1 holds 140 characters a message and 134 a part, and its own number of parts."""
    can = made(alphabet="iso-8859-1", max_parts=3).account_capability()
    assert can.plain_limits == {Encoding.GSM7: (140, 402), Encoding.UCS2: (70, 201)}
    assert made(max_parts=3).account_capability().max_parts == can.max_parts == 3


# settings


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"tls": False}, "plain_smpp"),
        ({"password": "nine char"}, "password"),
        ({"batch_size": 2}, "batch_size"),
        ({"zone": "Mexico"}, "zone"),
        ({"tokne": "x"}, "tokne"),
    ],
)
def test_settings_are_checked(options: dict[str, Any], word: str) -> None:
    """What cannot work is refused with its name, and plain SMPP to another machine only on purpose."""
    with pytest.raises(ValidationError, match=word):
        made(**options)


@pytest.mark.parametrize(
    "options", [{"host": "127.0.0.1"}, {"host": "localhost"}, {"host": "::1"}, {"plain_smpp": True}]
)
def test_plain_smpp_is_for_this_machine_or_on_purpose(options: dict[str, Any]) -> None:
    """Without TLS to this machine needs no word, elsewhere it does."""
    assert made(tls=False, **options).settings.tls is False


def test_the_password_is_not_shown() -> None:
    """Printing the settings shows no password."""
    assert "s3cretpw" not in repr(made().settings)


def test_an_unknown_protocol_is_refused() -> None:
    """A misspelt protocol is an error that names those there are."""
    for provider, known in (("smsclouds", "smpp"), ("nrs360", "leave it out")):
        account = {**ACCOUNT, "provider": provider, "protocol": "smmp"}
        with pytest.raises(SettingsError, match=known):
            settings.of({"accounts": {"mx": account}}).account_options()


def test_an_smpp_account_is_an_account() -> None:
    """The settings take an SMPP account beside the others, and Retry is what its errors say."""
    chosen = settings.of({"accounts": {"mx": ACCOUNT}}).account_options()["mx"]
    assert isinstance(chosen, SmppOptions)
    assert (chosen.longest_answer, failure_of(0x0E).retry) == (80.0, Retry.WHEN_MENDED)
