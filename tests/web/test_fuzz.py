"""Fuzz: requests made from the receiver's own description never break it, and never get past a secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from connector.providers.registry import PROVIDERS
from connector.web.openapi import description
from tests.web.hooked import Shelf
from tests.web.registered import all_registered, secret_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
DESCRIPTION = description(PROVIDERS.values())
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = {
    f"{method.upper()} {path}": SCHEMA[path][method.upper()]
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
    if method != "parameters"
}
HEALTH = "GET /healthz"
WEBHOOKS = [label for label in OPERATIONS if label != HEALTH]
BOUNDED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
DECLARED = [(name, webhook.name) for name, adapter in PROVIDERS.items() for webhook in adapter.webhooks]
CONTENT_TYPES = [
    "application/x-www-form-urlencoded",
    "application/json",
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    ";",
]


@dataclass
class Fuzzed:
    """A receiver that all examples share, and a connection that they share too."""

    address: str
    shelf: Shelf
    session: requests.Session
    client: httpx.Client

    def kept_of(self, account: str) -> int:
        """How many webhooks of the account are kept."""
        return sum(1 for commit in self.shelf.commits for kept in commit if kept.account == account)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    """A receiver for every registered provider."""
    shelf = Shelf()
    with all_registered(shelf) as address, requests.Session() as session, httpx.Client() as client:
        yield Fuzzed(address, shelf, session, client)


def asked(fuzzed: Fuzzed, case: Any) -> int:
    """The status of the answer, once it is held against the description."""
    answer = case.call(base_url=fuzzed.address, session=fuzzed.session)
    case.validate_response(answer, checks=CHECKS)
    status: int = answer.status_code
    return status


def test_health_is_answered_as_described(fuzzed: Fuzzed) -> None:
    """What the receiver says of itself is what the description says it says."""

    @BOUNDED
    @given(case=OPERATIONS[HEALTH].as_strategy())
    def fuzz(case: Any) -> None:
        assert asked(fuzzed, case) == 200

    fuzz()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", WEBHOOKS)
def test_whatever_is_sent_with_the_right_secret_is_answered_as_described(
    fuzzed: Fuzzed, label: str, mode: GenerationMode
) -> None:
    """Fields right and wrong, to each provider that has the webhook: 200 and kept, or 400, never 5xx, all described."""
    having = [account for account, name in DECLARED if label.endswith(f"/{name}")]

    @BOUNDED
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), account=st.sampled_from(having))
    def fuzz(case: Any, account: str) -> None:
        case.path_parameters = {"account": account, "secret": quote(secret_of(account), safe="")}
        before = fuzzed.kept_of(account)
        status = asked(fuzzed, case)
        assert status in {200, 400}
        assert fuzzed.kept_of(account) - before == (status == 200)

    fuzz()


@pytest.mark.parametrize("label", WEBHOOKS)
def test_nothing_is_kept_for_a_wrong_secret(fuzzed: Fuzzed, label: str) -> None:
    """Whatever stands in the place of account and secret, and however right the rest is: 404, and nothing is kept."""

    @BOUNDED
    @given(
        case=OPERATIONS[label].as_strategy(),
        account=st.sampled_from([*sorted(PROVIDERS), "nobody", ""]) | st.text(max_size=8),
        secret=st.sampled_from([secret_of(name) + "x" for name in PROVIDERS] + ["", ".."]) | st.text(max_size=8),
    )
    def fuzz(case: Any, account: str, secret: str) -> None:
        before = len(fuzzed.shelf.commits)
        path = case.operation.path.rpartition("/")[2]
        url = f"{fuzzed.address}/hooks/{quote(account, safe='')}/{quote(secret, safe='')}/{path}"
        told = case.as_transport_kwargs(base_url=fuzzed.address)
        answer = fuzzed.session.request(**{**told, "url": url})
        assert answer.status_code == 404
        assert len(fuzzed.shelf.commits) == before

    fuzz()


@pytest.mark.parametrize(("account", "name"), DECLARED)
def test_any_bytes_are_read_or_refused(fuzzed: Fuzzed, account: str, name: str) -> None:
    """Arbitrary bytes under any content type, to every webhook there is: 200 and kept, or 400."""

    @BOUNDED
    @given(
        method=st.sampled_from(["GET", "POST"]),
        query=st.binary(max_size=60),
        body=st.binary(max_size=300)
        | st.recursive(st.none() | st.text(), st.lists).map(lambda value: repr(value).encode()),
        content_type=st.sampled_from(CONTENT_TYPES),
    )
    def fuzz(method: str, query: bytes, body: bytes, content_type: str) -> None:
        before = fuzzed.kept_of(account)
        url = f"{fuzzed.address}/hooks/{account}/{quote(secret_of(account), safe='')}/{name}?{quote(query, safe='=&')}"
        answer = fuzzed.client.request(method, url, content=body, headers={"content-type": content_type})
        assert answer.status_code in {200, 400}
        assert fuzzed.kept_of(account) - before == (answer.status_code == 200)

    fuzz()
