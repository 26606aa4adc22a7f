"""Composite and batch: several calls in one request ("REST API Developer Guide", Composite Resources)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import Route, Router

_MOST = 25
_MOST_HEAVY = 5
_HEAVY = re.compile(r"/services/data/v\d\d\.0/(query|queryAll|composite/sobjects)([/?]|$)")
_REFERENCE = re.compile(r"@\{([^{}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class Composite:
    """Runs subrequests through the same routes as requests."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def composite(self, org: Org, call: Call) -> Answer:
        """`POST …/composite`: answers 200 even when parts fail."""
        body = call.document()
        requests = body.get("compositeRequest")
        if not isinstance(requests, list) or not requests:
            raise OrgError("JSON_PARSER_ERROR", "compositeRequest must be a list of subrequests")
        _check(requests)
        all_or_none = body.get("allOrNone") is True
        with org.records.transaction() as transaction:
            answers = self._run(org, call, requests)
            transaction.undone = all_or_none and any(each.status >= 400 for each in answers)
        if transaction.undone:
            halted = Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}])
            answers = [each if each.status >= 400 else halted for each in answers]
        return Answer(
            content={
                "compositeResponse": [
                    {
                        "body": answer.content,
                        "httpHeaders": dict(answer.headers),
                        "httpStatusCode": answer.status,
                        "referenceId": request["referenceId"],
                    }
                    for request, answer in zip(requests, answers, strict=True)
                ]
            }
        )

    def _run(self, org: Org, call: Call, requests: list[dict[str, Any]]) -> list[Answer]:
        bodies: dict[str, Any] = {}
        answers = []
        for request in requests:
            try:
                url = _filled(request["url"], bodies)
                sent = _filled(request.get("body"), bodies)
            except LookupError as error:
                answers.append(Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": error.args[0]}]))
                continue
            headers = {name.lower(): value for name, value in (request.get("httpHeaders") or {}).items()}
            answer = self._router.answer(org, _sub_call(call, str(request["method"]), url, sent, headers))
            if answer.status < 400:
                bodies[request["referenceId"]] = answer.content
            answers.append(answer)
        return answers

    def batch(self, org: Org, call: Call) -> Answer:
        """`POST …/composite/batch`: independent subrequests, in order."""
        body = call.document()
        requests = body.get("batchRequests")
        if not isinstance(requests, list):
            raise OrgError("JSON_PARSER_ERROR", "batchRequests must be a list of subrequests")
        if len(requests) > _MOST:
            raise OrgError("LIMIT_EXCEEDED", f"The request can’t contain more than {_MOST} operations.")
        results: list[dict[str, Any]] = []
        failed = False
        for request in requests:
            if failed and body.get("haltOnError") is True:
                message = "Batch processing halted per request."
                halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]
                results.append({"statusCode": 412, "result": halted})
                continue
            url = str(request["url"])
            url = url if url.startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
            sub = _sub_call(call, str(request["method"]), url, request.get("richInput"), {})
            answer = self._router.answer(org, sub)
            failed = failed or answer.status >= 400
            results.append({"statusCode": answer.status, "result": answer.content})
        return Answer(content={"hasErrors": failed, "results": results})

    def routes(self) -> list[Route]:
        """The two resources."""
        return [Route("POST", "/composite", self.composite), Route("POST", "/composite/batch", self.batch)]


def _check(requests: list[dict[str, Any]]) -> None:
    if len(requests) > _MOST:
        raise OrgError("LIMIT_EXCEEDED", f"The request can’t contain more than {_MOST} operations.")
    for request in requests:
        for key in ("method", "url", "referenceId"):
            if not isinstance(request, dict) or not isinstance(request.get(key), str):
                raise OrgError("JSON_PARSER_ERROR", f"Each subrequest needs a {key}")
    references = [request["referenceId"] for request in requests]
    if len(set(references)) < len(references):
        raise OrgError("INVALID_INPUT", "Duplicate reference ID provided in the request.")
    if sum(bool(_HEAVY.match(request["url"])) for request in requests) > _MOST_HEAVY:
        message = (
            f"The request can’t contain more than {_MOST_HEAVY} operations of the types query or sObject Collections."
        )
        raise OrgError("LIMIT_EXCEEDED", message)


def _sub_call(call: Call, method: str, url: str, sent: Any, headers: Mapping[str, str]) -> Call:
    parts = urlsplit(url)
    body = b"" if sent is None else orjson.dumps(sent)
    return Call(method.upper(), parts.path, call.origin, dict(parse_qsl(parts.query)), headers, body)


def _filled(value: Any, bodies: Mapping[str, Any]) -> Any:
    """The value with each `@{reference.path}` replaced; raises LookupError with Salesforce's message."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: str(_resolve(match[1], bodies)), value)
    if isinstance(value, list):
        return [_filled(each, bodies) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, bodies) for name, each in value.items()}
    return value


def _resolve(path: str, bodies: Mapping[str, Any]) -> Any:
    name, *steps = [match[1] or int(match[2]) for match in _STEP.finditer(path)]
    if name not in bodies:
        raise LookupError(f"Invalid reference specified. No value for {path} found in {name}")
    found = bodies[str(name)]
    try:
        for step in steps:
            found = found[step]
    except (LookupError, TypeError):
        raise LookupError(f"Invalid reference specified. No value for {path} found in {name}") from None
    return found
