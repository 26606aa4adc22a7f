"""What an answer looks like: its fields and their types, whatever they say; and where two of them differ."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_KINDS = {dict: "object", list: "list", str: "text", bool: "yes or no", int: "number", float: "number"}


@dataclass(slots=True)
class Shape:
    """Fields by their place, ``data[].id``, with the kinds of value seen there; `objects` are the places of objects."""

    kinds: dict[str, set[str]] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)

    def see(self, value: Any, place: str = "") -> None:
        """Adds what a value shows."""
        if isinstance(value, dict):
            self.objects.add(place)
            for name, held in value.items():
                self._note(f"{place}.{name}" if place else name, held)
        elif isinstance(value, list):
            for held in value:
                self._note(f"{place}[]", held)

    def _note(self, place: str, value: Any) -> None:
        kinds = self.kinds.setdefault(place, set())
        if value is not None:
            kinds.add(_KINDS[type(value)])
        self.see(value, place)


def shape_of(bodies: Iterable[str | bytes]) -> Shape:
    """The shape of several answers together: of JSON its fields, of CSV its columns."""
    shape = Shape()
    for body in bodies:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        try:
            shape.see(json.loads(text))
        except ValueError:
            first = text.partition("\n")[0]
            columns = first.split(";" if ";" in first else ",")
            shape.see(dict.fromkeys(columns, "") if len(columns) > 1 else {})
    return shape


def differences(guide: Shape, live: Shape) -> Iterator[str]:
    """A sentence for each field that is missing, new, or of another kind in the live answer.

    A field is missing only where an object was seen that could have held it: an empty list says nothing.
    """
    for place in sorted(guide.kinds.keys() - live.kinds.keys()):
        if not place.endswith("[]") and place.rpartition(".")[0] in live.objects:
            yield f"missing: {place}"
    for place in sorted(live.kinds.keys() - guide.kinds.keys()):
        if not place.endswith("[]"):
            yield f"new: {place}"
    for place in sorted(guide.kinds.keys() & live.kinds.keys()):
        was, now = guide.kinds[place], live.kinds[place]
        if was and now - was:
            yield f"other kind: {place} is {' or '.join(sorted(now - was))}, was {' or '.join(sorted(was))}"
