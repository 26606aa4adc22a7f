"""A client of the pretend Bulk360 account, for the tests of this room."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.sandbox.providers.conftest import NO_CERTIFICATES
from tests.sandbox.providers.running import Providers

CREDENTIALS = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
TOKEN = "/oauth/token"
SEND = "/api/bulk360/v2.0"


@contextmanager
def signed_in(providers: Providers) -> Iterator[httpx.Client]:
    """A client at the account's base address, with a token."""
    with httpx.Client(base_url=f"{providers.url}/bulk360", verify=NO_CERTIFICATES) as client:
        token = client.post(TOKEN, data=CREDENTIALS).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
