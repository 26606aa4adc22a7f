"""What a person sees while the demonstration runs, and when it has ended."""

import time
from collections import deque
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from connector.model.states import State

_COLOURS = {
    State.DELIVERED: "green",
    State.SENT: "green",
    State.ACCEPTED: "cyan",
    State.UNKNOWN: "magenta",
    State.FAILED: "red",
    State.REJECTED: "red",
    State.UNDELIVERED: "yellow",
    State.EXPIRED: "yellow",
    State.HELD: "yellow",
}
_RATE_OVER = 3.0


class Screen:
    """A live picture on a terminal; nothing at all where a program reads."""

    def __init__(self, console: Console, total: int, *, silent: bool) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("[bold]{task.completed:,.0f}[/] of {task.total:,.0f} at an end"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[rate]:,.0f} messages/s"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("messages", total=total, rate=0.0)
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._live = None if silent or not console.is_terminal else Live(console=console, refresh_per_second=8)
        self._silent = silent
        self._last_line = 0.0

    def __enter__(self) -> "Screen":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, states: dict[State, int], ended: int, owed: int, alarms: dict[str, str]) -> None:
        """Draws the counts; on no terminal, a plain line every two seconds."""
        now = time.monotonic()
        self._seen.append((now, ended))
        while len(self._seen) > 2 and self._seen[0][0] < now - _RATE_OVER:
            self._seen.popleft()
        (then, before), rate = self._seen[0], 0.0
        if now > then:
            rate = (ended - before) / (now - then)
        if self._live:
            self._bar.update(self._task, completed=ended, rate=rate)
            self._live.update(Group(Panel(self._bar, title="connector demo"), _counts(states, owed), *_alarms(alarms)))
        elif not self._silent and now - self._last_line >= 2.0:
            self._last_line = now
            told = ", ".join(f"{number} {state}" for state, number in states.items() if number)
            self._console.print(
                f"{ended} ended, {rate:.0f}/s: {told or 'reading the queue'}", highlight=False, soft_wrap=True
            )


def _counts(states: dict[State, int], owed: int) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for state, number in states.items():
        if number:
            table.add_row(f"[{_COLOURS.get(state, 'white')}]{state}[/]", f"{number:,}")
    table.add_row("[dim]writes the CRM is owed[/]", f"[dim]{owed:,}[/]")
    return table


def _alarms(alarms: dict[str, str]) -> list[str]:
    return [f"[red]{subject}[/]: {sentence}" for subject, sentence in alarms.items()]


def accounting(console: Console, book: dict[str, Any], *, balances: bool, look: dict[str, str]) -> None:
    """Prints the books and where to look next."""
    table = Table(title="Every message accounted for" if balances else "The books do not balance", title_style="bold")
    table.add_column("what")
    table.add_column("messages", justify="right")
    for name in [state.value for state in State if state.value in book]:
        if book[name]:
            table.add_row(name, f"{book[name]:,}")
    table.add_row("in flight", f"{book['in_flight']:,}")
    table.add_section()
    table.add_row("[bold]queued in the CRM[/]", f"[bold]{book['total']:,}[/]")
    console.print(table)
    rates = Table(box=None, show_header=False, padding=(0, 2))
    colour = "green" if balances else "red"
    rates.add_row(
        "lost / received twice", f"[{colour}]{book['lost']} / {book['duplicated']}[/] by the sandbox's own ledgers"
    )
    rates.add_row("activities, replies in the CRM", f"{book['activities']:,}, {book['replies']:,}")
    for provider, states in sorted(book["by_provider"].items()):
        if provider != "none":
            rates.add_row(f"through {provider}", f"{sum(states.values()):,}")
    for account, states in sorted(book.get("by_account", {}).items()):
        if account != "none":
            rates.add_row(f"[dim]by the account {account}[/]", f"[dim]{sum(states.values()):,}[/]")
    rates.add_row("CRM calls", f"{book['crm_calls']:,}")
    rates.add_row("requests to providers", f"{book['provider_requests']:,}")
    rates.add_row("seconds", f"{book['seconds']}  ({book['total'] / book['seconds']:,.0f} messages/s)")
    rates.add_row("peak memory of the daemon", f"{book['peak_rss_mb']:,.0f} MB")
    console.print(rates)
    if look:
        console.print("\nWhere to look next", style="bold")
        for what, where in look.items():
            console.print(f"  {what}: [cyan]{where}[/]", highlight=False, soft_wrap=True)
