"""The two flows, what they send, and the settings they need."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connector.crm.options import SalesforceOptions
from connector.crm.salesforce import Salesforce
from connector.model.errors import MayHaveLeft, NeverLeft, Passing, SessionLost, SettingsError
from tests.crm.conftest import Clock
from tests.crm.double import Answer, Asked, OrgDouble
from tests.proxy_double import refusing_proxy

Connect = Callable[..., Salesforce]
WHOLE: dict[str, Any] = {"base_url": "https://acme.my.salesforce.com", "client_id": "key", "client_secret": "secret"}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def forms(double: OrgDouble) -> list[dict[str, str]]:
    """What the token endpoint was sent."""
    sent: list[dict[str, str]] = []

    def grant(asked: Asked) -> Answer:
        sent.append({name: values[-1] for name, values in parse_qs(asked.body.decode()).items()})
        return Answer(200, {"access_token": "t", "id": "https://login.salesforce.com/id/00D000000000001EAA/005"})

    double.grant = grant
    return sent


def test_client_credentials(connect: Connect, forms: list[dict[str, str]]) -> None:
    """The flow sends its grant, id and secret in the form, and nothing else."""
    assert connect().org_id() == "00D000000000001EAA"
    assert forms == [{"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}]


@pytest.mark.parametrize("in_a_file", [True, False])
def test_jwt_bearer(
    double: OrgDouble,
    connect: Connect,
    clock: Clock,
    forms: list[dict[str, str]],
    key: rsa.RSAPrivateKey,
    tmp_path: Path,
    in_a_file: bool,
) -> None:
    """The assertion is signed with the key, names app, user and login server, and lives three minutes of our clock."""
    path = tmp_path / "key.pem"
    path.write_text(pem(key))
    where = {"private_key_file": path} if in_a_file else {"private_key": pem(key)}
    crm = connect(
        flow="jwt_bearer", client_id="app", client_secret=None, username="me@acme.org", login_url=double.url, **where
    )
    crm.org_id()
    assert forms[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    unchecked = {"verify_exp": False}
    claims = jwt.decode(forms[0]["assertion"], key.public_key(), ["RS256"], unchecked, audience=double.url)
    assert claims == {"iss": "app", "sub": "me@acme.org", "aud": double.url, "exp": int(clock().timestamp()) + 180}


def test_a_key_file_that_is_not_there(connect: Connect, double: OrgDouble, tmp_path: Path) -> None:
    """The sentence names the setting and the file."""
    crm = connect(
        flow="jwt_bearer", client_secret=None, username="u", private_key_file=tmp_path / "no.pem", login_url=double.url
    )
    with pytest.raises(SettingsError, match=r"private_key_file .* cannot be read"):
        crm.org_id()


@pytest.mark.parametrize("key", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_key_that_is_none(connect: Connect, double: OrgDouble, key: str) -> None:
    """The sentence says what a key must be, and does not quote it."""
    crm = connect(flow="jwt_bearer", client_secret=None, username="u", private_key=key, login_url=double.url)
    with pytest.raises(SettingsError, match="RSA key in PEM form") as caught:
        crm.org_id()
    assert not key or key not in str(caught.value)
    assert double.logins == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(400, {"error": "invalid_client", "error_description": "invalid client credentials"}), "client_secret"),
        (Answer(400, {"error": "something_new"}), "something_new"),
        (Answer(404, b"<html>"), "check base_url"),
        (Answer(200, b"<html>"), "check base_url"),
        (Answer(302, b"", (("Location", "https://elsewhere.example"),)), "check base_url"),
    ],
)
def test_a_refused_login_says_what_to_check(double: OrgDouble, connect: Connect, answer: Answer, said: str) -> None:
    """Whatever the login server answers, the error is a sentence, and the secret is not in it."""
    double.grant = lambda _: answer
    with pytest.raises(SessionLost, match=said) as caught:
        connect(client_secret="very-secret").org_id()
    assert "very-secret" not in str(caught.value)
    assert double.logins == 1


@pytest.mark.parametrize(
    ("answer", "error"), [(Answer(503, b"<html>"), Passing), (Answer(429), Passing), (Answer(drop=True), MayHaveLeft)]
)
def test_passing_trouble_of_the_login_server_is_waited_out(
    double: OrgDouble, connect: Connect, answer: Answer, error: type[Exception]
) -> None:
    """It is tried again a bounded number of times, and is not taken for a refusal."""
    double.grant = lambda _: answer
    crm = connect(tries=3)
    with pytest.raises(error):
        crm.org_id()
    assert double.logins == 3
    double.grant = lambda _: Answer(200, {"access_token": "t", "id": f"{double.url}/id/00D000000000001EAA/005"})
    assert crm.org_id() == "00D000000000001EAA"


def test_no_login_server(connect: Connect) -> None:
    """A refused connection never left."""
    with pytest.raises(NeverLeft):
        connect(base_url="http://127.0.0.1:9").org_id()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_url": "http://acme.my.salesforce.com"}, "loopback only"),
        ({"base_url": "http://127.0.0.1.evil.example"}, "loopback only"),
        ({"base_url": "http://10.0.0.1"}, "loopback only"),
        ({"base_url": "ftp://127.0.0.1"}, "https://"),
        ({"base_url": "acme.my.salesforce.com"}, "not an address"),
        ({"base_url": "https://user:password@acme.example"}, "not an address"),
        ({"login_url": "http://login.salesforce.com"}, "login_url"),
        ({"client_secret": None}, "client_secret"),
        ({"login_url": "https://login.salesforce.com"}, "My Domain"),
        ({"flow": "jwt_bearer"}, "username and one of private_key and private_key_file"),
        ({"flow": "jwt_bearer", "username": "u", "private_key": "p", "private_key_file": "f"}, "one of private_key"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], said: str) -> None:
    """Each is a sentence that names the setting, before anything is sent."""
    with pytest.raises(SettingsError, match=said):
        SalesforceOptions.model_validate({**WHOLE, **change})


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080", "http://127.9.9.9"]
)
def test_plain_http_is_allowed_to_loopback(address: str) -> None:
    """Every spelling of this machine is loopback."""
    options = SalesforceOptions.model_validate({**WHOLE, "base_url": address})
    assert options.data_url == f"{address}/services/data/v66.0/"


def test_unknown_keys_and_secrets_in_the_open_are_refused() -> None:
    """A misspelt key is an error, and printing the settings prints no secret."""
    with pytest.raises(ValidationError, match="clientid"):
        SalesforceOptions.model_validate({**WHOLE, "clientid": "x"})
    assert "'secret'" not in repr(SalesforceOptions.model_validate(WHOLE))


def test_jwt_goes_to_the_shared_login_server_by_default() -> None:
    """The audience is the login server's own address, not the org's."""
    options = SalesforceOptions.model_validate(
        {**WHOLE, "flow": "jwt_bearer", "client_secret": None, "username": "u", "private_key": "p"}
    )
    assert options.token_url == "https://login.salesforce.com/services/oauth2/token"
    assert options.audience == "https://login.salesforce.com"


def test_a_proxy_that_refuses_leaves_no_doubt(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy is asked for the way to the org; when it opens none, nothing reached the org."""
    with refusing_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(NeverLeft, match="403"):
            connect(**WHOLE, tries=1).org_id()
    assert proxy.asked == ["CONNECT acme.my.salesforce.com:443 HTTP/1.0"]
