"""A person's long text comes in parts, over SMPP, and becomes one reply: whatever comes late, twice, or never."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.model.errors import StoreError
from connector.providers.smpp.incoming_parts import MISSING
from connector.providers.smpp.long_messages import LongMessages
from connector.providers.smpp.pdus import PDU, read, written
from connector.providers.smpp.speaking import SmppProvider
from connector.sandbox.server import Sandbox
from connector.store import consent, inbox, reply_parts
from connector.store.inbox import INBOX
from connector.sync.hearing import heard_by
from connector.sync.joining import COMES_AGAIN, COMES_AGAIN_THOUGH_ACKNOWLEDGED, WAITS
from tests.store.making import rows, statements
from tests.sync.site import Site, number_of, plant, record, site_on

ACCOUNT = "smsclouds-smpp"
OPTIONS = {
    "provider": "smsclouds",
    "protocol": "smpp",
    "host": "127.0.0.1",
    "port": 1,
    "system_id": "conector",
    "password": "secret",
    "tls": False,
}
NUMBER = number_of(1, "MX")
on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site with an SMPP account, whose SMSC a test plays."""
    with site_on(sandbox, url, accounts={ACCOUNT: OPTIONS}) as running:
        yield running


def cut(text: str, size: int, reference: int = 7, number: str = NUMBER) -> list[PDU]:
    """The deliver_sm of a text that a phone cut every `size` characters."""
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    return [
        read(
            written(
                "deliver_sm",
                place,
                source_addr=number.removeprefix("+"),
                destination_addr="TEST",
                esm_class=0x40,
                short_message=bytes([5, 0, 3, reference, len(pieces), place]) + piece.encode("ascii"),
            )
        )
        for place, piece in enumerate(pieces, 1)
    ]


def tell(site: Site, *pdus: PDU) -> None:
    """The SMSC tells these together; they are acknowledged when this returns."""
    provider: Any = site.parts.providers[ACCOUNT]
    assert isinstance(provider, SmppProvider)
    heard_by(provider, LongMessages(), lambda: site.parts.database, site.clock)(pdus)


def session_of(site: Site) -> Callable[..., None]:
    """Has the SMSC tell these together over a session of that number, the process living on from one to the next."""
    provider: Any = site.parts.providers[ACCOUNT]
    heard = heard_by(provider, LongMessages(), lambda: site.parts.database, site.clock)
    return lambda number, *pdus: heard([replace(pdu, session=number) for pdu in pdus])


def replies(site: Site) -> list[str]:
    """The texts of the replies there are, in their order."""
    return [row.text for row in sorted(rows(site.parts.database, INBOX), key=lambda row: row.id) if row.kind == "reply"]


def parts_waiting(site: Site) -> int:
    """How many parts wait for others."""
    return sum(row.kind == "part" and row.standing != "matched" for row in rows(site.parts.database, INBOX))


@on_both
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (2, 1, 0)])
def test_parts_told_one_by_one_are_one_reply(site: Site, order: Sequence[int]) -> None:
    """In whatever order they come, and however often they are looked at between, the last part makes the reply."""
    parts = cut("uno, dos, tres", 5)
    for place in order[:-1]:
        tell(site, parts[place])
        site.note()
        assert replies(site) == []
    tell(site, parts[order[-1]])
    assert replies(site) == ["uno, dos, tres"]
    site.note()
    site.later(2 * WAITS.total_seconds())
    site.note()
    assert (replies(site), parts_waiting(site)) == (["uno, dos, tres"], 0)


def test_a_stop_word_in_parts_is_heard(site: Site, sandbox: Sandbox) -> None:
    """BAJA in two parts stops sends from the moment the second one is stored, and the contact's record says so."""
    (one,) = plant(sandbox, 1, "MX")
    site.sweep()
    first, second = cut("BAJA", 2)
    tell(site, first)
    tell(site, second)
    with site.parts.database.read() as connection:
        assert [row.text for row in consent.unheard(connection, [NUMBER])] == ["BAJA"]
    site.note()
    site.later(6)
    site.note()
    site.push()
    assert record(sandbox, record(sandbox, one)["Contact__c"], "Contact")["SMS_Opt_Out__c"] is True


def test_a_crash_between_parts_loses_nothing(sandbox: Sandbox, url: str) -> None:
    """What was acknowledged before the end is there for the part that the next process is told."""
    first, second = cut("uno dos", 4)
    before = Site(sandbox, url, accounts={ACCOUNT: OPTIONS})
    tell(before, first)
    before.vanish()
    after = Site(sandbox, url, ahead=120, accounts={ACCOUNT: OPTIONS})
    try:
        tell(after, second)
        assert replies(after) == ["uno dos"]
    finally:
        after.close()


def test_a_part_is_stored_with_its_reply_or_not_at_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that completes a text whose reply cannot be stored is not acknowledged; told again, it completes it."""
    first, second = cut("uno dos", 4)
    tell(site, first)

    def full(*_: Any) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken, pytest.raises(StoreError):
        broken.setattr(inbox, "settle", full)
        tell(site, second)
    assert (replies(site), parts_waiting(site)) == ([], 1)
    tell(site, second)
    assert replies(site) == ["uno dos"]


@on_both
def test_what_never_comes_is_not_waited_for(site: Site) -> None:
    """Five minutes after the newest part a text is heard as far as it came, in order, and its gaps are marked."""
    parts = cut("uno dos tres.cinco", 4)
    tell(site, parts[4])
    site.note()
    with site.parts.database.begin() as connection:
        assert inbox.work(connection, site.clock(), 10) == []
    site.later(WAITS.total_seconds() - 10)
    tell(site, parts[2], parts[1])
    site.note()
    site.later(20)
    site.note()
    assert replies(site) == []
    site.later(WAITS.total_seconds())
    site.note()
    assert (replies(site), parts_waiting(site)) == ([f"{MISSING}dos tres{MISSING}co"], 0)
    tell(site, parts[0])
    site.later(WAITS.total_seconds() + 1)
    site.note()
    assert replies(site)[1:] == [f"uno {MISSING}"]


def test_a_part_told_again_is_the_same_part(site: Site) -> None:
    """A part whose acknowledgement was lost makes no second text, before its reply or after it."""
    first, second = cut("uno dos", 4)
    tell(site, first, first)
    tell(site, first)
    tell(site, second)
    tell(site, second, first)
    site.later(WAITS.total_seconds() + 1)
    site.note()
    assert (replies(site), parts_waiting(site)) == (["uno dos"], 0)


def test_the_same_text_another_day_is_another_text(site: Site) -> None:
    """Phones count texts to 255 and begin anew: what says the same under the same number a day later is said again."""
    tell(site, *cut("uno dos", 4))
    site.later(COMES_AGAIN.total_seconds() + 1)
    tell(site, *cut("uno dos", 4))
    assert replies(site) == ["uno dos", "uno dos"]


def test_the_same_text_again_over_the_session_that_acknowledged_it_is_another_text(site: Site) -> None:
    """What was acknowledged over an unbroken connection is not told again for want of that: the person wrote again."""
    over_session = session_of(site)
    over_session(1, *cut("uno dos", 4))
    site.later(COMES_AGAIN_THOUGH_ACKNOWLEDGED.total_seconds() + 1)
    over_session(1, *cut("uno dos", 4))
    assert replies(site) == ["uno dos", "uno dos"]
    site.later(1)
    over_session(1, *cut("uno dos", 4))
    assert replies(site) == ["uno dos", "uno dos"], "an acknowledgement that came late may be overlooked"


def test_a_text_told_again_by_another_session_is_the_same_text(site: Site) -> None:
    """The acknowledgement may have been lost with the session, however long the SMSC then waits."""
    over_session = session_of(site)
    over_session(1, *cut("uno dos", 4))
    site.later(COMES_AGAIN.total_seconds() / 2)
    over_session(2, *cut("uno dos", 4))
    assert replies(site) == ["uno dos"]
    site.later(COMES_AGAIN_THOUGH_ACKNOWLEDGED.total_seconds() + 1)
    over_session(3, *cut("uno dos", 4))
    assert (replies(site), parts_waiting(site)) == (["uno dos"], 0)


def test_a_repetition_that_is_acknowledged_in_its_turn_settles_the_matter(site: Site) -> None:
    """Told again by a second session, and acknowledged there, the text is a new one when it comes once more."""
    over_session = session_of(site)
    for session, seen in ((1, 1), (2, 1), (2, 2)):
        over_session(session, *cut("uno dos", 4))
        assert replies(site) == ["uno dos"] * seen
        site.later(COMES_AGAIN_THOUGH_ACKNOWLEDGED.total_seconds() + 1)


def test_two_texts_under_one_number_are_both_heard(site: Site) -> None:
    """Of two texts to which a phone gave one number each has its own parts, in the order in which they came."""
    tell(site, *cut("uno dos", 4), *cut("cuatro", 4))
    site.note()
    assert (replies(site), parts_waiting(site)) == (["uno dos", "cuatro"], 0)


def test_what_somebody_else_has_at_hand_is_left_to_him(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that another transaction is joining are not heard as if the others had never come."""
    real: Callable[..., Sequence[Any]] = reply_parts.waiting
    tell(site, cut("uno dos tres", 4)[0])
    tell(site, cut("uno dos tres", 4)[1])
    site.later(WAITS.total_seconds() + 1)
    with monkeypatch.context() as locked:
        locked.setattr(reply_parts, "waiting", lambda *given: real(*given)[:1])
        site.note()
        assert replies(site) == []
    site.note()
    assert replies(site) == [f"uno dos {MISSING}"]


def test_many_texts_take_as_many_statements_as_few(site: Site) -> None:
    """Forty texts told together are joined by the statements that join two."""
    asked = []
    for count in (2, 40):
        pdus = [pdu for one in range(count) for pdu in cut("uno dos", 4, number=number_of(100 * count + one, "MX"))]
        with statements(site.parts.database) as seen:
            tell(site, *pdus)
        asked.append(len(seen))
    assert asked[0] == asked[1]
    assert replies(site) == ["uno dos"] * 42
