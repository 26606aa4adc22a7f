"""`connector reconcile`: the CRM, our store and the providers' listings, side by side."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Annotated

import typer

from connector.app import App
from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import say, show_json, show_table
from connector.cli.times import moment
from connector.log import masked
from connector.model.errors import SettingsError
from connector.sync.comparing import Compared, Difference, differences_in_crm
from connector.sync.comparing_listings import differences_in_listings
from connector.sync.parts import Parts

_KEPT_A_KIND = 200
"""Differences of one kind that are shown; the others are counted, so that memory does not grow with them."""


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(reconcile)


def reconcile(
    since: Annotated[
        str, typer.Option(help="Where the window begins: 2026-11-01, 2026-11-01T08:00Z, or how long ago: 7d, 24h.")
    ],
    until: Annotated[str | None, typer.Option(help="Where the window ends; without it, now.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="Only messages of this account.")] = None,
    config: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the CRM, our store and what the providers list, and name each difference.

    For the messages read and the batches sent in the window: records that do not say what we last told them, records
    sent that we do not know, writes still owed, outcomes unknown, and numbers or states that a provider's listing has
    otherwise. Changes nothing, and may run beside the daemon; what is on its way just now shows as a difference.
    Exits with 1 when there is any.
    """
    with opened(config) as app:
        now = app.clock()
        window = Compared(moment(since, now), moment(until, now) if until else now, _accounts(app, account))
        if window.since >= window.until:
            raise typer.BadParameter("the window is empty: --since lies after --until, or after now.")
        found = _Found(_differences(app.parts(), window))
    if as_json:
        show_json(found.as_json())
    else:
        found.show()
    raise typer.Exit(1 if found.counts else 0)


def _accounts(app: App, named: list[str] | None) -> tuple[str, ...] | None:
    for name in named or ():
        if name not in app.settings.accounts:
            raise SettingsError(f"there is no account {name!r}; the settings have {', '.join(app.settings.accounts)}.")
    return tuple(named) if named else None


def _differences(parts: Parts, window: Compared) -> Iterator[Difference]:
    return chain(differences_in_crm(parts, window), differences_in_listings(parts, window))


class _Found:
    """The differences, counted by kind, with the first of each kind."""

    def __init__(self, differences: Iterator[Difference]) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: list[Difference] = []
        for each in differences:
            self.counts[each.kind.value] += 1
            if self.counts[each.kind.value] <= _KEPT_A_KIND:
                self.kept.append(each)

    def as_json(self) -> dict[str, object]:
        """All of it, for a program."""
        listed = [
            {"kind": each.kind.value, "where": each.where, "id": each.id, "sentence": masked(each.sentence)}
            for each in self.kept
        ]
        return {"differences": self.counts.total(), "by_kind": dict(self.counts), "listed": listed}

    def show(self) -> None:
        """Prints one row a difference, and how many there are of each kind."""
        if not self.counts:
            say("The CRM, the store and the providers' listings agree.", "green")
            return
        rows = [(each.kind, each.where, each.id, masked(each.sentence)) for each in sorted(self.kept, key=_order)]
        show_table("Differences", ("what", "where", "id", "how"), rows)
        for kind, count in sorted(self.counts.items()):
            left_out = f", {_KEPT_A_KIND} of them shown" if count > _KEPT_A_KIND else ""
            say(f"{count} × {kind}{left_out}", "yellow")


def _order(difference: Difference) -> tuple[str, str, str]:
    return difference.kind, difference.where, difference.id
