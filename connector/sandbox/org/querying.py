"""Runs SOQL: plans it, keeps the cursors of long answers, and reads a page at a time."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from connector.sandbox.org.clock import Clock
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.ids import Sequence
from connector.sandbox.org.records import Records
from connector.sandbox.org.schema import Schema
from connector.sandbox.soql.errors import QueryError
from connector.sandbox.soql.parse import parse
from connector.sandbox.soql.plan import ChildPlan, Plan, Planner
from connector.sandbox.soql.shape import builder, with_booleans

LARGEST_PAGE = 2000
_OPEN_CURSORS = 200


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query being read: the keys of its rows in order, `size` of them to a page."""

    id: str
    plan: Plan
    keys: list[int]
    size: int


class Querying:
    """Answers queries over the records."""

    def __init__(self, schema: Schema, records: Records, clock: Clock) -> None:
        self._schema = schema
        self._records = records
        self._clock = clock
        self._sequence = Sequence()
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()

    def plan(self, text: str, *, deleted: bool) -> Plan:
        """The plan of a query; raises OrgError. With `deleted` the recycle bin is read too."""
        if len(text) > 100_000:
            raise OrgError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
        try:
            return Planner(self._schema, text, self._clock.now(), deleted=deleted).plan(parse(text))
        except QueryError as error:
            raise OrgError(error.code, error.message) from error

    def first(self, text: str, base: str, size: int = LARGEST_PAGE, *, deleted: bool = False) -> dict[str, Any]:
        """The first page of an answer, `size` records at most; `base` is the version's address, for the links."""
        plan = self.plan(text, deleted=deleted)
        if plan.counting:
            return {"totalSize": self._records.rows(plan.keys, plan.parameters)[0][0], "done": True, "records": []}
        if plan.shape is None:
            return self._aggregate(plan)
        cursor = self.open(plan, size)
        return self.page(cursor, 0, base, "queryAll" if deleted else "query")

    def open(self, plan: Plan, size: int) -> Cursor:
        """A cursor over the rows that match now."""
        keys = [row[0] for row in self._records.rows(plan.keys, plan.parameters)]
        cursor = Cursor(self._sequence.take("01g"), plan, keys, size)
        if len(keys) > size:
            self._cursors[cursor.id] = cursor
            if len(self._cursors) > _OPEN_CURSORS:
                self._cursors.popitem(last=False)
        return cursor

    def following(self, locator: str, base: str, verb: str) -> dict[str, Any]:
        """The page that a nextRecordsUrl names by cursor and offset; raises OrgError INVALID_QUERY_LOCATOR."""
        cursor_id, _, offset = locator.partition("-")
        cursor = self._cursors.get(cursor_id)
        if cursor is None or not offset.isdigit():
            raise OrgError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self.page(cursor, int(offset), base, verb)

    def page(self, cursor: Cursor, offset: int, base: str, verb: str) -> dict[str, Any]:
        """One page as the REST API answers it."""
        plan = cursor.plan
        rows = self.rows(plan, cursor.keys[offset : offset + cursor.size])
        assert plan.shape is not None  # noqa: S101 - only queries for records have cursors
        build = builder(plan.shape, base)
        records = [build(row) for row in rows]
        for child in plan.children:
            self._attach(child, records, [row[plan.shape.identity] for row in rows], base)
        end = offset + cursor.size
        answer: dict[str, Any] = {"totalSize": len(cursor.keys), "done": end >= len(cursor.keys), "records": records}
        if not answer["done"]:
            answer["nextRecordsUrl"] = f"{base}/{verb}/{cursor.id}-{end}"
        return answer

    def rows(self, plan: Plan, keys: list[int]) -> list[Any]:
        """The rows of a page in its plan's columns; what was deleted meanwhile for good is left out."""
        return with_booleans(self._records.rows(plan.page, (orjson.dumps(keys).decode(),)), plan.booleans)

    def flat(self, plan: Plan) -> list[Any]:
        """Every row of an aggregate query, in the order of its header."""
        return with_booleans(self._records.rows(plan.keys, plan.parameters), plan.booleans)

    def _aggregate(self, plan: Plan) -> dict[str, Any]:
        rows = self.flat(plan)
        attributes = {"attributes": {"type": "AggregateResult"}}
        records = [attributes | dict(zip(plan.header, row, strict=True)) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def _attach(self, child: ChildPlan, records: list[Any], ids: list[str], base: str) -> None:
        build = builder(child.shape, base)
        parameters = (orjson.dumps(ids).decode(), *child.parameters)
        by_parent: dict[str, list[Any]] = {}
        for row in with_booleans(self._records.rows(child.sql, parameters), child.booleans):
            held = by_parent.setdefault(row[0], [])
            if child.limit is None or len(held) < child.limit:
                held.append(build(row))
        for record, record_id in zip(records, ids, strict=True):
            found = by_parent.get(record_id)
            record[child.name] = found and {"totalSize": len(found), "done": True, "records": found}
