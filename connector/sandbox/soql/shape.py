"""Rows of a page as the nested objects that the REST API answers with."""

from collections.abc import Callable, Sequence
from typing import Any

from connector.sandbox.soql.layout import Node

Build = Callable[[Sequence[Any]], dict[str, Any] | None]


def builder(node: Node, base: str) -> Build:
    """A function from a row to its object; a parent that is not there is None. `base` is the address of the version."""
    types, label, identity = node.types, node.label, node.identity
    fields = list(zip(node.names, node.columns, strict=True))
    parents = [(name, builder(parent, base)) for name, parent in node.parents.items()]

    def build(row: Sequence[Any]) -> dict[str, Any] | None:
        record_id = row[identity]
        if record_id is None:
            return None
        kind = types[record_id[:3]]
        built: dict[str, Any] = {
            "attributes": {"type": label or kind, "url": f"{base}/sobjects/{kind}/{record_id}"},
        }
        for name, column in fields:
            built[name] = row[column]
        for name, parent in parents:
            built[name] = parent(row)
        return built

    return build


def with_booleans(rows: list[tuple[Any, ...]], columns: tuple[int, ...]) -> list[Any]:
    """The rows with the numbers of their checkbox columns turned into booleans."""
    if not columns:
        return list(rows)
    converted = []
    for row in rows:
        values = list(row)
        for column in columns:
            if values[column] is not None:
                values[column] = bool(values[column])
        converted.append(values)
    return converted
