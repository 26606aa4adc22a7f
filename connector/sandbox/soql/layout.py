"""Which columns a query selects, and where each goes in the nested answer."""

from dataclasses import dataclass, field

from connector.sandbox.soql.scope import Column, Scope


@dataclass(slots=True)
class Node:
    """One object of the answer: which columns of the row are its fields, and the parents nested in it.

    `types` maps a key prefix to the type its attributes name; `identity` is the column of its id.
    """

    types: dict[str, str]
    label: str | None
    identity: int
    names: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    parents: dict[str, "Node"] = field(default_factory=dict)


class Layout:
    """Collects the columns to select, and where each goes in the answer."""

    def __init__(self, scope: Scope, first: str | None = None) -> None:
        self._scope = scope
        self.sql = [first or scope.root.column("Id")]
        self.header: list[str] = []
        self.booleans: list[int] = []
        self.datetimes: list[int] = []
        self.columns: list[int] = []
        if first is not None:
            self.sql.append(scope.root.column("Id"))
        root = scope.root.object
        self.shape = Node({root.prefix: root.name}, root.name, len(self.sql) - 1)

    def add(self, column: Column, alias: str | None) -> None:
        """Put a column into the answer; a field named twice is answered once."""
        node = self.shape
        for depth in range(1, len(column.names)):
            node = self._parent(node, column.names[:depth])
        if column.field.type == "boolean":
            self.booleans.append(len(self.sql))
        if column.field.type == "datetime":
            self.datetimes.append(len(self.sql))
        self.header.append(alias or ".".join(column.names))
        self.columns.append(len(self.sql))
        node.names.append(alias or column.names[-1])
        node.columns.append(len(self.sql))
        self.sql.append(column.sql)

    def _parent(self, node: Node, names: tuple[str, ...]) -> Node:
        if names[-1] not in node.parents:
            joined = self._scope.joined(names)
            ids = [each.column("Id") for each in joined]
            types = {each.object.prefix: each.object.name for each in joined}
            label = "Name" if len(joined) > 1 else None
            node.parents[names[-1]] = Node(types, label, len(self.sql))
            self.sql.append(ids[0] if len(ids) == 1 else f"coalesce({', '.join(ids)})")
        return node.parents[names[-1]]
