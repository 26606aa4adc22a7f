"""sObject Collections: up to 200 records a call, each with its own result ("REST API Developer Guide")."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from connector.sandbox.org import ids
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route
from connector.sandbox.org.rest.sobjects import key_field
from connector.sandbox.org.schema import Object
from connector.sandbox.org.values import shown
from connector.sandbox.org.writing import Result

_MOST_RECORDS = 200
_MOST_RUNS = 10
Write = Callable[[Object, Sequence[Any]], list[Result]]


def _check_size(records: Sequence[Any]) -> None:
    if len(records) > _MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {_MOST_RECORDS} records into this call"
        raise OrgError("EXCEEDED_ID_LIMIT", message)


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.document()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise OrgError("JSON_PARSER_ERROR", "The HTTP entity body needs a list of records")
    _check_size(records)
    return records, body.get("allOrNone") is True


def _type(org: Org, record: dict[str, Any]) -> Object | None:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise OrgError("INVALID_INPUT", "attributes.type: The type of each record must be specified")
    return org.schema.get(name)


def runs(org: Org, records: list[dict[str, Any]]) -> list[tuple[Object | None, list[dict[str, Any]]]]:
    """The records in runs of one type, of which a call may have ten."""
    found = [
        (target, [record for _, record in group])
        for target, group in groupby(((_type(org, record), record) for record in records), key=lambda pair: pair[0])
    ]
    if len(found) > _MOST_RUNS:
        message = "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
        raise OrgError("INVALID_INPUT", message)
    return found


def result_of(result: Result, *, upsert: bool = False) -> dict[str, Any]:
    """One record's result."""
    shown_result: dict[str, Any] = {"success": result.error is None, "errors": []}
    if result.id is not None and result.error is None:
        shown_result = {"id": result.id, **shown_result}
    if result.error is not None:
        shown_result["errors"] = [result.error.in_result()]
    if upsert:
        shown_result["created"] = result.created and result.error is None
    return shown_result


def _in_one(org: Org, all_or_none: bool, write: Callable[[], list[Result]]) -> list[Result]:
    """Write, and with `all_or_none` take everything back when one record failed."""
    with org.records.transaction() as transaction:
        results = write()
        transaction.undone = all_or_none and any(each.error for each in results)
    if transaction.undone:
        message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
        undone = OrgError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message)
        results = [each if each.error else Result(None, error=undone) for each in results]
    return results


def _by_runs(org: Org, records: list[dict[str, Any]], write: Write) -> list[Result]:
    results: list[Result] = []
    for target, run in runs(org, records):
        if target is None:
            named = run[0]["attributes"]["type"]
            unknown = OrgError("INVALID_TYPE", f"sObject type '{named}' is not supported.")
            results.extend(Result(None, error=unknown) for _ in run)
        else:
            results.extend(write(target, run))
    return results


def create(org: Org, call: Call) -> Answer:
    """`POST …/composite/sobjects`."""
    records, all_or_none = _records(call)
    results = _in_one(org, all_or_none, lambda: _by_runs(org, records, org.writer.insert))
    return Answer(content=[result_of(each) for each in results])


def _with_id(record: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return (
        next((value for name, value in record.items() if name.lower() == "id"), None),
        {name: value for name, value in record.items() if name.lower() != "id"},
    )


def update(org: Org, call: Call) -> Answer:
    """`PATCH …/composite/sobjects`."""
    records, all_or_none = _records(call)

    def write(target: Object, run: Sequence[dict[str, Any]]) -> list[Result]:
        return org.writer.update(target, [_with_id(record) for record in run])

    results = _in_one(org, all_or_none, lambda: _by_runs(org, records, write))
    return Answer(content=[result_of(each) for each in results])


def upsert(org: Org, call: Call, name: str, key_name: str) -> Answer:
    """`PATCH …/composite/sobjects/X/Ext__c`."""
    target = org.object(name)
    key = key_field(target, key_name)
    records, all_or_none = _records(call)
    if any(_type(org, each) is not target for each in records):
        raise OrgError("INVALID_INPUT", f"All records of this call must be of the type {target.name}")
    results = _in_one(org, all_or_none, lambda: org.writer.upsert(target, key.name, records))
    return Answer(content=[result_of(each, upsert=True) for each in results])


def delete(org: Org, call: Call) -> Answer:
    """`DELETE …/composite/sobjects?ids=a,b&allOrNone=false`."""
    given = [each for each in call.query.get("ids", "").split(",") if each]
    _check_size(given)
    all_or_none = call.query.get("allOrNone", "").lower() == "true"

    def write() -> list[Result]:
        results: list[Result] = []
        for each in given:
            found = ids.canonical(each)
            target = org.schema.of_id(found) if found else None
            if target is None or not target.deletable:
                results.append(Result(None, error=OrgError("MALFORMED_ID", f"malformed id {each}")))
            else:
                results.extend(org.writer.delete(target, [each]))
        return results

    return Answer(content=[result_of(each) for each in _in_one(org, all_or_none, write)])


def retrieve(org: Org, call: Call, name: str) -> Answer:
    """`GET …/composite/sobjects/X?ids=a,b&fields=c,d`, or POST with both in the body: null for what is not there."""
    target = org.object(name)
    if call.method == "POST":
        body = call.document()
        wanted_ids, wanted = list(body.get("ids", [])), list(body.get("fields", []))
    else:
        wanted_ids, wanted = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    fields = []
    for each in wanted:
        field = target.field(each)
        if field is None:
            raise OrgError("INVALID_FIELD", f"No such column '{each}' on entity '{target.name}'")
        fields.append(field)
    full = [ids.canonical(each) or each for each in wanted_ids]
    names = ["Id", *(each.name for each in fields)]
    found = {row[0]: row[1:] for row in org.records.by_field(target, "Id", full, names, deleted=False)}
    answers: list[dict[str, Any] | None] = []
    for each in full:
        if each not in found:
            answers.append(None)
            continue
        attributes = {"type": target.name, "url": f"{call.base}/sobjects/{target.name}/{each}"}
        values = {field.name: shown(field, value) for field, value in zip(fields, found[each], strict=True)}
        answers.append({"attributes": attributes, **values, "Id": each})
    return Answer(content=answers)


ROUTES = [
    Route("POST", "/composite/sobjects", create),
    Route("PATCH", "/composite/sobjects", update),
    Route("DELETE", "/composite/sobjects", delete),
    Route("GET", "/composite/sobjects/{object}", retrieve),
    Route("POST", "/composite/sobjects/{object}", retrieve),
    Route("PATCH", "/composite/sobjects/{object}/{field}", upsert),
]
