"""A session over a connection of the test's own: what never left, what may have, and the window."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from connector.model.errors import NeverLeft, Refused, StoreError
from connector.model.states import State
from connector.providers.smpp.connection import LinkLost, SocketConnection, connect
from connector.providers.smpp.long_messages import LongMessages, OfWhole
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.overdue import LateAnswer, Whole
from connector.providers.smpp.pdus import PDU, read, written
from connector.providers.smpp.session import Session, Submitted
from connector.providers.smpp.window import Window, WindowFull

SHORT = [{"short_message": b"Hola", "destination_addr": "524491234567"}]
LONG = SHORT * 3


class Link:
    """The SMSC's end of a connection, played by a test: `answers` says what is answered to each PDU that comes."""

    def __init__(self, answers: Callable[["Link", PDU], bytes | None]) -> None:
        self.given: list[PDU] = []
        self.cut: LinkLost | None = None
        self._answers = answers
        self._coming: queue.Queue[bytes | None] = queue.Queue()

    def send(self, octets: bytes, seconds: float) -> None:
        """What our side sends."""
        pdu = read(octets)
        if self.cut is not None and pdu.name == "submit_sm":
            raise self.cut
        self.given.append(pdu)
        answer = self._answers(self, pdu)
        if answer is not None:
            self.tell(answer)

    def tell(self, octets: bytes | None) -> None:
        """Something comes from the SMSC; None is the end of the connection."""
        self._coming.put(octets)

    def receive(self, seconds: float) -> bytes | None:
        """What our side reads."""
        try:
            came = self._coming.get(timeout=seconds)
        except queue.Empty:
            return None
        if came is None:
            raise LinkLost("the connection was closed")
        return came

    def close(self) -> None:
        """Our side closed it."""
        self._coming.put(None)

    def submitted(self) -> list[PDU]:
        """The submit_sm that came."""
        return [pdu for pdu in self.given if pdu.name == "submit_sm"]


def takes_all(link: Link, pdu: PDU) -> bytes | None:
    """An SMSC that takes everything; ids are the numbers of the parts that came."""
    number = pdu.header.number
    if pdu.name == "submit_sm":
        return written("submit_sm_resp", number, message_id=str(len(link.submitted())))
    return None if pdu.header.is_answer else written(f"{pdu.name}_resp", number)


def but(*turns: bytes | int | None) -> Callable[[Link, PDU], bytes | None]:
    """One that takes everything but as the turns say: a status refuses, None says nothing, b"" closes the line."""
    left = list(turns)

    def answers(link: Link, pdu: PDU) -> bytes | None:
        turn = left.pop(0) if pdu.name == "submit_sm" and left else 0
        if turn == b"":
            link.tell(None)
        if turn is None or isinstance(turn, bytes):
            return None
        return written("submit_sm_resp", pdu.header.number, status=turn) if turn else takes_all(link, pdu)

    return answers


def ignored(_: Sequence[PDU]) -> None:
    """Stores nothing, for tests in which nothing is told."""


class Played:
    """A session whose connections are made by the test, one after another."""

    def __init__(
        self,
        *links: Link,
        heard: Callable[[Sequence[PDU]], None] = ignored,
        known: LongMessages | None = None,
        **options: float,
    ) -> None:
        quick = {
            "read_timeout": 1.0,
            "connect_timeout": 1.0,
            "reconnect_first": 0.01,
            "throttle_pause": 0.01,
            "window": 5,
        }
        account = {"protocol": "smpp", "provider": "smsclouds", "host": "::1", "system_id": "x", "password": "y"}
        self._links = list(links)
        chosen = SmppOptions.model_validate({**account, **quick, **options})
        self.session = Session("mx", chosen, self._connect, heard, known or LongMessages())

    def _connect(self) -> Link:
        if not self._links:
            raise NeverLeft("there is no SMSC any more")
        return self._links.pop(0)


@pytest.fixture
def playing() -> Iterator[Callable[..., Session]]:
    """Makes sessions that end with the test."""
    made: list[Session] = []

    def play(*links: Link, **given: object) -> Session:
        made.append(Played(*links, **given).session)  # type: ignore[arg-type]  # handed on as it is
        return made[-1]

    yield play
    for session in made:
        session.close()


Play = Callable[..., Session]


def test_what_is_taken_has_its_ids(playing: Play) -> None:
    """Parts go one after another, and each has the id that answered it."""
    link = Link(takes_all)
    assert playing(link).submit(LONG) == Submitted(("1", "2", "3"))
    assert [pdu.name for pdu in link.given[:4]] == ["bind_transceiver", *["submit_sm"] * 3]


@pytest.mark.parametrize(("begun", "ids"), [(True, ()), (False, None)])
def test_a_line_that_breaks_while_it_is_written_to(playing: Play, begun: bool, ids: tuple[str, ...] | None) -> None:
    """Nothing of a PDU written never left; a part of one leaves doubt."""
    link = Link(takes_all)
    session = playing(link)
    session.bound()
    link.cut = LinkLost("broken pipe", begun=begun)
    if ids is None:
        with pytest.raises(NeverLeft):
            session.submit(SHORT)
    else:
        assert session.submit(SHORT) == Submitted((), silent=True)


def test_a_line_that_breaks_before_the_answer(playing: Play) -> None:
    """What was written and not answered may have left, at once and not after a time out; the next session takes on."""
    session = playing(Link(but(b"")), Link(takes_all), read_timeout=30.0)
    began = time.monotonic()
    assert session.submit(SHORT) == Submitted((), silent=True)
    assert time.monotonic() - began < 5
    until_bound(session)
    assert session.submit(SHORT) == Submitted(("1",))


def test_a_line_that_breaks_between_parts(playing: Play) -> None:
    """What is known of the parts before the break is told, and no other part follows over the next session."""
    second = Link(takes_all)
    session = playing(Link(but(0, b"")), second)
    assert session.submit(LONG) == Submitted(("1",), silent=True)
    until_bound(session)
    assert second.submitted() == []


def test_what_waited_for_a_place_while_the_line_broke_never_left(playing: Play) -> None:
    """A message that finds its place in the window after the session was lost is not written to what is gone."""
    first = Link(but(None))
    session = playing(first, Link(takes_all), window=1, read_timeout=3.0)
    one = threading.Thread(target=session.submit, args=[SHORT])
    one.start()
    until(first.submitted)
    ends: list[object] = []

    def wait_for_a_place() -> None:
        try:
            ends.append(session.submit(SHORT))
        except NeverLeft as error:
            ends.append(error)

    other = threading.Thread(target=wait_for_a_place)
    other.start()
    time.sleep(0.05)
    first.tell(None)
    one.join()
    other.join()
    assert isinstance(ends[0], NeverLeft)
    assert len(first.submitted()) == 1


def test_a_refused_part_ends_the_message(playing: Play) -> None:
    """After a part that the SMSC does not take no other is sent."""
    link = Link(but(0, 0x45))
    assert playing(link).submit(LONG) == Submitted(("1",), 0x45)
    assert len(link.submitted()) == 2


def test_a_throttled_part_waits_but_a_first_one_goes_back(playing: Play) -> None:
    """The first part may go back unsent, a later one may not and is tried until it is taken."""
    assert playing(Link(but(0x58))).submit(LONG) == Submitted((), 0x58)
    link = Link(but(0, 0x58, 0x14, 0))
    assert len(playing(link).submit(LONG).ids) == 3
    assert len(link.submitted()) == 5


def test_an_answer_too_late_is_nobody_s(playing: Play) -> None:
    """An answer after its time is over makes no later message accepted, and frees its place in the window once."""
    link = Link(but(None))
    session = playing(link, read_timeout=0.2, window=1)
    assert session.submit(LONG) == Submitted((), silent=True)
    link.tell(written("submit_sm_resp", link.submitted()[0].header.number, message_id="late"))
    link.tell(written("submit_sm_resp", 4711, message_id="stranger"))
    assert session.submit(SHORT) == Submitted(("2",))


@pytest.mark.parametrize("status", [0, 0x45])
def test_an_answer_too_late_is_news_of_its_message(playing: Play, status: int) -> None:
    """What answers after its time is told with the message it is of, once, and needs no deliver_sm_resp."""
    heard: list[PDU] = []
    link = Link(but(0, None))
    session = playing(link, heard=heard.extend, read_timeout=0.2)
    assert session.submit(LONG[:2], "r1", "+524491234567") == Submitted(("1",), silent=True)
    for _ in range(2):
        link.tell(written("submit_sm_resp", link.submitted()[1].header.number, status=status, message_id="2"))
    until(lambda: heard)
    link.tell(written("deliver_sm", 50, source_addr="5244", short_message=b"x"))
    until(lambda: answered(link) == {50: 0})
    late, told = heard
    assert isinstance(late, LateAnswer)
    assert (late.whole, late.taken, late.id if not status else "") == (
        Whole(2, "r1", "+524491234567"),
        ("1",),
        "" if status else "2",
    )
    assert (late.header.status, told.name) == (status, "deliver_sm")


def test_a_late_part_makes_its_message_known(playing: Play) -> None:
    """Once the answer of the last part came late, receipts of the parts tell of the whole message."""
    known, link = LongMessages(), Link(but(0, None))
    heard: list[PDU] = []
    session = playing(link, heard=heard.extend, known=known, read_timeout=0.2)
    session.submit(LONG[:2], "r1", "+524491234567")
    assert known.told("1", State.DELIVERED) == OfWhole("1+", State.SENT)
    link.tell(written("submit_sm_resp", link.submitted()[1].header.number, message_id="2"))
    until(lambda: heard)
    assert known.told("2", State.DELIVERED) == OfWhole("1+2", State.DELIVERED)


def test_an_answer_over_another_connection_is_nobody_s(playing: Play) -> None:
    """Numbers of the connection that was lost mean nothing over the next one."""
    heard: list[PDU] = []
    first, second = Link(but(None)), Link(takes_all)
    session = playing(first, second, heard=heard.extend, read_timeout=0.2)
    session.submit(SHORT, "r1", "+524491234567")
    first.tell(None)
    until(lambda: second.given)
    until_bound(session)
    second.tell(written("submit_sm_resp", first.submitted()[0].header.number, message_id="late"))
    second.tell(written("deliver_sm", 50, source_addr="5244", short_message=b"x"))
    until(lambda: answered(second) == {50: 0})
    assert [pdu.name for pdu in heard] == ["deliver_sm"]


@pytest.mark.parametrize(("status", "error"), [(0x0E, Refused), (0x58, NeverLeft)])
def test_a_bind_that_is_not_let_in(playing: Play, status: int, error: type[Exception]) -> None:
    """A refused password is the account's fault; "not now" is not."""
    link = Link(lambda _, pdu: written("bind_transceiver_resp", pdu.header.number, status=status))
    with pytest.raises(error):
        playing(link, reconnect_first=30.0).submit(SHORT)
    assert link.submitted() == []


def test_nothing_is_sent_once_it_is_closed(playing: Play) -> None:
    """A session that was closed, or is not let in, takes nothing more."""
    link = Link(takes_all)
    session = playing(link)
    session.bound()
    session.close()
    with pytest.raises(NeverLeft):
        session.submit(SHORT)
    assert (link.submitted(), link.given[-1].name) == ([], "unbind")


def test_news_is_acknowledged_only_when_it_is_stored(playing: Play) -> None:
    """deliver_sm_resp follows the storing, and says to come again where there was none, whatever went wrong."""
    link, stored, troubles = Link(takes_all), list[str](), [StoreError("full"), RuntimeError("a bug"), None]

    def heard(pdus: Sequence[PDU]) -> None:
        assert not any(pdu.name == "deliver_sm_resp" and pdu.header.number == 40 + len(told) for pdu in link.given)
        trouble = troubles.pop(0)
        if trouble is not None:
            raise trouble
        stored.extend(pdu.text("source_addr") for pdu in pdus)

    session, told = playing(link, heard=heard), list[int]()
    session.bound()
    for number in (40, 41, 42):
        link.tell(written("deliver_sm", number, source_addr="5244", short_message=b"x"))
        until(lambda number=number: number in answered(link))  # type: ignore[misc]  # the loop's own number
        told.append(number)
    assert answered(link) == {40: 0x64, 41: 0x64, 42: 0}
    assert stored == ["5244"]


def test_news_says_by_which_session_it_came(playing: Play) -> None:
    """Counted from one: what one session acknowledged, the next may be told again for want of that."""
    heard: list[PDU] = []
    first, second = Link(takes_all), Link(takes_all)
    session = playing(first, second, heard=heard.extend)
    session.bound()
    for link in (first, second):
        for number in (40, 41):
            link.tell(written("deliver_sm", number, source_addr="5244", short_message=b"x"))
        until(lambda link=link: answered(link) == {40: 0, 41: 0})  # type: ignore[misc]  # the loop's own link
        first.tell(None)
        until(lambda: second.given)
        until_bound(session)
    assert [pdu.session for pdu in heard] == [1, 1, 2, 2]


def test_a_receipt_of_a_part_waits_for_its_message(playing: Play) -> None:
    """A receipt that comes before the last part was taken is heard when it was, and holds up no other news."""
    heard: list[tuple[str, int]] = []
    link = Link(but(0, None))

    def hear(pdus: Sequence[PDU]) -> None:
        heard.extend((pdu.octets("short_message").decode()[:4], len(link.submitted())) for pdu in pdus)

    session = playing(link, heard=hear)
    sending = threading.Thread(target=session.submit, args=[LONG[:2]])
    sending.start()
    until(lambda: len(link.submitted()) == 2)
    link.tell(written("deliver_sm", 50, esm_class=4, short_message=b"id:9 stat:DELIVRD"))
    until(lambda: heard)
    link.tell(written("deliver_sm", 51, esm_class=4, short_message=b"id:1 stat:DELIVRD"))
    time.sleep(0.1)
    assert answered(link) == {50: 0}
    link.tell(written("submit_sm_resp", link.submitted()[1].header.number, message_id="2"))
    sending.join()
    until(lambda: answered(link) == {50: 0, 51: 0})
    assert heard == [("id:9", 2), ("id:1", 2)]


def answered(link: Link) -> dict[int, int]:
    """What each deliver_sm was answered with."""
    return {pdu.header.number: pdu.header.status for pdu in list(link.given) if pdu.name == "deliver_sm_resp"}


def until(true: Callable[[], object]) -> None:
    """Waits for something, five seconds at most."""
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def until_bound(session: Session) -> None:
    """Waits for the session to be bound anew."""

    def bound() -> bool:
        try:
            session.bound()
        except NeverLeft:
            return False
        return True

    until(bound)


# the window


def test_a_window_holds_so_many_and_no_more() -> None:
    """A place is had until its answer was taken; what finds none in time is told so."""
    window = Window(2)
    with window.place(1) as first, window.place(1) as second:
        assert first.number != second.number
        with pytest.raises(WindowFull), window.place(0.01):
            pytest.fail("there was a third place")
        assert window.answered(first.number, 0, "id") is first
        assert window.answered(first.number, 0, "id") is None
    with window.place(0) as third:
        window.lost()
        assert (third.ended.is_set(), third.status) == (True, None)


# the connection


@pytest.fixture
def ends() -> Iterator[tuple[SocketConnection, socket.socket]]:
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    connection = SocketConnection(ours)
    yield connection, theirs
    connection.close()
    theirs.close()


Ends = tuple[SocketConnection, socket.socket]


def test_pdus_come_whole_however_they_are_cut(ends: Ends) -> None:
    """Octets that come one by one, or several PDUs at once, are the PDUs that were sent; silence loses nothing."""
    connection, theirs = ends
    sent = [written("deliver_sm", number, short_message=b"x" * number) for number in (1, 2, 3)]
    theirs.sendall(sent[0][:7])
    assert connection.receive(0.01) is None
    theirs.sendall(sent[0][7:] + sent[1] + sent[2])
    assert [connection.receive(1) for _ in range(3)] == sent


def test_what_is_no_smpp_ends_the_connection(ends: Ends) -> None:
    """Another protocol at the address is said to be one."""
    connection, theirs = ends
    theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(LinkLost, match="does not speak SMPP"):
        connection.receive(1)


def test_a_connection_that_is_closed_by_either_end(ends: Ends) -> None:
    """Whoever waits is told at once, and what is then sent never began."""
    connection, theirs = ends
    threading.Timer(0.05, theirs.close).start()
    with pytest.raises(LinkLost):
        connection.receive(5)
    connection.close()
    with pytest.raises(LinkLost) as lost:
        connection.send(b"x" * 16, 1)
    assert not lost.value.begun


def test_an_smsc_that_reads_nothing_is_not_waited_for(ends: Ends) -> None:
    """A PDU that the other side does not take whole in time may have begun to leave."""
    connection, _ = ends
    with pytest.raises(LinkLost, match="takes nothing more") as lost:
        connection.send(b"x" * (1 << 24), 0.1)
    assert lost.value.begun


def test_nobody_at_the_address_never_leaves() -> None:
    """A connection that is refused sent nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NeverLeft, match="no connection"):
        connect("127.0.0.1", port, 1.0, None)
