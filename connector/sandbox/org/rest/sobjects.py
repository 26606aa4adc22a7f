"""Describe, single records, upsert by external id, and what was updated or deleted in a span of time."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from connector.sandbox.org import ids
from connector.sandbox.org.describe import describe_globally, describe_object
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route
from connector.sandbox.org.schema import Field, Object
from connector.sandbox.org.values import shown
from connector.sandbox.org.writing import Result
from connector.sandbox.soql.conditions import stamp

_NO_SUCH = "Provided external ID field does not exist or is not accessible: {}"


def describe_all(org: Org, call: Call) -> Answer:
    """`GET …/sobjects`."""
    listed = [describe_globally(each, call.base) for each in org.schema.objects.values()]
    return Answer(content={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def basic(org: Org, call: Call, name: str) -> Answer:
    """`GET …/sobjects/X`: the object in short."""
    target = org.object(name)
    return Answer(content={"objectDescribe": describe_globally(target, call.base), "recentItems": []})


def describe(org: Org, call: Call, name: str) -> Answer:
    """`GET …/sobjects/X/describe`."""
    return Answer(content=describe_object(org.schema, org.object(name), call.base))


def saved(result: Result) -> dict[str, Any]:
    """The body of a save that succeeded."""
    return {"id": result.id, "success": True, "errors": []}


def _settled(result: Result) -> Result:
    if result.error:
        raise result.error
    return result


def create(org: Org, call: Call, name: str) -> Answer:
    """`POST …/sobjects/X`."""
    target = org.object(name)
    if not target.createable:
        raise OrgError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {target.name} cannot be inserted")
    result = _settled(org.writer.insert(target, [call.document()])[0])
    location = f"{call.base}/sobjects/{target.name}/{result.id}"
    return Answer(201, saved(result), {"Location": location})


def _read(org: Org, call: Call, target: Object, record_id: str) -> Answer:
    wanted = call.query.get("fields")
    fields = list(target.fields) if wanted is None else [_wanted(target, each) for each in wanted.split(",")]
    names = ["Id", "IsDeleted", *(each.name for each in fields)]
    found = org.records.by_field(target, "Id", [record_id], names)
    if not found:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    if found[0][1]:
        raise OrgError("ENTITY_IS_DELETED", "entity is deleted")
    record: dict[str, Any] = {
        "attributes": {"type": target.name, "url": f"{call.base}/sobjects/{target.name}/{record_id}"},
    }
    record |= {field.name: shown(field, value) for field, value in zip(fields, found[0][2:], strict=True)}
    if wanted is not None and "Id" not in record:
        record["Id"] = record_id
    return Answer(content=record)


def _wanted(target: Object, name: str) -> Field:
    field = target.field(name.strip())
    if field is None:
        raise OrgError("INVALID_FIELD", f"No such column '{name.strip()}' on entity '{target.name}'")
    return field


def _id(target: Object, text: str) -> str:
    found = ids.canonical(text)
    if found is None:
        raise OrgError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {text}")
    if not found.startswith(target.prefix):
        raise OrgError("MALFORMED_ID", f"malformed id {text}", status=400)
    return found


def read(org: Org, call: Call, name: str, record_id: str) -> Answer:
    """`GET …/sobjects/X/id?fields=a,b`."""
    target = org.object(name)
    return _read(org, call, target, _id(target, record_id))


def update(org: Org, call: Call, name: str, record_id: str) -> Answer:
    """`PATCH …/sobjects/X/id`."""
    target = org.object(name)
    _settled(org.writer.update(target, [(_id(target, record_id), call.document())])[0])
    return Answer(204)


def delete(org: Org, _call: Call, name: str, record_id: str) -> Answer:
    """`DELETE …/sobjects/X/id`."""
    target = org.object(name)
    if not target.deletable:
        raise OrgError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type {target.name} cannot be deleted", status=403)
    _settled(org.writer.delete(target, [_id(target, record_id)])[0])
    return Answer(204)


def key_field(target: Object, name: str) -> Field:
    """The external id field of that name; raises OrgError NOT_FOUND."""
    field = target.field(name)
    if field is None or not (field.external_id or field.type == "id"):
        raise OrgError("NOT_FOUND", _NO_SUCH.format(name))
    return field


def _holders(org: Org, call: Call, target: Object, key: Field, value: str) -> list[str]:
    found = org.records.by_field(target, key.name, [value], ["Id"], deleted=False)
    if len(found) > 1:
        raise Several([f"{call.base}/sobjects/{target.name}/{row[0]}" for row in found])
    return [str(row[0]) for row in found]


class Several(Exception):
    """Several records hold one external id; carries their addresses, which are the answer's body (status 300)."""

    def __init__(self, addresses: list[str]) -> None:
        super().__init__("Several records hold this external id.")
        self.addresses = addresses


def read_by_key(org: Org, call: Call, name: str, key_name: str, value: str) -> Answer:
    """`GET …/sobjects/X/Ext__c/value`."""
    target = org.object(name)
    try:
        holders = _holders(org, call, target, key_field(target, key_name), unquote(value))
    except Several as several:
        return Answer(300, several.addresses)
    if not holders:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    return _read(org, call, target, holders[0])


def upsert(org: Org, call: Call, name: str, key_name: str, value: str) -> Answer:
    """`PATCH …/sobjects/X/Ext__c/value`: 201 created, 200 updated, 300 when several records hold the value."""
    target = org.object(name)
    key = key_field(target, key_name)
    fields = call.document()
    if any(each.lower() == key.name.lower() for each in fields):
        message = f"The {key.name} field should not be specified in the sobject data."
        raise OrgError("INVALID_FIELD", message, (key.name,))
    if key.type == "id":
        return update(org, call, name, value)
    try:
        holders = _holders(org, call, target, key, unquote(value))
    except Several as several:
        return Answer(300, several.addresses)
    if holders:
        result = _settled(org.writer.update(target, [(holders[0], fields)])[0])
    else:
        result = _settled(org.writer.insert(target, [fields | {key.name: unquote(value)}])[0])
    return Answer(201 if result.created else 200, saved(result) | {"created": result.created})


def delete_by_key(org: Org, call: Call, name: str, key_name: str, value: str) -> Answer:
    """`DELETE …/sobjects/X/Ext__c/value`."""
    target = org.object(name)
    try:
        holders = _holders(org, call, target, key_field(target, key_name), unquote(value))
    except Several as several:
        return Answer(300, several.addresses)
    if not holders:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    return delete(org, call, name, holders[0])


def _span(call: Call) -> tuple[str, str]:
    bounds = []
    for name in ("start", "end"):
        try:
            bounds.append(stamp(datetime.fromisoformat(call.query[name].replace(" ", "+"))))
        except (KeyError, ValueError) as error:
            raise OrgError("INVALID_REPLICATION_DATE", f"Invalid or missing value for {name}.") from error
    if bounds[0] >= bounds[1]:
        raise OrgError("INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
    return bounds[0], bounds[1]


def _changed(org: Org, call: Call, name: str, *, deleted: int) -> tuple[list[Any], str]:
    target = org.object(name)
    first, last = _span(call)
    where = "SystemModstamp >= ? AND SystemModstamp <= ? AND IsDeleted = ? ORDER BY SystemModstamp, Id"
    sql = f'SELECT "Id", "SystemModstamp" FROM "{target.name}" WHERE {where}'  # noqa: S608 - the schema's name
    return org.records.rows(sql, (first, last, deleted)), last


def updated(org: Org, call: Call, name: str) -> Answer:
    """`GET …/sobjects/X/updated?start=…&end=…`."""
    rows, last = _changed(org, call, name, deleted=0)
    return Answer(content={"ids": [row[0] for row in rows], "latestDateCovered": last})


def deleted(org: Org, call: Call, name: str) -> Answer:
    """`GET …/sobjects/X/deleted?start=…&end=…`."""
    rows, last = _changed(org, call, name, deleted=1)
    records = [{"id": row[0], "deletedDate": row[1]} for row in rows]
    oldest = org.records.rows('SELECT "CreatedDate" FROM "Organization"')[0][0]
    return Answer(content={"deletedRecords": records, "earliestDateAvailable": oldest, "latestDateCovered": last})


ROUTES = [
    Route("GET", "/sobjects", describe_all),
    Route("GET", "/sobjects/{object}", basic),
    Route("POST", "/sobjects/{object}", create),
    Route("GET", "/sobjects/{object}/describe", describe),
    Route("GET", "/sobjects/{object}/updated", updated),
    Route("GET", "/sobjects/{object}/deleted", deleted),
    Route("GET", "/sobjects/{object}/{id}", read),
    Route("PATCH", "/sobjects/{object}/{id}", update),
    Route("DELETE", "/sobjects/{object}/{id}", delete),
    Route("GET", "/sobjects/{object}/{field}/{value:path}", read_by_key),
    Route("PATCH", "/sobjects/{object}/{field}/{value:path}", upsert),
    Route("DELETE", "/sobjects/{object}/{field}/{value:path}", delete_by_key),
]
