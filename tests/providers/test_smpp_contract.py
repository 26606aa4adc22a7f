"""The contract of an adapter, for accounts that speak SMPP: what submit_sm, its answers and receipts mean."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import ConnectorError, MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import NewsKind
from connector.model.states import State
from connector.providers.base import Batch, HookRequest
from connector.providers.exchange import Request, Response
from connector.providers.smpp.long_messages import LongMessages
from connector.providers.smpp.pdus import read, written
from connector.providers.smsclouds.smpp import SmscloudsSmpp
from tests.providers.contract import INHERITED, REFERENCE, SECRET_TEXT, AdapterContract, DocumentedError

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
"""GSM-7 as 3GPP TS 23.038, 6.2.1 prints it."""
SYSTEM_ERROR, QUEUE_FULL, THROTTLED = 0x08, 0x14, 0x58
SORTED: Mapping[tuple[Fault, Retry], tuple[int, ...]] = {
    (Fault.ACCOUNT, Retry.WHEN_MENDED): (0x04, 0x05, 0x0D, 0x0E, 0x0F, 0x15, 0x53),
    (Fault.MAPPING, Retry.WHEN_MENDED): (0x0A, 0x48, 0x49),
    (Fault.RECIPIENT, Retry.NO): (0x0B, 0x50, 0x51),
    (Fault.MESSAGE, Retry.NO): (0x01,),
    (Fault.US, Retry.NO): (0x02, 0x03, 0x06, 0x07, 0x43, 0x61, 0x62, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4),
    (Fault.UNKNOWN, Retry.NO): (0x45, 0xFF, 0x0400),
}
"""command_status of submit_sm_resp (5.1.3): whose fault it is, and whether to try again; 0x0400 is a vendor's own."""


def said(ids: list[str], status: int | None = None, *, silent: bool = False, **more: Any) -> Response:
    """What a session says of the parts of a message."""
    return Response(200, {}, json.dumps({"ids": ids, "status": status, "silent": silent, **more}).encode())


def gsm_text(octets: bytes) -> str:
    """What octets of one septet each mean."""
    left, text = iter(octets), ""
    for code in left:
        text += EXTENSION[next(left)] if code == 0x1B else BASIC[code]
    return text


class TestSmscloudsSmpp(AdapterContract):
    """The contract, for Smsclouds' SMPP accounts."""

    adapter = SmscloudsSmpp
    account: ClassVar = {
        "provider": "smsclouds",
        "protocol": "smpp",
        "host": "smsc.example.com",
        "system_id": "conector",
        "password": "s3cretpw",
    }
    secrets = ("s3cretpw",)
    number = "+524491234567"
    country = "MX"
    longest: ClassVar = {"a": 6 * 153, "€": 6 * 76, "ж": 6 * 67, "😀": 6 * 33}
    errors: ClassVar = [
        DocumentedError(said([], status), f"{status:#06x}", fault, retry)
        for (fault, retry), codes in SORTED.items()
        for status in codes
    ]
    hooks: ClassVar = [
        HookRequest(
            "smpp_responses",
            "GET",
            {"Response": "BAJA", "Cellphone": "4499157710", "Message_id": "158562", "Date": "2020-05-25 11:13:49"},
            {},
            b"",
            "",
        )
    ]
    names_campaigns = False
    shares_requests = False

    def accepting(self, batch: Batch) -> Response:
        """Every part was taken."""
        return said(["97569696"])

    def merged(self, request: Request) -> list[tuple[str, str]]:
        """The text of all parts, without their headers, as data_coding says."""
        octets, first = b"", request.json[0]
        for part in request.json:
            short = part["short_message"].encode("latin-1")
            octets += short[short[0] + 1 :] if part.get("esm_class", 0) & 0x40 else short
        text = octets.decode("utf-16-be") if first["data_coding"] == 8 else gsm_text(octets)
        assert {part["destination_addr"] for part in request.json} == {first["destination_addr"]}
        return [(f"+{first['destination_addr']}", text)]

    def reference(self, request: Request) -> str | None:
        """submit_sm has no field for a reference."""
        assert REFERENCE not in json.dumps(request.json)
        return None

    # answers

    @pytest.mark.parametrize("status", [QUEUE_FULL, THROTTLED])
    def test_not_now_is_not_a_refusal_of_the_message(self, status: int) -> None:
        """A full queue and too high a rate mean that nothing was done, and how long to wait."""
        with pytest.raises(Throttled) as throttled:
            self.made(throttle_pause=7.0).read_send(self.batch(), said([], status))
        assert (throttled.value.wait, throttled.value.failure.retry) == (7, Retry.LATER)

    @pytest.mark.parametrize("response", [said([], SYSTEM_ERROR), said([], silent=True), said([])])
    def test_trouble_and_silence_leave_doubt(self, response: Response) -> None:
        """After the SMSC's own trouble, or no answer, a message may have been taken."""
        with pytest.raises(MayHaveLeft):
            self.made().read_send(self.batch(), response)

    def test_one_field_more_changes_nothing_and_one_less_is_unreadable(self) -> None:
        """An answer is read by the fields it must have, all of them and no others."""
        whole = self.made().read_send(self.batch(), said(["9"]))
        assert self.made().read_send(self.batch(), said(["9"], more="x")) == whole
        for name in ("ids", "status", "silent"):
            less = {key: value for key, value in said(["9"]).json().items() if key != name}
            with pytest.raises(Unreadable):
                self.made().read_send(self.batch(), Response(200, {}, json.dumps(less).encode()))

    @pytest.mark.parametrize("more", [b"", bytes.fromhex("14010002abcd"), bytes.fromhex("0424000161")])
    @pytest.mark.parametrize("body", [b"", b"9\0"])
    def test_submit_sm_resp_with_more_and_with_less(self, body: bytes, more: bytes) -> None:
        """An answer without an id, and one with a vendor's parameter, are still the answer that was waited for."""
        if more and not body:
            body = b"\0"
        octets = (16 + len(body + more)).to_bytes(4) + bytes.fromhex("80000004") + bytes(4) + (7).to_bytes(4)
        pdu = read(octets + body + more)
        assert (pdu.name, pdu.header.number, pdu.text("message_id")) == (
            "submit_sm_resp",
            7,
            body.decode().rstrip("\0"),
        )

    def test_no_text_or_number_in_any_error(self) -> None:
        """An error of any status says nothing of the text or the number."""
        message = self.message(pieces=(SECRET_TEXT,), values=())
        for status in (*(code for codes in SORTED.values() for code in codes), SYSTEM_ERROR, QUEUE_FULL, THROTTLED):
            with pytest.raises(ConnectorError) as error:
                self.made().read_send(Batch(REFERENCE, (message,)), said([], status))
            assert SECRET_TEXT not in str(error.value)
            assert message.to[3:] not in str(error.value)

    @INHERITED
    @given(status=st.integers(1, 0xFFFFFFFF))
    def test_every_refusal_is_a_sentence(self, status: int) -> None:
        """Whatever the status, what is refused says by whom, under the status's own number, and what to do."""
        try:
            self.made().read_send(self.batch(), said([], status))
        except Refused as refusal:
            failure: Failure = refusal.failure
            assert failure.code == f"{status:#06x}"
            assert failure.reason.startswith("the SMSC says: ")
            assert "; " in failure.reason
        except MayHaveLeft:
            assert status == SYSTEM_ERROR

    # what a status means

    @pytest.mark.parametrize(
        ("number", "word", "state"),
        [
            (1, "ENROUTE", State.SENT),
            (2, "DELIVRD", State.DELIVERED),
            (3, "EXPIRED", State.EXPIRED),
            (4, "DELETED", State.FAILED),
            (5, "UNDELIV", State.UNDELIVERED),
            (6, "ACCEPTD", State.SENT),
            (7, "UNKNOWN", None),
            (8, "REJECTD", State.REJECTED),
            (9, "9", None),
        ],
    )
    def test_every_message_state_is_a_state(self, number: int, word: str, state: State | None) -> None:
        """Each message_state (5.2.28) means what its word does in a receipt; a new one is kept, moving nothing."""
        by_parameter = self.receipt(b"", receipted_message_id="9", message_state=number)
        by_text = self.receipt(f"id:9 done date:2611210841 stat:{word} err:000".encode())
        for news in (by_parameter, by_text):
            assert (news.kind, news.word, news.state, news.provider_id) == (NewsKind.STATUS, word, state, "9")
            assert (news.failure is None) == (state in (State.SENT, State.DELIVERED, None))

    @pytest.mark.parametrize(
        "text", [b"id:9 stat:DELIVRD err:000 more:1 text:x", b"id:9 stat:DELIVRD", b"stat:DELIVRD id:9"]
    )
    def test_a_receipt_with_more_and_with_less(self, text: bytes) -> None:
        """A receipt is read by the fields it has, in whatever order, and another one disturbs nothing."""
        news = self.receipt(text)
        assert (news.provider_id, news.state, news.at) == ("9", State.DELIVERED, None)

    def receipt(self, text: bytes, **parameters: Any) -> Any:
        """The news in a receipt."""
        fields: dict[str, Any] = {
            "source_addr": "524491234567",
            "destination_addr": "TEST",
            "esm_class": 4,
            "short_message": text,
        }
        adapter: Any = self.made()
        return adapter.told(read(written("deliver_sm", 1, **fields, **parameters)), LongMessages())
