"""The gate of hours: a message arrives when its recipient's own clock allows it, and waits until then."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from connector.mapping.parts import SendingHours
from connector.model.address import is_address
from connector.model.country_zones import zones_of_country
from connector.model.failures import Failure, Fault, Retry
from connector.model.hours import NEVER, opens
from connector.model.phone import zones_of
from connector.model.states import State
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.parts import Parts

QUIET_HOURS = "QUIET_HOURS"
"""The failure code of messages that wait for their recipient's hours."""

_RECIPIENT = "recipient"


def hours(parts: Parts, _: Transaction, __: str, rows: Sequence[Any], now: datetime) -> Mapping[str, Move]:
    """Those whose recipients' hours are closed, in any of the zones where they may be."""

    @cache
    def opening(said: SendingHours, zones: tuple[str, ...]) -> datetime | None:
        return opens(said.start, said.end, zones, now)

    moves: dict[str, Move] = {}
    for row in rows:
        mapping = parts.mappings.get(row.mapping)
        said = mapping.hours if mapping is not None else None
        if said is None:
            continue
        zones = _zones_of(row) if said.zone == _RECIPIENT else (said.zone,)
        at = opening(said, zones)
        if at is not None:
            moves[row.id] = _closed(row, said, zones, at)
    return moves


def _zones_of(row: Any) -> tuple[str, ...]:
    """Where the recipient may be: by its number; where it is an address, by the country that the record names."""
    return zones_of_country(row.country) if is_address(row.to_number) else zones_of(row.to_number)


def _closed(row: Any, said: SendingHours, zones: tuple[str, ...], at: datetime) -> Move:
    where = zones[0] if len(zones) == 1 else f"all of {zones[0]} to {zones[-1]} ({len(zones)} zones)"
    closed = f"messages may arrive from {said.start:%H:%M} to {said.end:%H:%M} in {where}, and now is outside of that"
    if at == NEVER:
        reason = f"{closed}; these hours have no moment in common, so mend the number or the mapping and set it back"
        return Move(row.id, State.HELD, "hours", Failure(QUIET_HOURS, reason, Fault.MAPPING, Retry.WHEN_MENDED))
    if row.expires_at is not None and row.expires_at <= at:
        reason = (
            f"{closed}; when that begins it is too old, for it was to be sent by {row.expires_at:%Y-%m-%d %H:%M} UTC"
        )
        return Move(row.id, State.EXPIRED, "hours", Failure("TOO_OLD", reason))
    local = at.astimezone(ZoneInfo(zones[0]))
    reason = f"{closed}; it goes out at {local:%Y-%m-%d %H:%M} in {zones[0]}"
    return Move(row.id, State.HELD, "hours", Failure(QUIET_HOURS, reason, retry=Retry.LATER), not_before=at)
