"""Lists in pages (guide, every list with ``meta.pagination``) and the filters that a list takes."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from connector.sandbox.providers.nrs360.asking import BASE, Asked
from connector.sandbox.providers.nrs360.errors import Refusal

_USUAL, _MOST = 100, 1000
_PAGING = frozenset({"limit", "page"})
Row = TypeVar("Row")


def check_filters(asked: Asked, filters: Collection[str]) -> None:
    """Raises Refusal(422) for a filter that the list does not have."""
    for name in asked.query:
        if name not in filters and name not in _PAGING:
            raise Refusal(422, f"The {name} filter is not allowed.")


def page(
    asked: Asked, rows: Sequence[Row], show: Callable[[Row], dict[str, Any]], path: str, joint: str = "?"
) -> dict[str, Any]:
    """One page of `rows`, at most 1,000 and 100 unless asked otherwise. Raises Refusal(422).

    `path` begins with a slash. `joint` stands before ``page=2`` in the link to the next page when no filter was given:
    in some sections the guide's own sample lacks its question mark there.
    """
    limit = _whole("limit", asked.query.get("limit", str(_USUAL)), _MOST)
    number = _whole("page", asked.query.get("page", "1"))
    pages = max(1, -(-len(rows) // limit))
    shown = rows[(number - 1) * limit : number * limit]
    filters = urlencode([(name, text) for name, text in asked.query.items() if name not in _PAGING])
    following = f"{BASE}{path}" + (f"?{filters}&" if filters else joint) + f"page={number + 1}"
    pagination = {
        "total": len(rows),
        "count": len(shown),
        "per_page": limit,
        "current_page": number,
        "total_pages": pages,
        "links": {"next": following} if number < pages else [],
    }
    return {"data": [show(row) for row in shown], "meta": {"pagination": pagination}}


def _whole(name: str, text: str, most: int | None = None) -> int:
    if not text.isdecimal() or int(text) < 1 or (most is not None and int(text) > most):
        raise Refusal(422, f"The {name} filter must be a whole number" + (f" from 1 to {most}." if most else "."))
    return int(text)
