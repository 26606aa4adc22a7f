"""`connector doctor`: finds what is wrong, says what to do, and tells no secret."""

import socket
import time
from datetime import UTC, datetime

import pytest

from connector.sandbox.server import Sandbox
from connector.store import cursors
from connector.store.db import Database
from tests.cli.place import MAPPING, SECRETS, Answer, Place
from tests.proxy_double import refusing_proxy


def _check(answer: Answer, area: str, subject: str) -> dict[str, str]:
    found = [each for each in answer.told["checks"] if (each["area"], each["subject"]) == (area, subject)]
    assert len(found) == 1, f"{area}, {subject}: {answer.told['checks']}"
    check: dict[str, str] = found[0]
    return check


def _refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_all_is_well(place: Place) -> None:
    """With the pretend world up, nothing fails, and each thing that was looked at is named."""
    answer = place.type("doctor", "--json")
    assert answer.code == 0, answer.out
    verdicts = {(each["area"], each["subject"]): each["verdict"] for each in answer.told["checks"]}
    for area, subject in (
        ("settings", "file"), ("store", "reach"), ("store", "tables"), ("store", "disk"), ("store", "daemon"),
        ("CRM", "login"), ("CRM", "org"), ("CRM", "requests"), ("CRM", "clock"), ("mappings", "sms-outbox"),
        ("mappings", "sms-outbox, claim"), ("account nrs-main", "balance"), ("account smsclouds-mx", "token"),
        ("account bulk360-my", "credentials"),
    ):  # fmt: skip
        assert verdicts[area, subject] == "ok", (area, subject)
    assert "0 failed" in place.type("doctor").out


def test_it_changes_nothing(place: Place) -> None:
    """Looking at a new store ties it to no org, and asks the pretend providers to send nothing."""
    place.type("doctor")
    store = Database(f"sqlite:///{place.store}")
    with store.read() as connection:
        assert cursors.get(connection, "org") is None
    store.close()


def test_old_tables_are_found(place: Place) -> None:
    """A store without tables fails with the command that makes them, and the rest is looked at all the same."""
    place.store.unlink()
    answer = place.type("doctor", "--json")
    assert answer.code == 1
    assert "connector db upgrade" in _check(answer, "store", "tables")["advice"]
    assert _check(answer, "CRM", "login")["verdict"] == "ok"


def test_another_org_is_found(place: Place) -> None:
    """A store that belongs to another org fails, with both orgs named."""
    store = Database(f"sqlite:///{place.store}")
    with store.begin() as connection:
        cursors.pin_org(connection, "00D000000000009EAA", datetime.now(UTC))
    store.close()
    answer = place.type("doctor", "--json")
    assert answer.code == 1
    assert "00D000000000009EAA" in _check(answer, "CRM", "org")["text"]


def test_a_field_the_org_lacks_is_found(place: Place) -> None:
    """A mapping that names what the org does not have fails at its line."""
    file = place.folder / "unknown.yaml"
    file.write_text(MAPPING.read_text("utf-8").replace("{Sender__c}", "{Sendr__c}"), "utf-8")
    answer = place.write(mapping=str(file)).type("doctor", "--json")
    assert answer.code == 1
    assert "Sendr__c" in _check(answer, "mappings", f"{file}:13")["text"]


@pytest.mark.parametrize("condition", ["(Status__c = 'Queued'", "Status__c = 'Queued' AND CreatedDate <= NOW()"])
def test_a_condition_that_the_org_refuses_is_found(place: Place, condition: str) -> None:
    """Each `where` is put to the org, whose words stand at its line."""
    file = place.folder / "condition.yaml"
    text = MAPPING.read_text("utf-8")
    line = next(each for each in text.splitlines() if each.startswith("  where:"))
    file.write_text(text.replace(line, f'  where: "{condition}"'), "utf-8")
    answer = place.write(mapping=str(file)).type("doctor", "--json")
    assert answer.code == 1
    assert "The org answered HTTP 400" in _check(answer, "mappings", f"{file}:6")["text"]


@pytest.mark.parametrize(
    ("changed", "area", "subject"),
    [
        ({"secret": SECRETS[2]}, "CRM", "login"),
        ({"password": SECRETS[0]}, "account nrs-main", "credentials"),
        ({"token": SECRETS[1]}, "account smsclouds-mx", "credentials"),
    ],
)
def test_wrong_credentials_are_found_and_not_told(
    place: Place, changed: dict[str, str], area: str, subject: str
) -> None:
    """Credentials that are not accepted fail with what to check; no secret is in any word of the answer."""
    place.write(**changed)
    answer, table = place.type("doctor", "--json"), place.type("doctor")
    assert (answer.code, table.code) == (1, 1)
    check = _check(answer, area, subject)
    assert check["verdict"] == "failed"
    assert check["advice"]
    for text in (answer.out, answer.err, table.out, table.err):
        assert [secret for secret in SECRETS if secret in text] == []


def test_no_secret_is_told_even_by_an_echo(place: Place, sandbox: Sandbox) -> None:
    """A provider that repeats the credentials in its answer gets them cut out of ours."""
    place.write(token=SECRETS[1])
    sandbox.faults.add(
        {"target": "smsclouds", "operation": "*", "kind": "status", "status": 403, "body": f"bad token {SECRETS[1]}"}
    )
    answer = place.type("doctor", "--json")
    assert answer.code == 1
    assert SECRETS[1] not in answer.out + answer.err


def test_whom_nobody_reaches_is_found(place: Place) -> None:
    """An org and accounts that refuse connections fail, each with what to check, and nothing waits for long."""
    started = time.monotonic()
    place.write(org=f"http://127.0.0.1:{_refused_port()}", providers=f"http://127.0.0.1:{_refused_port()}")
    answer = place.type("doctor", "--json")
    assert answer.code == 1
    assert "base_url" in _check(answer, "CRM", "login")["advice"]
    assert "base_url" in _check(answer, "account nrs-main", "reach")["advice"]
    assert _check(answer, "mappings", "sms-outbox")["verdict"] == "warning"
    assert time.monotonic() - started < 20


def test_the_proxy_of_the_environment_is_shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its password; and what it refuses is what keeps the account from being reached."""
    with refusing_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        place.write(providers="https://provider.example")
        answer = place.type("doctor", "--json")
    assert "127.0.0.1" in _check(answer, "account nrs-main", "proxy")["text"]
    assert "403" in _check(answer, "account nrs-main", "reach")["text"]
    assert "word@" not in answer.out + answer.err


def test_unusable_settings_are_found(place: Place) -> None:
    """Settings that cannot be used fail by themselves, in the same form as everything else."""
    place.add("[pace]\npul = 1\n")
    answer = place.type("doctor", "--json")
    assert answer.code == 1
    assert _check(answer, "settings", "file")["verdict"] == "failed"


def test_a_receiver_that_should_listen_is_found(place: Place) -> None:
    """Webhooks that are set up and that nobody takes are told, with the port."""
    port = _refused_port()
    text = place.settings.read_text("utf-8").replace("enabled = false", f"enabled = true\nport = {port}")
    place.settings.write_text(
        text.replace('sender = "TEST"', f'sender = "TEST"\nhook_secret = "{SECRETS[3]}"'), "utf-8"
    )
    answer = place.type("doctor", "--json")
    assert str(port) in _check(answer, "receiver", "here")["text"]
    assert "public_url" in _check(answer, "account nrs-main", "webhooks")["text"]
    assert SECRETS[3] not in answer.out


def test_a_password_in_the_stores_address_is_not_told(place: Place) -> None:
    """A store that cannot be reached is told without the password in its address."""
    url = f"postgresql+psycopg://somebody:{SECRETS[0]}@127.0.0.1:{_refused_port()}/none"
    answer = place.write(store=url).type("doctor", "--json")
    assert answer.code == 1
    assert _check(answer, "store", "reach")["verdict"] == "failed"
    assert SECRETS[0] not in answer.out + answer.err
