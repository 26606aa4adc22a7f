"""What the settings file says of a Salesforce org."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connector.model.errors import SettingsError
from connector.model.loopback import is_loopback

_SHARED_LOGINS = frozenset({"login.salesforce.com", "test.salesforce.com"})


class SalesforceOptions(BaseModel):
    """One org and how to log in to it. Unknown keys are refused.

    Raises:
        SettingsError: an address is not https (plain http is for loopback alone), or the flow lacks what it needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["salesforce"] = "salesforce"
    base_url: str = Field(description="the org's My Domain address, e.g. https://acme.my.salesforce.com")
    login_url: str | None = Field(
        default=None,
        description="where tokens are given out; client_credentials: base_url, jwt_bearer: https://login.salesforce.com"
        " (a sandbox org: https://test.salesforce.com)",
    )
    api_version: str = Field(default="66.0", pattern=r"^\d{2,3}\.0$")
    flow: Literal["client_credentials", "jwt_bearer"] = "client_credentials"
    client_id: str = Field(min_length=1, description="the connected app's consumer key")
    client_secret: SecretStr | None = None
    username: str | None = Field(default=None, description="jwt_bearer: the user the connector works as")
    private_key: SecretStr | None = Field(default=None, description="jwt_bearer: the PEM text of the app's key")
    private_key_file: Path | None = Field(default=None, description="jwt_bearer: the PEM file of the app's key")
    connect_timeout: float = Field(default=10.0, gt=0, description="seconds to wait for a connection")
    read_timeout: float = Field(default=120.0, gt=0, description="seconds to wait for an answer")
    page_size: int = Field(default=2000, ge=1, le=2000, description="rows a query page at most")
    threads: int = Field(default=4, ge=1, le=8, description="write calls under way at once")
    tries: int = Field(default=4, ge=1, le=10, description="how often passing trouble is tried in one call")
    reserve: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of the day's requests that reads leave to writes (opt-outs, statuses)",
    )
    refused_login_pause: float = Field(default=60.0, ge=0, description="seconds before a refused login is tried again")

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self._login_address}/services/oauth2/token"

    @property
    def audience(self) -> str:
        """The `aud` of a JWT: the authorization server's own address."""
        return self._login_address

    @property
    def data_url(self) -> str:
        """The root of the REST API, with its version and a slash at the end."""
        return f"{self.base_url.rstrip('/')}/services/data/v{self.api_version}/"

    @property
    def _login_address(self) -> str:
        if self.login_url is not None:
            return self.login_url.rstrip("/")
        return self.base_url.rstrip("/") if self.flow == "client_credentials" else "https://login.salesforce.com"

    @model_validator(mode="after")
    def _usable(self) -> "SalesforceOptions":
        check_address("base_url", self.base_url)
        if self.login_url is not None:
            check_address("login_url", self.login_url)
        if self.flow == "client_credentials":
            self._check_client_credentials()
        elif not self.username or (self.private_key is None) == (self.private_key_file is None):
            raise SettingsError(
                "The jwt_bearer flow needs username and one of private_key and private_key_file; set them in [crm]."
            )
        return self

    def _check_client_credentials(self) -> None:
        if self.client_secret is None:
            raise SettingsError("The client_credentials flow needs client_secret; set it in [crm] or the environment.")
        host = urlsplit(self._login_address).hostname
        if host in _SHARED_LOGINS:
            raise SettingsError(
                f"The client_credentials flow does not work at {host}; set login_url to the org's My Domain address."
            )


def check_address(name: str, address: str) -> None:
    """Refuses what is not an https address; plain http is for loopback alone.

    Raises:
        SettingsError: the sentence names the setting and what it may be.
    """
    parts = urlsplit(address)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError(f"{name} {address!r} is not an address such as https://acme.my.salesforce.com; correct it.")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return
    raise SettingsError(f"{name} {address!r} must begin with https://; plain http is allowed to loopback only.")
