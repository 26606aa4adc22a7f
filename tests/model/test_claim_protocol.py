"""The state table and the claim protocol, searched for a second send: two daemons, one org, and whatever can go wrong.

The daemons are the real verbs on real stores with the real 360NRS adapter. Only the org (with the package's validation
rule), the provider and time are pretended. Each daemon counts its steps (a commit, a call to the org or the provider,
before and after it); at any of them it can crash, lose the answer, or be paused while the other one works, for longer
than its lease or its claim.

A round begins when a person sets a record back to queued, and a send belongs to the round in which its claim was taken.
"""

import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event
from sqlmodel import SQLModel

from connector import settings as connector_settings
from connector.app import App, Clock, build
from connector.mapping.load import load
from connector.model.errors import LeaseHeld, MayHaveLeft
from connector.model.failures import Failure
from connector.model.records import Budget, Page, RecordQuery, RecordWrite, WriteCause, WriteEnd, WriteResult
from connector.model.states import State
from connector.providers.base import HookRequest
from connector.providers.exchange import Request, Response
from connector.store import inbox, migrate, outbox
from connector.store.db import Database
from connector.sync.dispatch import dispatch
from connector.sync.note import note
from connector.sync.pull import pull
from connector.sync.push import push
from connector.sync.reconcile import mark_interrupted
from connector.sync.release import release
from jobs.runner import give_lease_back, take_lease
from tests.chaos.stores import roomiest

NRS = "nrs-main"
ORG = "00D000000000001AAA"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
RECORDS = {"a01000000000001AAA": "+34611000001", "a01000000000002AAA": "+34611000002"}
ENDS = frozenset({"Sent", "Delivered", "Failed", "Held", "Cancelled", "Unknown"})
_ROUND = re.compile(r"#(\w+) g(\d+)")
_IDS, _ID = re.compile(r"Id IN \(([^)]*)\)"), re.compile(r"'(\w+)'")
_MAPPING = """
version: 1
name: model
source:
  object: SMS_Message__c
  where: "Status__c = 'Queued'"
  claim: {Status__c: Sending, Claim_Token__c: "{claim.token}", Claim_Expires__c: "{claim.expires}"}
message:
  to: {field: Phone__c}
  text: "{Body__c}"
route:
  - {account: nrs-main}
on_status:
  accepted:  {set: {Status__c: Sent}}
  delivered: {set: {Status__c: Delivered}}
  failed:    {set: {Status__c: Failed}}
  held:      {set: {Status__c: Held}}
  unknown:   {set: {Status__c: Unknown}}
  cancelled: {set: {Status__c: Cancelled}}
"""


class CrashError(BaseException):
    """The process ends here."""


class Org:
    """Records with the package's validation rule: a token changes only when the last one has expired, on a queued one.

    `claimed` is the round in which each daemon's last claim of a record was taken: what it sends under it is of that
    round.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self.rows: dict[str, dict[str, Any]] = {
            record_id: {
                "Id": record_id,
                "Status__c": "Queued",
                "Phone__c": phone,
                "Body__c": self.text(record_id, 0),
                "CreatedDate": "2026-03-02T09:00:01.000+0000",
            }
            | {"Claim_Token__c": None, "Claim_Expires__c": None}
            for record_id, phone in RECORDS.items()
        }
        self.rounds = dict.fromkeys(RECORDS, 0)
        self.claimed: dict[tuple[str, str], int] = {}

    @staticmethod
    def text(record_id: str, number: int) -> str:
        """A text that names its record and round."""
        return f"Hola #{record_id[:15]} g{number}"

    def set_back(self, record_id: str) -> None:
        """A person asks for the message once more."""
        self.rounds[record_id] += 1
        self.rows[record_id] |= {"Status__c": "Queued", "Body__c": self.text(record_id, self.rounds[record_id])}

    def update(self, daemon: str, wanted: RecordWrite) -> WriteResult:
        """One record's update, as the org settles it."""
        record_id = str(wanted.record_id)
        row = self.rows[record_id]
        token = wanted.fields.get("Claim_Token__c", row["Claim_Token__c"])
        expires = row["Claim_Expires__c"]
        held = (expires and expires > self._world.now) or row["Status__c"] != "Queued"
        if row["Claim_Token__c"] and token != row["Claim_Token__c"] and held:
            taken = Failure("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This message is claimed by another sender.")
            return WriteResult(WriteEnd.HELD_BY_ANOTHER, failure=taken)
        if wanted.cause is WriteCause.CLAIM:
            self.claimed[daemon, record_id[:15]] = self.rounds[record_id]
        fields = dict(wanted.fields)
        if isinstance(fields.get("Claim_Expires__c"), str):
            fields["Claim_Expires__c"] = datetime.fromisoformat(fields["Claim_Expires__c"])
        row |= fields
        return WriteResult(WriteEnd.DONE, record_id=wanted.record_id)


class DaemonsCRM:
    """One daemon's connection to the org."""

    def __init__(self, daemon: "Daemon", org: Org) -> None:
        self._daemon, self._org = daemon, org

    def org_id(self) -> str:
        return ORG

    def is_production(self) -> bool:
        return True

    def budget(self) -> Budget:
        return Budget()

    def calls(self) -> int:
        return 0

    def pages(self, query: RecordQuery) -> Iterator[Page]:
        assert query.object == "SMS_Message__c"
        read_at = self._daemon.world.now
        named = _IDS.search(query.where)
        ids = set(_ID.findall(named.group(1))) if named else set(RECORDS)
        found = [dict(row) for row in self._org.rows.values() if row["Id"] in ids]
        if "Status__c = 'Queued'" in query.where:
            found = [row for row in found if row["Status__c"] == "Queued"]
        self._daemon.step("after the org was read", loses=True)
        yield Page(found, read_at)

    def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        self._daemon.step("before the org is written", loses=True)
        results = [self._org.update(self._daemon.name, each) for each in writes]
        self._daemon.step("after the org was written", loses=True)
        return results


class DaemonsLine:
    """One daemon's line to the provider, which counts what it accepts by record and round."""

    def __init__(self, daemon: "Daemon", provider: "Provider") -> None:
        self._daemon, self._provider = daemon, provider

    def ask(self, request: Request) -> Response:
        assert request.sends
        self._daemon.step("before the send", loses=True)
        answer = self._provider.accept(self._daemon, request)
        self._daemon.step("after the send", loses=True)
        return answer

    def hear(self, _: Any) -> Any:
        raise MayHaveLeft("this provider tells no balance")


def _merged(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: values[name.group(1)], template)


class Provider:
    """Accepts everything, and remembers whom to tell."""

    def __init__(self) -> None:
        self.received: Counter[tuple[str, int]] = Counter()
        self.to_tell: list[tuple[Daemon, str]] = []

    def accept(self, daemon: "Daemon", request: Request) -> Response:
        """POST /sms, answered as the guide says."""
        body = request.json
        values = body.get("sub") or [{}] * len(body["to"])
        for mine, hook in zip(values, body["notificationUrl"], strict=True):
            text = _merged(body["message"], mine)
            found = _ROUND.search(text)
            assert found is not None
            record_id = found.group(1)
            self.received[record_id, daemon.world.org.claimed[daemon.name, record_id]] += 1
            self.to_tell.append((daemon, hook))
        first = len(self.to_tell)
        result = [
            {"accepted": True, "to": to, "id": f"ID{first}{place}", "parts": 1} for place, to in enumerate(body["to"])
        ]
        return Response(202, {}, orjson.dumps({"campaignId": 1, "sendingId": first, "result": result}))


class Inline(Executor):
    """Sends in the calling thread, so that a crash there is a crash here."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Daemon:
    """One process with its store: it can be started, do a verb, crash, be paused."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self._store = _emptied(name)
        self.app: App | None = None
        self.armed: list[tuple[int, str]] = []
        self._steps = 0
        self._busy = False
        _COMMITTING[name] = self

    def start(self) -> None:
        """A new process: takes the lease if it can, and takes up what the last one left."""
        if self.app is not None:
            return
        app = _built(lambda: self.world.now)
        object.__setattr__(app, "mappings", lambda **_: _mapping())  # no org to describe
        app.__dict__.update(crm=DaemonsCRM(self, self.world.org), database=self._store)
        parts = app.parts()
        object.__setattr__(parts, "line", lambda _: DaemonsLine(self, self.world.provider))
        try:
            take_lease(app, parts, wait=False)
        except LeaseHeld:
            app.close()
            return
        self.app, self.parts = app, parts
        self._guarded(lambda: mark_interrupted(parts))

    def turn(self, *verbs: str) -> None:
        """Does verbs as the jobs do; a crash ends the process, a lost lease or answer ends the verb."""
        for verb in verbs or ("pull", "dispatch", "note", "push", "release"):
            if self.app is None or self._busy:
                return
            self._guarded(lambda verb=verb: self._do(verb))

    def _do(self, verb: str) -> None:
        assert self.app is not None
        take_lease(self.app, self.parts, wait=False)  # as the watch does
        if verb == "dispatch":
            dispatch(self.parts, NRS, Inline())
        else:
            {"pull": pull, "note": note, "push": push, "release": release}[verb](self.parts)

    def _guarded(self, work: Any) -> None:
        self._busy = True
        try:
            work()
        except CrashError:
            assert self.app is not None
            self.app.close()
            self.app = None
            self.armed = []
        except (LeaseHeld, MayHaveLeft):
            pass
        finally:
            self._busy = False

    def commits(self) -> None:
        """The store is about to commit something; what is kept while the daemon rests is none of its steps."""
        if self._busy:
            self.step("before a commit", loses=False)

    def step(self, where: str, *, loses: bool) -> None:
        """One step of the real code, at which what is armed happens."""
        self._steps += 1
        due = [item for item in self.armed if item[0] <= self._steps]
        self.armed = [item for item in self.armed if item[0] > self._steps]
        for _, what in due:
            if what == "crash":
                raise CrashError(where)
            if what == "lost" and loses:
                raise MayHaveLeft(f"no answer {where}")
            if what.startswith("paused"):
                self.world.pass_time(timedelta(minutes=20) if what.endswith("long") else timedelta(seconds=40))
                if "set back" in what:
                    for record_id in RECORDS:
                        self.world.org.set_back(record_id)
                self.world.other(self).start()
                self.world.other(self).turn()

    def arm(self, steps: int, what: str) -> None:
        """Lets something happen at a step to come."""
        self.armed.append((self._steps + steps, what))

    def hear(self, hook: str, word: str) -> None:
        """The provider tells of a message; kept as the receiver keeps it, whether the daemon works or not."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(hook).query).items()} | {"status": word}
        query["phone"] = ""
        news = _adapter().hook(HookRequest("delivery", "GET", query, {}, b"", "")).news
        with self._store.begin() as connection:
            inbox.keep(connection, NRS, "nrs360", news, self.world.now)

    def in_doubt(self) -> set[str]:
        """Records whose message is unknown here: only a person or news can settle it."""
        with self._store.read() as connection:
            found = connection.execute(outbox.MESSAGE.select().where(outbox.MESSAGE.c.state == State.UNKNOWN)).all()
        return {row.record_id for row in found}

    def close(self) -> None:
        """Ends it in good order."""
        if self.app is not None:
            give_lease_back(self.app, self.parts)
            self.app.close()


class World:
    """Time, the org, the provider and two daemons, each with a store of its own."""

    def __init__(self) -> None:
        self.now = START
        self.org, self.provider = Org(self), Provider()
        self.daemons = [Daemon(self, name) for name in ("first", "second")]

    def other(self, daemon: Daemon) -> Daemon:
        """The other daemon."""
        return self.daemons[self.daemons.index(daemon) - 1]

    def pass_time(self, span: timedelta) -> None:
        """Time goes on for everybody."""
        self.now += span

    def close(self) -> None:
        """Leaves nothing behind."""
        for daemon in self.daemons:
            daemon.close()


_FOLDER = tempfile.TemporaryDirectory(prefix="model-", dir=roomiest())
_COMMITTING: "dict[str, Daemon]" = {}
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here is encrypted, and loading the machine's certificates for each start takes longer than a turn."""


@pytest.fixture(scope="module", autouse=True)
def nothing_left() -> Iterator[None]:
    """The stores go with the tests, for a worker's process ends without cleaning up."""
    yield
    _FOLDER.cleanup()


@cache
def _store(name: str) -> Database:
    """A daemon's store, made once, for its statements are compiled once; it tells the daemon of each commit."""
    database = Database(f"sqlite:///{_FOLDER.name}/{name}.db")
    migrate.upgrade(database)

    @event.listens_for(database.engine, "commit")
    def commits(_: Any) -> None:
        if name in _COMMITTING:
            _COMMITTING[name].commits()

    return database


def _emptied(name: str) -> Database:
    """A daemon's store with nothing in it."""
    _COMMITTING.pop(name, None)
    database = _store(name)
    with database.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(table.delete())
    return database


def _built(clock: Clock) -> App:
    with patch("connector.app.ssl.create_default_context", return_value=_NO_TLS):
        return build(connector_settings.of(_settings("sqlite://")), clock=clock)


@cache
def _adapter() -> Any:
    """360NRS's, to read what it pushes."""
    return _built(lambda: START).providers[NRS]


@cache
def _mapping() -> Any:
    """The mapping, compiled once."""
    file = Path(_FOLDER.name) / "model.yaml"
    file.write_text(_MAPPING, "utf-8")
    return load([file], _built(lambda: START).capabilities())


def _settings(url: str) -> dict[str, Any]:
    return {
        "store": {"url": url},
        "mappings": [],
        "crm": {"base_url": "http://127.0.0.1:1", "client_id": "none", "client_secret": "none"},
        "accounts": {
            NRS: {
                "provider": "nrs360",
                "base_url": "http://127.0.0.1:1",
                "username": "none",
                "api_password": "none",
                "sender": "MODEL",
                "public_url": "http://127.0.0.1:1",
                "hook_secret": "a-secret-of-the-model",
            }
        },
        "pace": {"linger": 0.0},
        "live": {"production": True, "send_backlog": True},
    }


_WHAT = ("crash", "lost", "paused short", "paused long", "paused set back", "paused set back long")


STEPS = 18
"""How many steps a daemon's turn takes that reads, claims, sends, notes, writes back and releases."""


def sent_twice(world: World) -> dict[tuple[str, int], int]:
    """(record, round) of every message that the provider accepted more than once."""
    return {key: count for key, count in world.provider.received.items() if count > 1}


def settle(world: World) -> None:
    """Nothing goes wrong any more: every record comes to an end or is in doubt, and still no round is sent twice."""
    for daemon in world.daemons:
        daemon.armed = []
    for turn in range(5):
        world.pass_time(timedelta(minutes=6))
        for daemon, hook in list(world.provider.to_tell):
            daemon.hear(hook, "delivered")
        for daemon in world.daemons:
            daemon.start()
            daemon.turn()
        doubt = {record_id for daemon in world.daemons for record_id in daemon.in_doubt()}
        open_ones = {key: row["Status__c"] for key, row in world.org.rows.items() if row["Status__c"] not in ENDS}
        left = {key: status for key, status in open_ones.items() if key not in doubt}
        if turn and not left:
            break
    assert not sent_twice(world)
    assert not left, f"left behind: {left}"


@pytest.mark.parametrize(
    "after", ["nobody comes", "the first comes late", "a person sets back", "a person sets back late"]
)
@pytest.mark.parametrize("what", _WHAT)
def test_whatever_happens_at_whichever_step_no_round_is_sent_twice(what: str, after: str) -> None:
    """Every step of a first turn, each with everything that can happen there; then the other daemon comes to work."""
    for step in range(1, STEPS + 1):
        world = World()
        first, second = world.daemons
        first.start()
        first.arm(step, what)
        first.turn()
        if after == "a person sets back late":
            world.pass_time(timedelta(minutes=20))
        if "a person" in after:
            for record_id in RECORDS:
                world.org.set_back(record_id)
        second.start()
        second.turn()
        world.pass_time(timedelta(minutes=20) if after == "the first comes late" else timedelta(seconds=45))
        first.start()
        first.turn()
        assert not sent_twice(world), f"{what} at step {step}"
        settle(world)
        assert world.provider.received or what in ("crash", "lost")
        world.close()


class ClaimProtocol(RuleBasedStateMachine):
    """Anything at any time; each round of each record reaches the provider once at most."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.world.daemons[0].start()

    @rule(which=st.integers(0, 1), steps=st.integers(0, STEPS), what=st.sampled_from(_WHAT))
    def works(self, which: int, steps: int, what: str) -> None:
        """One daemon does all its jobs, started before if need be; something happens at one of its steps."""
        daemon = self.world.daemons[which]
        daemon.start()
        if steps:
            daemon.arm(steps, what)
        daemon.turn()

    @rule(which=st.integers(0, 1), verb=st.sampled_from(["pull", "dispatch", "note", "push", "release"]))
    def does(self, which: int, verb: str) -> None:
        """One daemon does one job."""
        self.world.daemons[which].turn(verb)

    @rule(seconds=st.sampled_from([1, 20, 45, 600, 1200]))
    def time_passes(self, seconds: int) -> None:
        """Leases and claims may run out."""
        self.world.pass_time(timedelta(seconds=seconds))

    @rule(record_id=st.sampled_from(sorted(RECORDS)))
    def set_back(self, record_id: str) -> None:
        """A person sets a record back, whatever it says."""
        self.world.org.set_back(record_id)

    @rule(record_id=st.sampled_from(sorted(RECORDS)))
    def withdraw(self, record_id: str) -> None:
        """A person wants no message of a record any more, whatever it says."""
        self.world.org.rows[record_id]["Status__c"] = "Cancelled"

    @precondition(lambda self: self.world.provider.to_tell)
    @rule(data=st.data(), word=st.sampled_from(["sent", "delivered", "rejected"]))
    def told(self, data: st.DataObject, word: str) -> None:
        """The provider tells of a message, again, out of order, or before its answer was noted."""
        daemon, hook = data.draw(st.sampled_from(self.world.provider.to_tell))
        daemon.hear(hook, word)

    @invariant()
    def no_round_is_sent_twice(self) -> None:
        """What it is all for."""
        if hasattr(self, "world"):
            assert not sent_twice(self.world)

    def teardown(self) -> None:
        """When nothing goes wrong any more, every record comes to an end or is in doubt; and still nothing is twice."""
        if not hasattr(self, "world"):
            return
        try:
            settle(self.world)
        finally:
            self.world.close()


ClaimProtocol.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class TestClaimProtocol(ClaimProtocol.TestCase):  # type: ignore[misc, valid-type]  # Hypothesis makes the class as it runs
    """No interleaving of two daemons, crashes, lost answers, pauses, statuses and people sends a round twice."""
