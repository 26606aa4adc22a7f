"""SMPP accounts against an SMSC that is not ours: what it is given, what it tells, and what a broken line means."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector import settings
from connector.app import App, build
from connector.model.errors import MayHaveLeft, NeverLeft, Refused, StoreError, Throttled
from connector.model.failures import Fault
from connector.model.messages import Message, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.sandbox.certificate import self_signed
from connector.store import inbox
from connector.store.inbox import INBOX
from tests.foreign.smpp.smsc import Smsc, until
from tests.store.making import messages, rows

ACCOUNT = "smsclouds-smpp"
LONG = "En un lugar de la Mancha, de cuyo nombre no quiero acordarme. " * 5
Office = Callable[..., App]


@pytest.fixture
def kind() -> str:
    """One kind of store: which one makes no difference to a session."""
    return "sqlite"


@pytest.fixture
def smsc(node: Path) -> Iterator[Smsc]:
    """An SMSC that takes everything at once and sends no receipts, until it is told otherwise."""
    running = Smsc(node)
    yield running
    running.close()


@pytest.fixture
def office(smsc: Smsc, url: str) -> Iterator[Office]:
    """Makes connectors with one SMPP account at the SMSC, on one store."""
    made: list[App] = []

    def make(**options: Any) -> App:
        account = {
            "provider": "smsclouds",
            "protocol": "smpp",
            "host": "127.0.0.1",
            "port": smsc.port,
            "system_id": "conector",
            "password": "secret",
            "sender": "TEST",
            "tls": False,
            "read_timeout": 3.0,
            "connect_timeout": 3.0,
            "reconnect_first": 0.05,
            "reconnect_most": 0.2,
            "throttle_pause": 0.05,
        }
        app = build(settings.of({"store": {"url": url}, "accounts": {ACCOUNT: {**account, **options}}}))
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


def message(place: int = 0, text: str = "Hola, nos vemos.", **changes: Any) -> Message:
    """A message to a number of its own."""
    return Message(f"m{place}", f"+52449{place:07d}", "MX", (text,), (), **changes)


def send(app: App, one: Message, reference: str = "01JSMPP") -> Outcome:
    """Sends a message as dispatch does."""
    adapter, batch = app.providers[ACCOUNT], Batch(reference, (one,))
    assert adapter.refuse(one) is None
    (outcome,) = adapter.read_send(batch, app.lines(ACCOUNT).ask(adapter.send(batch)))
    return outcome


def listen(app: App) -> None:
    """Binds, as the job that asks for replies does."""
    assert list(app.lines(ACCOUNT).converse(app.providers[ACCOUNT].replies(datetime.now(UTC), datetime.now(UTC)))) == []


def bound_again(app: App) -> None:
    """Waits for the session to be bound, whatever kept it from that."""

    def bound() -> bool:
        try:
            listen(app)
        except (NeverLeft, Refused):
            return False
        return True

    until(bound, "the session bound")


def news(app: App) -> list[Any]:
    """What is in the inbox, oldest first."""
    return sorted(rows(app.database, INBOX), key=lambda row: row.id)


def states(app: App) -> list[str | None]:
    """The states told, oldest first."""
    return [row.state for row in news(app)]


def test_it_binds_and_unbinds(smsc: Smsc, office: Office) -> None:
    """A session is bound as a transceiver of version 3.4 with the account's name, and unbound at the end."""
    app = office()
    listen(app)
    assert smsc.wait("bind")[0] == {"event": "bind", "status": 0, "systemId": "conector", "version": 0x34}
    app.close()
    assert smsc.wait("unbound")
    assert len(smsc.seen("bind")) == 1


def test_a_short_message_arrives_as_written(smsc: Smsc, office: Office) -> None:
    """A GSM-7 text, its number, sender and wish for a receipt arrive in one submit_sm, whose id is the message's."""
    until_when = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    text = "¡Año nuevo: 20 € [o {mas}]! ñÑüÜ@_"
    outcome = send(office(), message(text=text, expires_at=until_when))
    (given,) = smsc.wait("submit")
    assert (outcome.state, outcome.provider_id, outcome.parts) == (State.ACCEPTED, given["id"], 1)
    assert (given["coding"], given["text"]) == (0, text)
    assert (given["to"], given["from"], given["wanted"]) == ("524490000000", "TEST", 1)
    assert given["ton"] == [5, 1]
    assert given["until"] == "2026-11-22T09:30:00.000Z"


def test_other_alphabets_say_so(smsc: Smsc, office: Office) -> None:
    """A text that GSM-7 lacks travels as UCS-2, and as ISO-8859-1 where that is the account's alphabet."""
    send(office(), message(text="Жду 😀"))
    send(office(alphabet="iso-8859-1"), message(text="Sí, mañana à la carte"))
    first, second = smsc.wait("submit", 2)
    assert (first["coding"], first["text"]) == (8, "Жду 😀")
    assert (second["coding"], second["text"]) == (3, "Sí, mañana à la carte")


@pytest.mark.parametrize("joining", ["udh", "sar"])
def test_a_long_message_is_its_parts(smsc: Smsc, office: Office, joining: str) -> None:
    """The SMSC joins the parts to the text again, and their ids together are the message's."""
    outcome = send(office(long_texts=joining), message(text=LONG))
    given = smsc.wait("submit", 3)
    assert "".join(part["text"] for part in given) == LONG
    assert outcome.parts == len(given) == 3
    assert outcome.provider_id == "+".join(part["id"] for part in given)
    if joining == "udh":
        headers = [bytes.fromhex("".join(part["udh"])) for part in given]
        assert [header[-2:] for header in headers] == [bytes([3, place]) for place in (1, 2, 3)]
        assert {part["esm"] for part in given} == {0x40}
    else:
        assert [part["sar"][1:] for part in given] == [[3, 1], [3, 2], [3, 3]]
        assert len({part["sar"][0] for part in given}) == 1


def test_a_payload_is_cut_by_the_smsc(smsc: Smsc, office: Office) -> None:
    """An account may leave the cutting to the SMSC: one submit_sm, one id, as many parts paid for."""
    outcome = send(office(long_texts="payload"), message(text=LONG))
    (given,) = smsc.wait("submit")
    assert (given["text"], outcome.provider_id, outcome.parts) == (LONG, given["id"], 3)


def test_a_receipt_is_stored_and_then_acknowledged(smsc: Smsc, office: Office) -> None:
    """A receipt becomes a status with its time in the account's zone; the text it repeats is not read as its words."""
    app = office()
    smsc.ways(receipt="DELIVRD")
    outcome = send(app, message())
    (acknowledged,) = smsc.wait("acknowledged")
    assert acknowledged["status"] == 0
    (told,) = news(app)
    assert (told.kind, told.state, told.word, told.provider_id) == (
        "status",
        "delivered",
        "DELIVRD",
        outcome.provider_id,
    )
    assert (told.phone, told.at) == ("+524490000000", datetime(2026, 11, 21, 14, 41, 7, tzinfo=UTC))


def test_a_receipt_that_fails_says_why(smsc: Smsc, office: Office) -> None:
    """An undelivered message bears the SMSC's own error code, which need not be a number."""
    app = office()
    smsc.ways(receipt="UNDELIV")
    send(app, message())
    smsc.wait("acknowledged")
    (told,) = news(app)
    assert (told.state, told.failure["code"]) == ("undelivered", "0A1")


def test_what_cannot_be_stored_is_not_acknowledged(smsc: Smsc, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store refuses, the SMSC is asked to come again, and what comes again is stored once."""
    app = office()
    listen(app)
    real, failing = inbox.keep, True

    def keep(*given: Any) -> int:
        if failing:
            raise StoreError("the disk is full")
        return real(*given)

    monkeypatch.setattr("connector.sync.hearing.inbox.keep", keep)
    receipt = {"source_addr": "524490000000", "destination_addr": "TEST", "esm_class": 4}
    receipt["short_message"] = "id:7 sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000"
    smsc.order(deliver=receipt)
    assert smsc.wait("acknowledged")[0]["status"] == 0x64
    assert news(app) == []
    failing = False
    for times in (2, 3):
        smsc.order(deliver=receipt)
        assert smsc.wait("acknowledged", times)[-1]["status"] == 0
    assert states(app) == ["delivered"]


def test_a_long_message_is_delivered_when_every_part_is(smsc: Smsc, office: Office) -> None:
    """Receipts that come between the parts' answers wait for the message's id; the last part delivers it."""
    app = office()
    smsc.ways(receipt="DELIVRD")
    outcome = send(app, message(text=LONG))
    smsc.wait("acknowledged", 3)
    assert states(app) == ["sent", "sent", "delivered"]
    assert {row.provider_id for row in news(app)} == {outcome.provider_id}


def test_the_first_part_that_fails_fails_the_message(smsc: Smsc, office: Office) -> None:
    """One part that does not arrive is told of the whole message."""
    app = office()
    smsc.ways(script=[{"receipt": "DELIVRD"}, {"receipt": "UNDELIV"}, {"receipt": "DELIVRD"}])
    send(app, message(text=LONG))
    smsc.wait("acknowledged", 3)
    assert states(app) == ["sent", "undelivered", "sent"]


def test_a_text_from_a_person_is_a_reply(smsc: Smsc, office: Office) -> None:
    """A deliver_sm that is no receipt is a reply, as often as it comes, in whatever alphabet it says."""
    app = office()
    listen(app)
    said = {"source_addr": "524491234567", "destination_addr": "TEST"}
    smsc.order(deliver={**said, "short_message": "BAJA"})
    smsc.order(deliver={**said, "short_message": "BAJA"})
    smsc.order(deliver={**said, "short_message": "¡Sí, señor! Ж", "data_coding": 8})
    smsc.wait("acknowledged", 3)
    assert [(row.kind, row.phone, row.text) for row in news(app)] == [
        ("reply", "+524491234567", "BAJA"),
        ("reply", "+524491234567", "BAJA"),
        ("reply", "+524491234567", "¡Sí, señor! Ж"),
    ]


def test_a_long_text_from_a_person_is_one_reply(smsc: Smsc, office: Office) -> None:
    """Parts that come in the wrong order are acknowledged one by one, and are one text when the last one is there."""
    app = office()
    listen(app)
    said = {"source_addr": "524491234567", "destination_addr": "TEST", "sar_msg_ref_num": 7, "sar_total_segments": 2}
    smsc.order(deliver={**said, "sar_segment_seqnum": 2, "short_message": "¿sí o no?"})
    smsc.wait("acknowledged", 1)
    assert [row.kind for row in news(app)] == ["part"]
    smsc.order(deliver={**said, "sar_segment_seqnum": 1, "short_message": "Mañana a las 5, "})
    smsc.wait("acknowledged", 2)
    assert [row.text for row in news(app) if row.kind == "reply"] == ["Mañana a las 5, ¿sí o no?"]


@pytest.mark.parametrize("status", [0x58, 0x14])
def test_too_much_is_not_a_refusal(smsc: Smsc, office: Office, status: int) -> None:
    """What the SMSC throttles was not done: the account waits and the message is sent again."""
    app = office(throttle_pause=7.0)
    smsc.ways(script=[{"status": status}])
    with pytest.raises(Throttled) as throttled:
        send(app, message())
    assert throttled.value.wait == 7
    assert send(app, message()).state is State.ACCEPTED


def test_a_throttled_part_is_sent_again_by_itself(smsc: Smsc, office: Office) -> None:
    """Once a part was taken the message cannot go back, so that the next part waits until it is taken too."""
    app = office()
    smsc.ways(script=[{}, {"status": 0x58}])
    outcome = send(app, message(text=LONG))
    given = smsc.wait("submit", 4)
    assert outcome.state is State.ACCEPTED
    assert outcome.provider_id == "+".join(given[place]["id"] for place in (0, 2, 3))


@pytest.mark.parametrize(
    ("status", "fault"),
    [(0x0B, Fault.RECIPIENT), (0x0A, Fault.MAPPING), (0x0E, Fault.ACCOUNT), (0x0413, Fault.UNKNOWN)],
)
def test_errors_are_sorted(smsc: Smsc, office: Office, status: int, fault: Fault) -> None:
    """Each command_status says whose fault it is; a vendor's own is kept and ends no session."""
    app = office()
    smsc.ways(script=[{"status": status}])
    with pytest.raises(Refused) as refused:
        send(app, message())
    assert (refused.value.failure.fault, refused.value.failure.code) == (fault, f"{status:#06x}")
    assert send(app, message()).state is State.ACCEPTED
    assert len(smsc.seen("bind")) == 1


def test_the_smsc_s_own_trouble_leaves_doubt(smsc: Smsc, office: Office) -> None:
    """ESME_RSYSERR does not say whether the message was taken."""
    app = office()
    smsc.ways(script=[{"status": 8}])
    with pytest.raises(MayHaveLeft):
        send(app, message())


def test_a_later_part_that_is_refused_rejects_the_message(smsc: Smsc, office: Office) -> None:
    """A message of which a part went out is neither sent again nor accepted, and no further part goes out."""
    app = office()
    smsc.ways(script=[{}, {"status": 0x45}])
    outcome = send(app, message(text=LONG))
    assert outcome.state is State.REJECTED
    assert outcome.failure is not None
    assert "1 of 3 parts" in outcome.failure.reason
    assert len(smsc.seen("submit")) == 2


def test_a_line_cut_before_the_answer_leaves_doubt(smsc: Smsc, office: Office) -> None:
    """The SMSC had the message when the line fell: it may have left, and the next one goes over a new session."""
    app = office()
    smsc.ways(script=[{"drop": "before"}])
    with pytest.raises(MayHaveLeft):
        send(app, message())
    smsc.wait("bind", 2)
    bound_again(app)
    assert send(app, message(1)).state is State.ACCEPTED


def test_a_line_cut_after_the_answer_leaves_none(smsc: Smsc, office: Office) -> None:
    """What was answered is accepted, and what was never written certainly never left."""
    app = office(reconnect_first=30.0)
    smsc.ways(script=[{"drop": "after"}])
    assert send(app, message()).state is State.ACCEPTED
    smsc.wait("closed")
    until(lambda: _never_leaves(app), "the session found its connection closed")
    assert len(smsc.seen("submit")) == 1


def _never_leaves(app: App) -> bool:
    with pytest.raises(NeverLeft):
        listen(app)
    with pytest.raises(NeverLeft):
        send(app, message(1))
    return True


def test_a_line_cut_between_parts_leaves_doubt_and_the_id(smsc: Smsc, office: Office) -> None:
    """A message half sent is in doubt for good, and a receipt of its first part does not deliver it."""
    app = office()
    smsc.ways(script=[{}, {"drop": "before"}])
    outcome = send(app, message(text=LONG))
    first = smsc.seen("submit")[0]
    assert (outcome.state, outcome.provider_id) == (State.UNKNOWN, f"{first['id']}+")
    smsc.wait("bind", 2)
    bound_again(app)
    receipt = f"id:{first['id']} sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000"
    smsc.order(deliver={"source_addr": "524490000000", "esm_class": 4, "short_message": receipt})
    smsc.wait("acknowledged")
    assert [(row.state, row.provider_id) for row in news(app)] == [("sent", f"{first['id']}+")]


def test_no_answer_in_time_leaves_doubt(smsc: Smsc, office: Office) -> None:
    """An SMSC that says nothing may have the message."""
    app = office(read_timeout=0.3)
    smsc.ways(script=[{"silent": True}])
    with pytest.raises(MayHaveLeft):
        send(app, message())


def test_an_answer_after_its_time_is_news(smsc: Smsc, office: Office) -> None:
    """What the SMSC answers too late names the message it is of, with its id."""
    app = office(read_timeout=0.3)
    smsc.ways(script=[{"delay": 800}])
    with pytest.raises(MayHaveLeft):
        send(app, message())
    assert news(app) == []
    until(lambda: news(app), "the late answer")
    (told,) = news(app)
    assert (told.state, told.provider_id) == ("accepted", smsc.seen("submit")[0]["id"])
    assert (told.reference, told.phone) == ("01JSMPP", "+524490000000")


def test_a_refused_bind_is_the_account_s_fault(smsc: Smsc, office: Office) -> None:
    """A wrong password is told of the account, its messages wait, and a mended one is bound without a restart."""
    app = office()
    smsc.ways(password="another")
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            send(app, message())
        assert refused.value.failure.fault is Fault.ACCOUNT
    assert len(smsc.seen("submit")) == 0
    smsc.ways(password="secret")
    until(lambda: any(bind["status"] == 0 for bind in smsc.seen("bind")), "a bind that was let in")
    bound_again(app)
    assert send(app, message()).state is State.ACCEPTED


def test_nobody_there_never_leaves(smsc: Smsc, office: Office) -> None:
    """Without an SMSC at the address, nothing left."""
    app = office(port=1)
    with pytest.raises(NeverLeft, match="no connection"):
        send(app, message())


def test_both_ask_for_life(smsc: Smsc, office: Office) -> None:
    """A quiet session asks the SMSC for life, and answers when it is asked."""
    app = office(enquire_link=0.1)
    listen(app)
    assert smsc.wait("enquired", 3)
    smsc.order(enquire=True)
    assert smsc.wait("alive")[0]["status"] == 0
    assert len(smsc.seen("bind")) == 1


def test_a_deaf_smsc_is_left_and_bound_again(smsc: Smsc, office: Office) -> None:
    """An SMSC that answers no enquire_link is connected to anew."""
    app = office(enquire_link=0.1, enquire_link_timeout=0.2)
    smsc.ways(deaf=True)
    listen(app)
    assert smsc.wait("closed")
    assert smsc.wait("bind", 2)


def test_an_smsc_that_unbinds_is_bound_again(smsc: Smsc, office: Office) -> None:
    """The SMSC may end a session; its unbind is answered and the account bound again."""
    app = office()
    listen(app)
    smsc.order(unbind=True)
    assert smsc.wait("let go")
    assert smsc.wait("bind", 2)


def test_a_command_nobody_expects_ends_nothing(smsc: Smsc, office: Office) -> None:
    """A request that an account does not serve is answered with generic_nack, and the session goes on."""
    app = office()
    listen(app)
    smsc.order(unknown=True)
    smsc.order(enquire=True)
    assert smsc.wait("alive")
    assert smsc.wait("nack")[0]["status"] == 3


def test_the_window_is_kept_and_nothing_is_lost(smsc: Smsc, office: Office) -> None:
    """500 messages from 32 threads: never more than the window without an answer, each accepted and delivered once."""
    app = office(window=8, senders=32, read_timeout=30.0)
    smsc.ways(delay=5, receipt="DELIVRD")
    with ThreadPoolExecutor(32) as senders:
        outcomes = list(senders.map(lambda place: send(app, message(place), f"r{place}"), range(500)))
    assert {outcome.state for outcome in outcomes} == {State.ACCEPTED}
    assert len({outcome.provider_id for outcome in outcomes}) == 500
    given = smsc.wait("submit", 500)
    assert max(each["outstanding"] for each in given) == 8
    smsc.wait("acknowledged", 500)
    assert {row.provider_id for row in news(app) if row.state == "delivered"} == {one.provider_id for one in outcomes}
    assert len(smsc.seen("bind")) == 1


def test_parts_told_before_a_restart_count_after_it(smsc: Smsc, office: Office) -> None:
    """A long message whose first parts were delivered before a restart is delivered by the last one after it."""
    app = office()
    smsc.ways(script=[{"receipt": "DELIVRD"}, {"receipt": "DELIVRD"}, {}])
    outcome = send(app, message(text=LONG))
    smsc.wait("acknowledged", 2)
    messages(app.database, datetime.now(UTC), 1, State.ACCEPTED, account=ACCOUNT, provider_id=outcome.provider_id)
    app.close()
    again = office()
    listen(again)
    last = str(outcome.provider_id).rpartition("+")[2]
    receipt = f"id:{last} sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000"
    smsc.order(deliver={"source_addr": "524490000000", "esm_class": 4, "short_message": receipt})
    smsc.wait("acknowledged", 3)
    assert states(again) == ["sent", "sent", "delivered"]
    assert news(again)[-1].provider_id == outcome.provider_id


def test_over_tls(node: Path, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session goes over TLS where the account says so, to a certificate it trusts, and to no other."""
    tls = self_signed(tmp_path)
    secure = Smsc(node, tls.key, tls.certificate)
    try:
        with pytest.raises(NeverLeft, match="no TLS"):
            send(office(port=secure.port, tls=True), message())
        monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
        app = office(port=secure.port, tls=True, window=20)
        secure.ways(receipt="DELIVRD")
        with ThreadPoolExecutor(8) as senders:
            outcomes = list(senders.map(lambda place: send(app, message(place, LONG), f"r{place}"), range(40)))
        assert {outcome.state for outcome in outcomes} == {State.ACCEPTED}
        secure.wait("acknowledged", 120)
        assert states(app).count("delivered") == 40
        app.close()
        assert secure.wait("unbound")
    finally:
        secure.close()


def test_doctor_reaches_out_without_binding(smsc: Smsc, office: Office) -> None:
    """Looking whether an account can be reached does not bind, for that could end a daemon's session."""
    app = office()
    (finding,) = app.lines(ACCOUNT).hear(app.providers[ACCOUNT].check())
    assert finding.ok
    with pytest.raises(NeverLeft, match=r"127\.0\.0\.1:1 "):
        office(port=1).lines(ACCOUNT).hear(app.providers[ACCOUNT].check())
    assert len(smsc.seen("bind")) == 0
