"""SOQL over REST: pages, cursors, and the recycle bin with queryAll."""

import re
from typing import Any

from connector.sandbox.org.describe import describe_field
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.querying import LARGEST_PAGE
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route

_SMALLEST_PAGE = 200
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def page_size(call: Call) -> int:
    """The records to a page that `Sforce-Query-Options` asks for, within what Salesforce allows."""
    match = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    return min(LARGEST_PAGE, max(_SMALLEST_PAGE, int(match[1]))) if match else LARGEST_PAGE


def _text(call: Call) -> str:
    text = call.query.get("q")
    if not text:
        raise OrgError("MALFORMED_QUERY", "A query string has to be specified")
    return text


def query(org: Org, call: Call) -> Answer:
    """`GET …/query?q=…`; with `columns=true`, what the columns are instead of the rows."""
    if call.query.get("columns") == "true":
        return Answer(content=_columns(org, _text(call)))
    return Answer(content=org.querying.first(_text(call), call.base, page_size(call)))


def query_all(org: Org, call: Call) -> Answer:
    """`GET …/queryAll?q=…`: deleted records too."""
    return Answer(content=org.querying.first(_text(call), call.base, page_size(call), deleted=True))


def more(org: Org, call: Call, locator: str) -> Answer:
    """`GET …/query/01g…-2000`, the address of a nextRecordsUrl."""
    return Answer(content=org.querying.following(locator, call.base, "query"))


def more_all(org: Org, call: Call, locator: str) -> Answer:
    """`GET …/queryAll/01g…-2000`."""
    return Answer(content=org.querying.following(locator, call.base, "queryAll"))


def _columns(org: Org, text: str) -> dict[str, Any]:
    plan = org.querying.plan(text, deleted=False)
    columns = []
    for name in plan.header:
        head, _, last = name.rpartition(".")
        field = None if head else plan.object.field(last)
        known = describe_field(field) if field else {}
        columns.append(
            {
                "aggregate": plan.shape is None,
                "apexType": known.get("type", "string"),
                "booleanType": known.get("type") == "boolean",
                "columnName": last,
                "custom": last.endswith("__c"),
                "displayName": name,
                "foreignKeyName": head or None,
                "insertable": known.get("createable", False),
                "joinColumns": [],
                "numberType": known.get("type") in ("double", "currency", "percent", "int"),
                "textType": known.get("soapType", "xsd:string") == "xsd:string",
                "updatable": known.get("updateable", False),
            }
        )
    return {
        "columnMetadata": columns,
        "entityName": plan.object.name,
        "groupBy": plan.shape is None,
        "idSelected": "Id" in plan.header,
        "keyPrefix": plan.object.prefix,
    }


ROUTES = [
    Route("GET", "/query", query),
    Route("GET", "/queryAll", query_all),
    Route("GET", "/query/{locator}", more),
    Route("GET", "/queryAll/{locator}", more_all),
]
