"""Every message is accounted for: how many there are, and how many stand where."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from connector.app import App
from connector.cli.screen import say, show_table
from connector.cli.times import shown
from connector.cli.typed_history import counted, doubts
from connector.model.capability import LastWord, last_words
from connector.model.states import WITH_THE_PROVIDER, State
from connector.store import accounting, inbox, typed_sends, writes
from connector.store.accounting import Repeats, Silence, Standing
from connector.store.outbox import counts
from connector.store.typed_sends import TypedSends
from connector.sync.unknown import SENT_AGAIN

COLUMNS = (
    "delivered",
    "undelivered",
    "expired",
    "rejected",
    "failed",
    "cancelled",
    "unknown",
    "held",
    "in flight",
)
_NOBODY = "(none)"
_IN_FLIGHT = frozenset({State.QUEUED, State.CLAIMED, State.ATTEMPTING, *WITH_THE_PROVIDER})
_STRAYED_SHOWN = 20
_RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Books:
    """The accounting of a store.

    `queued` is how many messages were ever read; `groups` has, by group and name, how many of them stand where;
    `sent_again`, by the same, how often one was sent a second time because its mapping allows it; `strayed` are
    messages whose state is not what their events say; `unwritten` counts writes the CRM refuses in whole or in part;
    `silent` are messages that were sent more than `final_after_hours` ago and have no last word; `typed` are sends by
    hand, which are no messages of the CRM's and so no part of the balance.
    """

    queued: int
    groups: Mapping[str, Mapping[str, Mapping[str, int]]]
    strayed: tuple[str, ...]
    writes: Mapping[str, int] = field(default_factory=dict)
    news: Mapping[str, int] = field(default_factory=dict)
    sent_again: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unwritten: int = 0
    silent: tuple[Silence, ...] = ()
    final_after_hours: float = 0.0
    typed: tuple[TypedSends, ...] = ()

    @property
    def balance(self) -> bool:
        """Whether every message is accounted for, in every group, and its events tell the same."""
        sums = [sum(sum(row.values()) for row in rows.values()) for rows in self.groups.values()]
        return not self.strayed and all(total == self.queued for total in sums)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a program."""
        return {
            "balance": self.balance,
            "queued": self.queued,
            **{group: {name: dict(row) for name, row in rows.items()} for group, rows in self.groups.items()},
            "strayed": list(self.strayed),
            "sent_again": {group: dict(names) for group, names in self.sent_again.items()},
            "writes": dict(self.writes),
            "unwritten": self.unwritten,
            "news": dict(self.news),
            "without_last_word": {
                each.account: {"messages": each.number, "oldest": each.oldest, "sent_at": each.since.isoformat()}
                for each in self.silent
            },
            "typed_sends": [asdict(each) for each in self.typed],
        }


def books(app: App) -> Books:
    """Reads the books. A message that stands at the last word of its channel counts as delivered.

    Raises:
        StoreError: the store cannot be read.
    """
    pace = app.settings.pace
    ends = last_words({name: provider.capability for name, provider in app.providers.items()})
    with accounting.snapshot(app.database) as connection:
        standings = accounting.standings(connection)
        queued = sum(counts(connection).values())
        strayed = tuple(accounting.strayed(connection, _STRAYED_SHOWN))
        repeats = accounting.repeats(connection, SENT_AGAIN)
        owed, told = writes.standing(connection), inbox.standing(connection)
        unwritten = writes.count_parked(connection)
        typed = typed_sends.by_outcome(connection)
        silent = accounting.silences(connection, app.clock() - timedelta(hours=pace.final_after_hours), ends)
    groups = {group: _rows(standings, name, ends) for group, name in _names(app).items()}
    again = {group: _sums(repeats, name) for group, name in _names(app).items()}
    return Books(
        queued,
        groups,
        strayed,
        _by_standing(owed),
        _by_standing(told),
        again,
        unwritten,
        tuple(silent),
        pace.final_after_hours,
        tuple(typed),
    )


def _names(app: App) -> dict[str, Callable[[Standing | Repeats], str]]:
    """By group, the name under which messages are counted in it."""
    providers = {name: str(given["provider"]) for name, given in app.settings.accounts.items()}
    return {
        "total": lambda _: "all",
        "run": lambda counted: counted.run,
        "provider": lambda counted: providers.get(counted.account, _NOBODY),
        "account": lambda counted: counted.account or _NOBODY,
        "mapping": lambda counted: counted.mapping,
        "object": lambda counted: counted.object,
    }


def _sums(repeats: Iterable[Repeats], name: Callable[[Standing | Repeats], str]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for each in repeats:
        sums[name(each)] += each.number
    return dict(sums)


def _rows(
    standings: Iterable[Standing], name: Callable[[Standing | Repeats], str], ends: Collection[LastWord]
) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for standing in standings:
        row = rows.setdefault(name(standing), dict.fromkeys(COLUMNS, 0))
        row[_column(standing, ends)] += standing.number
    return rows


def _column(standing: Standing, ends: Collection[LastWord]) -> str:
    if (standing.account, standing.channel, standing.state) in ends:
        return "delivered"
    return "in flight" if standing.state in _IN_FLIGHT else str(standing.state)


def _by_standing(counted: Mapping[tuple[str, str], int]) -> dict[str, int]:
    by_standing: dict[str, int] = defaultdict(int)
    for (_, standing), number in counted.items():
        by_standing[standing] += number
    return dict(by_standing)


def show(read: Books) -> None:
    """Prints the books: one row a name of each group (of the runs, the last ones), and whether they balance."""
    rows = [
        (group, name, sum(row.values()), *row.values(), read.sent_again.get(group, {}).get(name, 0))
        for group, names in read.groups.items()
        for name, row in (sorted(names.items())[-_RUNS_SHOWN:] if group == "run" else names.items())
    ]
    show_table("Messages", ("by", "name", "queued", *COLUMNS, "sent again"), rows)
    if len(read.groups.get("run", ())) > _RUNS_SHOWN:
        say(f"Of {len(read.groups['run'])} runs the last {_RUNS_SHOWN} are shown; `--json` has them all.")
    if read.typed:
        say(counted(read.typed))
    for sentence, style in _to_look_at(read):
        say(sentence, style)
    if read.balance:
        say(f"All {read.queued} messages are accounted for.", "green")
    else:
        strayed = f" Their events tell otherwise: {', '.join(read.strayed)}." if read.strayed else ""
        say(f"The books do not balance: {read.queued} messages were read.{strayed}", "red")


def _to_look_at(read: Books) -> Iterator[tuple[str, str]]:
    """What adds up and should still be looked at, each as a sentence with its style."""
    for silence in read.silent:
        sentence = (
            f"Without a last word {read.final_after_hours:g} hours after they were sent, and asked about no more: "
            f"{silence.number} of the messages of {silence.account}. The oldest, {silence.oldest}, was sent on "
            f"{shown(silence.since)}: `connector reconcile --since {silence.since:%Y-%m-%d}` compares them with what "
            "the provider lists, where it has a list; look the others up in its pages."
        )
        yield sentence, "yellow"
    yield from doubts(read.typed)
    if read.unwritten:
        yield f"{read.unwritten} writes are parked: the CRM refuses them; see `connector writes list`.", "yellow"
    if read.writes.get("due"):
        yield f"{read.writes['due']} writes are still owed to the CRM.", ""
    if read.news.get("unmatched"):
        yield f"{read.news['unmatched']} pieces of news match no message we know.", "yellow"
