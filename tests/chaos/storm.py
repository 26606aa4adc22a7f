"""One run: the daemon works while it is killed, its world fails, its store and its clock give way; then the proof."""

import multiprocessing
import secrets
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from connector.demo import accounts
from connector.demo.run import always_open
from tests.chaos.audit import audit
from tests.chaos.daemon import LEASE, Orders, serve, set_clock
from tests.chaos.plan import Blow, Plan, rules
from tests.chaos.stores import Store, open_attempts, owing, store_of
from tests.chaos.verdict import Verdict
from tests.chaos.world import ChaosWorld

_LOOK_EVERY = 0.05
_STALLED = 4.0
"""Seconds without progress after which the clock goes on, for then everything waits for a time to come."""
_LEAP = 90.0
_SILENCE = 1.0
"""Seconds between two words of one message at most, when no fault befalls them."""

FORKS = multiprocessing.get_context("forkserver")


def prepare() -> None:
    """Loads the daemon's modules once, so that each daemon of this program starts as a copy of a fresh process."""
    FORKS.set_forkserver_preload(["tests.chaos.daemon"])


@dataclass(slots=True)
class Daemon:
    """The daemon under its supervisor, which starts it again whenever it has ended."""

    orders: Orders
    store: Store
    process: ForkServerProcess | None = None
    kills: int = 0
    ended_by_itself: Counter[int] = field(default_factory=Counter)
    cut_off: set[int] = field(default_factory=set)

    def keep_up(self) -> int:
        """Starts it if it does not run; gives its process id."""
        if self.process is not None and not self.process.is_alive():
            self.ended_by_itself[self.process.exitcode or 0] += 1
            self._bury()
        if self.process is None:
            self.process = FORKS.Process(target=serve, args=(self.orders,), daemon=True)
            self.process.start()
        assert self.process.pid is not None
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, then a look at what was under way."""
        self.keep_up()
        assert self.process is not None
        self.process.kill()
        self._bury()
        self.kills += 1

    def stop(self) -> bool:
        """SIGTERM; whether it ended well."""
        self.keep_up()
        assert self.process is not None
        time.sleep(2 * LEASE)  # it may only just have been started
        self.process.terminate()
        self.process.join(60)
        if self.process.is_alive():
            self.process.kill()
        return self.process.exitcode == 0

    def _bury(self) -> None:
        assert self.process is not None
        self.process.join()
        self.process = None
        self.cut_off |= open_attempts(self.store.url)


def run(plan: Plan, kind: str, say: Callable[[str], None], logs: Path | None = None) -> Verdict:
    """Queues messages, lets everything go wrong, lets the daemon finish, and compares. The log stays in `logs`."""
    started = time.monotonic()
    with store_of(kind) as store, _place() as folder, ChaosWorld(seed=plan.seed, speed=1.0) as world:
        world.allow_requests(10_000_000)
        accounts.queue(world, plan.messages, plan.providers)
        orders = Orders(
            settings_for(world, store.url, folder, plan, plan.providers),
            folder / "clock",
            (logs or folder) / f"daemon-{kind}.log",
        )
        daemon = Daemon(orders, store)
        set_clock(orders.clock, 0.0)
        tell_providers(world, orders)
        world.add_faults(rules())
        say(f"{kind}: {plan.messages:,} messages, seed {plan.seed}, the daemon's log is {orders.log}")
        blows, ahead = _storm(plan, world, daemon, say)
        world.clear_faults()
        say(f"{kind}: the faults are over, {daemon.kills} kills; the daemon finishes")
        _finish(plan, world, daemon, ahead)
        drained = daemon.stop()
        found, books = audit(world, daemon.cut_off)
        ledger = world.providers_ledger()
        return Verdict(
            plan,
            kind,
            found,
            books,
            time.monotonic() - started,
            daemon.kills,
            daemon.ended_by_itself,
            len(daemon.cut_off),
            blows,
            Counter(f"{fault['target']} {fault['kind']} {fault.get('status', '')}".strip() for fault in world.faults()),
            ledger["by_provider"],
            {name: ledger[name] for name in ("statuses_pushed", "statuses_acknowledged", "replies")},
            owing(store.url, books.nameless),
            drained,
        )


def _storm(plan: Plan, world: ChaosWorld, daemon: Daemon, say: Callable[[str], None]) -> tuple[Counter[str], float]:
    """Deals the blows as progress is made; gives how many of each kind there were, and the furthest clock."""
    dealt: Counter[str] = Counter()
    ahead = 0.0
    for blow in plan.blows():
        _await_progress(world, daemon, blow.at)
        if blow.kind == "kill":
            time.sleep(blow.seconds)
            daemon.kill()
        elif blow.kind == "clock":
            set_clock(daemon.orders.clock, blow.seconds)
            ahead = max(ahead, blow.seconds)
        else:
            daemon.store.trouble(daemon.keep_up(), dealt["store"], blow.seconds)
        dealt[blow.kind] += 1
        _remark(say, dealt, blow)
    return dealt, ahead


def _remark(say: Callable[[str], None], dealt: Counter[str], blow: Blow) -> None:
    if blow.kind != "kill" or dealt["kill"] % 10 == 0:
        say(f"  at {blow.at}: {blow.kind} {dealt[blow.kind]}")


def _await_progress(world: ChaosWorld, daemon: Daemon, wanted: int) -> None:
    """Until the world has come that far, or comes no further: then what waits for its time would wait for ever."""
    last, since = -1, time.monotonic()
    while (reached := world.progress()) < wanted:
        daemon.keep_up()
        if reached != last:
            last, since = reached, time.monotonic()
        elif time.monotonic() - since > _STALLED:
            return
        time.sleep(_LOOK_EVERY)
    daemon.keep_up()


def _finish(plan: Plan, world: ChaosWorld, daemon: Daemon, ahead: float) -> None:
    """Until nothing is wrong and nothing owed. The clock leaps ahead, so that nobody sits through the long waits."""
    deadline = time.monotonic() + plan.patience
    leapt = time.monotonic()
    pushed_before = None
    set_clock(daemon.orders.clock, ahead := ahead + _LEAP)
    while time.monotonic() < deadline:
        daemon.keep_up()
        pushed = world.providers_ledger()["statuses_pushed"]
        found, books = audit(world, daemon.cut_off)
        if not found.clean() or owing(daemon.store.url, books.nameless):
            pushed_before = None
        elif pushed == pushed_before:
            return
        else:
            pushed_before = pushed  # a provider may be about to say more, so once more after the longest silence
            time.sleep(_SILENCE)
        if time.monotonic() - leapt > _STALLED:
            leapt = time.monotonic()
            set_clock(daemon.orders.clock, ahead := ahead + _LEAP)
        time.sleep(0.5)


@contextmanager
def _place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def settings_for(
    world: ChaosWorld, url: str, folder: Path, plan: Plan, providers: Collection[str] = ()
) -> dict[str, Any]:
    """Settings that lead to the pretend world, with small batches and an impatient pace.

    The example mapping has a route added for each of `providers` that it has none for.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "store": {"url": url},
        "web": {"port": port},
        "mappings": [str(always_open(folder, providers))],
        "live": {"production": True, "send_backlog": True},  # the records stand there before the daemon first runs
        "crm": {
            "base_url": world.org_url,
            "client_id": "sandbox",
            "client_secret": "sandbox",
            "page_size": max(50, plan.messages // 20),
            "refused_login_pause": 1.0,
            "tries": 2,
        },
        "accounts": _accounts(world, port, plan),
        "pace": {
            "pull": 0.5,
            "dispatch": 0.2,
            "note": 0.2,
            "push": 0.3,
            "poll": 0.5,
            "replies": 1.0,
            "reconcile": 1.0,
            "sweep": 5.0,
            "linger": 0.1,
            "first_poll": 0.5,
            "first_poll_when_pushed": 4.0,
            "claim_minutes": 2.0,
            "drain": 20.0,
        },
    }


def _accounts(world: ChaosWorld, port: int, plan: Plan) -> dict[str, dict[str, Any]]:
    every = accounts.options_of(
        world,
        public_url=f"http://127.0.0.1:{port}",
        hook_secret=secrets.token_urlsafe(24),
        read_timeout=15.0,
    )
    every["nrs-main"] |= {"batch_size": plan.batch, "delivery_notifications": True}
    every["smsclouds-mx"] |= {"batch_size": plan.batch, "send_timeout": 15.0}
    every["optimum-gb"] |= {"batch_size": 1, "poll_statuses": True}
    every["smsclouds-smpp"] |= {"reconnect_first": 0.1, "reconnect_most": 1.0}
    return every


def tell_providers(world: ChaosWorld, orders: Orders) -> None:
    """Gives the pretend providers the addresses of the daemon's receiver."""

    def hook(account: str, name: str) -> str:
        given = orders.settings["accounts"][account]
        return f"{given['public_url']}/hooks/{account}/{given['hook_secret']}/{name}"

    world.push_to(accounts.news_to(hook))
    # told twice over a session, a person's text is two: SMPP has nothing by which to know it again
    world.push_to({"smpp": {"shares": {"long_replies": 0.0, "pushed": 1.0}}})
