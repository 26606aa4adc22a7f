"""submit_sm (4.4.1), judged: what it asks for, or the status it is refused with."""

import re
from dataclasses import dataclass

from connector.sandbox.providers.smpp.alphabets import Alphabet
from connector.sandbox.providers.smpp.codes import Refusal, Status, Tag
from connector.sandbox.providers.smpp.pdus import Body
from connector.sandbox.providers.smpp.places import Place, place_in_header, place_of
from connector.sandbox.providers.smpp.settings import Settings
from connector.sandbox.providers.smpp.times import parsed

_UNKNOWN, _INTERNATIONAL, _NATIONAL, _ALPHANUMERIC = 0, 1, 2, 5
_TONS = frozenset(range(7))
_NPIS = frozenset({0, 1, 3, 4, 6, 8, 9, 10, 14, 18})
"""Types of number and numbering plans (5.2.5, 5.2.6)."""
_ISDN = 1
# Guide: "Cellphone: 4499157710", ten digits of Mexico.
_NUMBERS = {_INTERNATIONAL: re.compile(r"52([1-9]\d{9})"), _NATIONAL: re.compile(r"([1-9]\d{9})")}
_SERVICES = frozenset({"", "CMT"})
_MODES = frozenset({0, 3})
"""Default and store and forward, out of the modes of 5.2.12: datagrams get no receipts."""
_MODE, _TYPE, _HEADER, _REPLY_PATH = 0x03, 0x3C, 0x40, 0x80
_RECEIPTS = {0: frozenset[str](), 1: frozenset({"sent", "failed"}), 2: frozenset({"failed"})}
_REGISTERED, _REGISTERED_UNKNOWN = 0x03, 0xE0
_LONGEST_NAME = 11


@dataclass(frozen=True, slots=True)
class Submission:
    """One submit_sm that is taken: `number` is the recipient's ten digits, `octets` the text's without its header.

    `receipts` are the ends that are told: "sent", "failed", both or none. `start` and `expires` are seconds since 1970.
    """

    source: str
    number: str
    alphabet: Alphabet
    octets: bytes
    place: Place | None
    receipts: frozenset[str]
    start: float
    expires: float | None

    @property
    def text(self) -> str:
        """What the octets mean."""
        return self.alphabet.decoded(self.octets)


def read(octets: bytes, settings: Settings, now: float) -> Submission:
    """What a submit_sm asks for. Raises Refusal."""
    body = Body(octets)
    if body.text(6, Status.RINVSERTYP) not in _SERVICES:
        raise Refusal(Status.RINVSERTYP)
    source = _source(body, settings)
    number = _destination(body)
    esm_class = _esm_class(body.number())
    body.number()  # protocol_id: any, on GSM (5.2.13)
    if body.number() > 3:
        raise Refusal(Status.RINVPRTFLG)
    start = _time(body.text(17, Status.RINVSCHED), Status.RINVSCHED, now) or now
    expires = _time(body.text(17, Status.RINVEXPIRY), Status.RINVEXPIRY, now)
    receipts = _receipts(body.number())
    if body.number():
        raise Refusal(Status.RINVREPFLAG)
    alphabet = _alphabet(body.number(), settings)
    if body.number():
        raise Refusal(Status.RINVDFTMSGID)
    length = body.number()
    if length > 254:
        raise Refusal(Status.RINVMSGLEN)
    short, parameters = body.octets(length), body.parameters()
    text, place = _text(short, parameters, alphabet, with_header=bool(esm_class & _HEADER))
    return Submission(source, number, alphabet, text, place, receipts, start, expires)


def _source(body: Body, settings: Settings) -> str:
    ton, npi, address = body.number(), body.number(), body.text(21, Status.RINVSRCADR)
    if ton not in _TONS:
        raise Refusal(Status.RINVSRCTON)
    if npi not in _NPIS:
        raise Refusal(Status.RINVSRCNPI)
    if not address and ton == npi == _UNKNOWN:
        return settings.senders[0]
    if ton == _ALPHANUMERIC and npi != 0:
        raise Refusal(Status.RINVSRCNPI)
    if ton == _ALPHANUMERIC and (address.isdecimal() or len(address) > _LONGEST_NAME):
        raise Refusal(Status.RINVSRCADR)
    if ton != _ALPHANUMERIC and not address.isdecimal():
        raise Refusal(Status.RINVSRCTON)
    if address not in settings.senders:
        raise Refusal(Status.RINVSRCADR)
    return address


def _destination(body: Body) -> str:
    ton, npi, address = body.number(), body.number(), body.text(21, Status.RINVDSTADR)
    if ton not in (_UNKNOWN, *_NUMBERS):
        raise Refusal(Status.RINVDSTTON)
    if npi not in (_UNKNOWN, _ISDN):
        raise Refusal(Status.RINVDSTNPI)
    shapes = _NUMBERS.values() if ton == _UNKNOWN else (_NUMBERS[ton],)
    for shape in shapes:
        if found := shape.fullmatch(address):
            return found[1]
    raise Refusal(Status.RINVDSTADR)


def _esm_class(esm_class: int) -> int:
    if esm_class & _MODE not in _MODES or esm_class & (_TYPE | _REPLY_PATH):
        raise Refusal(Status.RINVESMCLASS)
    return esm_class


def _time(text: str, refused: Status, now: float) -> float | None:
    if not text:
        return None
    try:
        at = parsed(text, now)
    except ValueError:
        raise Refusal(refused) from None
    if at < now:
        raise Refusal(refused)
    return at


def _receipts(registered: int) -> frozenset[str]:
    if registered & _REGISTERED_UNKNOWN or registered & _REGISTERED not in _RECEIPTS:
        raise Refusal(Status.RINVREGDLVFLG)
    return _RECEIPTS[registered & _REGISTERED]


def _alphabet(coding: int, settings: Settings) -> Alphabet:
    # Guide: "Codification text: gsm-iso8859 or similar". 3.4 has no status for another one.
    codings = {0: settings.alphabet, 3: Alphabet.LATIN1, 8: Alphabet.UCS2}
    if coding not in codings:
        raise Refusal(Status.RSUBMITFAIL)
    return codings[coding]


def _text(
    short: bytes, parameters: dict[int, bytes], alphabet: Alphabet, *, with_header: bool
) -> tuple[bytes, Place | None]:
    """The octets of the text and the place it has in a longer one."""
    payload = parameters.get(Tag.MESSAGE_PAYLOAD)
    if payload is not None and short:
        raise Refusal(Status.ROPTPARNOTALLWD)
    place, text = place_of(parameters), payload if payload is not None else short
    width = 0
    if with_header:
        if place is not None or payload is not None:
            raise Refusal(Status.ROPTPARNOTALLWD)
        place, width = place_in_header(text)
    elif place is not None:
        if payload is not None:
            raise Refusal(Status.ROPTPARNOTALLWD)
        width = 6  # the header that the message centre puts before a part of sar_*
    octets = text[width:] if with_header else text
    if not octets or (payload is None and len(octets) > alphabet.room(width)):
        raise Refusal(Status.RINVMSGLEN)
    _must_be_text(alphabet, octets)
    return octets, place


def _must_be_text(alphabet: Alphabet, octets: bytes) -> None:
    if alphabet is Alphabet.UCS2 and len(octets) % 2:
        raise Refusal(Status.RINVMSGLEN)
    try:
        alphabet.decoded(octets)
    except ValueError:
        raise Refusal(Status.RSUBMITFAIL) from None
