"""Whatever a text holds, both sides of a session read the same out of its octets, though they share no code."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.model.messages import Message
from connector.providers.base import Batch
from connector.providers.smpp.alphabets import Alphabet as OurAlphabet
from connector.providers.smpp.incoming_parts import as_stored, text_from
from connector.providers.smpp.line import OCTETS
from connector.providers.smpp.pdus import read, written
from connector.providers.smpp.receipts import Incoming, told_by
from connector.providers.smsclouds.smpp import SmscloudsSmpp
from connector.sandbox.providers.smpp import delivering, submitting
from connector.sandbox.providers.smpp.settings import Settings
from connector.sandbox.providers.smpp.unfinished import Unfinished

NOW = 1_800_000_000.0
GSM = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}[~]|€\\\n\r"
TEXTS = st.one_of(
    st.text(st.sampled_from(GSM), min_size=1, max_size=900),
    st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFF), min_size=1, max_size=600),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
)
ALPHABETS = st.sampled_from(["gsm-7", "iso-8859-1"])
JOINED_BY = st.sampled_from(["udh", "sar", "payload"])


@given(text=TEXTS, alphabet=ALPHABETS, joined_by=JOINED_BY)
def test_a_text_that_we_submit_is_taken_and_whole(text: str, alphabet: str, joined_by: str) -> None:
    """Each part that the adapter makes is taken, and together they are the text and nothing else."""
    account = {"provider": "smsclouds", "protocol": "smpp", "host": "127.0.0.1", "system_id": "x", "password": "y"}
    options = {"alphabet": alphabet, "long_texts": joined_by, "max_parts": 20, "sender": "Acme"}
    adapter = SmscloudsSmpp("mx", SmscloudsSmpp.options.model_validate({**account, **options}))
    message = Message("m1", "+524491234567", "MX", (text,), ())
    assume(adapter.refuse(message) is None)
    unfinished, settings = Unfinished(), Settings.model_validate({"alphabet": alphabet})
    wholes = []
    for number, part in enumerate(adapter.send(Batch("01JTEXT", (message,))).json, 1):
        fields = {name: value.encode("latin-1") if name in OCTETS else value for name, value in part.items()}
        submission = submitting.read(written("submit_sm", number, **fields)[16:], settings, NOW)
        wholes.append(unfinished.add(submission, str(number)))
    assert wholes[-1].complete
    assert wholes[-1].text == text
    assert wholes[-1].ids == [str(number) for number in range(1, len(wholes) + 1)]


@given(text=TEXTS, alphabet=ALPHABETS, joined_by=JOINED_BY)
def test_a_text_that_we_are_told_is_whole(text: str, alphabet: str, joined_by: str) -> None:
    """Each part of a person's text has its place, and together they are the text and nothing else."""
    settings = Settings.model_validate({"alphabet": alphabet, "replies_joined_by": joined_by})
    bodies = delivering.text_from(delivering.Ends("4491234567", "Acme"), text, settings)
    pdus = [read(framed(body)) for body in bodies]
    heard = [told_by(pdu, OurAlphabet(alphabet)) for pdu in pdus]
    parts: list[dict[str, Any]] = []
    for pdu, each in zip(pdus, heard, strict=True):
        assert isinstance(each, Incoming)
        assert len(pdu.octets("short_message")) <= (160 if each.alphabet is OurAlphabet.GSM7 else 140)
        assert (each.phone, each.to) == ("524491234567", "Acme")
        if each.place is None:
            assert (each.text, len(heard)) == (text, 1)
            return
        parts.append(as_stored(each.place, each.alphabet, each.octets))
    assert text_from(parts) == text


@pytest.mark.parametrize(
    ("alphabet", "text", "parts"),
    [
        ("gsm-7", "a" * 160, 1),
        ("gsm-7", "a" * 161, 2),
        ("gsm-7", "€" * 80, 1),
        ("gsm-7", "a" + "€" * 80, 2),
        ("gsm-7", "a" * 306, 2),
        ("gsm-7", "a" * 307, 3),
        ("gsm-7", "ж" * 70, 1),
        ("gsm-7", "ж" * 71, 2),
        ("iso-8859-1", "a" * 140, 1),
        ("iso-8859-1", "a" * 141, 2),
    ],
)
def test_a_person_s_text_takes_as_many_parts_as_on_the_air(alphabet: str, text: str, parts: int) -> None:
    """160 septets or 140 octets in one message, 153 or 134 in each of several."""
    settings = Settings.model_validate({"alphabet": alphabet})
    assert len(delivering.text_from(delivering.Ends("4491234567", "Acme"), text, settings)) == parts


def framed(body: bytes) -> bytes:
    """A deliver_sm with this body."""
    return (16 + len(body)).to_bytes(4) + bytes.fromhex("0000000500000000") + (1).to_bytes(4) + body
