"""Recording from a live service, with the sandbox for one: what is asked, what is kept, and what is said of it."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.providers.registry import CLIENTS, PROVIDERS
from connector.sandbox.server import Sandbox
from tests.providers.live import main
from tests.providers.live_scenes import scenes
from tests.providers.live_scrub import LiveScrubber
from tests.providers.scrub import EXAMPLES
from tests.providers.shapes import differences, shape_of

PERSON = {
    "countryIso": "ES",
    "groupsNames": ["Heirlooms"],
    "name": "Wilhelmina",
    "surname": "Quackenbush",
    "phone": "34612987654",
    "email": "mina@private.org",
}
NUMBER = "+34698765432"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "nrs360": {"username": "sandbox", "api_password": "sandbox", "sender": "MYCLINIC"},
    "smsclouds": {"token": "sandbox"},
    "bulk360": {"app_key": "sandbox", "app_secret": "sandbox"},
    "sms360app": {"client_ids": ["sandbox"], "sender": "+19292968422"},
    "optimum": {"authentication": "basic", "username": "sandbox", "password": "sandbox", "sender": "MYCLINIC"},
}


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """The command says only errors; the tests after it want to hear warnings."""
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    yield
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The live service."""
    with Sandbox(seed=3, speed=20.0) as served:
        yield served


def settings_file(sandbox: Sandbox, folder: Path, provider: str) -> Path:
    """Settings with one account."""
    base = f"{sandbox.providers_url}/{provider}" + ("/api/rest" if provider == "nrs360" else "")
    lines = [f'[accounts.mine]\nprovider = "{provider}"\nbase_url = "{base}"']
    lines += [f"{name} = {value!r}".replace("'", '"') for name, value in ACCOUNTS[provider].items()]
    path = folder / "connector.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def recorded(sandbox: Sandbox, folder: Path, provider: str, *more: str) -> dict[str, str]:
    """The tapes that are made, each as its text."""
    config = settings_file(sandbox, folder, provider)
    assert main(["mine", "--config", str(config), "--into", str(folder), *more]) == 0
    return {tape.stem: tape.read_text("utf-8") for tape in (folder / provider / "live").glob("*.yaml")}


def test_every_provider_has_its_scenes_and_none_of_them_sends() -> None:
    """Each scene is of operations that exist, and that neither send nor change anything."""
    assert set(scenes()) == set(PROVIDERS)
    for provider, tapes in scenes().items():
        rows = CLIENTS[provider].operations()
        for asks in tapes.values():
            for ask in asks:
                row = rows[ask.operation]
                assert not row.sends
                assert not row.changes_everything
                assert row.method in ("GET", "HEAD") or row.name in ("oauth.token", "responses.by_date")


def test_what_changes_nothing_is_recorded_without_a_person_on_it(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lists and what they lead to are asked for; of a contact neither name nor number nor address is on any tape."""
    api = f"{sandbox.providers_url}/nrs360/api/rest"
    httpx.post(f"{api}/contacts", json=PERSON, auth=("sandbox", "sandbox")).raise_for_status()
    before = sandbox.ledger.as_json()["received"]
    tapes = recorded(sandbox, tmp_path, "nrs360")
    assert sandbox.ledger.as_json()["received"] == before
    assert {"account", "contacts", "coverage", "blacklist"} <= set(tapes)
    asked = [taped["request"]["uri"] for taped in yaml.safe_load(tapes["contacts"])["interactions"]]
    assert [re.sub(r"\d+$", "1", uri) for uri in asked] == [
        "https://dashboard.360nrs.com/api/rest/contacts",
        "https://dashboard.360nrs.com/api/rest/contacts/1",
    ]
    whole = "".join(tapes.values())
    assert not re.search("sandbox|127.0.0.1|Wilhelmina|Quackenbush|Heirlooms|612987654|mina@|private", whole)
    assert '"countryIso"' in whole
    assert "contacts" in capsys.readouterr().out


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_message_is_recorded_only_to_the_number_that_is_named(
    sandbox: Sandbox, tmp_path: Path, provider: str
) -> None:
    """Without --sending no message leaves; with it one does, and neither secret, sender nor number is on its tape."""
    number = {"smsclouds": "+524491239876", "bulk360": "+60123987654"}.get(provider, NUMBER)
    before = sandbox.ledger.as_json()["received"]
    assert "sending" not in recorded(sandbox, tmp_path, provider)
    assert sandbox.ledger.as_json()["received"] == before
    tapes = recorded(sandbox, tmp_path, provider, "--sending", number)
    assert sandbox.ledger.as_json()["received"] == before + 1
    assert "sending" in tapes
    for tape in tapes.values():
        assert not re.search(f"sandbox|127.0.0.1|MYCLINIC|{number[-9:]}|Bearer |Basic ", tape)


def test_an_account_that_is_not_there_is_a_sentence(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked, and who mistyped the account is told which there are."""
    config = settings_file(sandbox, tmp_path, "nrs360")
    assert main(["yours", "--config", str(config), "--into", str(tmp_path)]) == 1
    assert "no account 'yours'; there are: mine." in capsys.readouterr().err


def test_differences_are_of_shape_alone() -> None:
    """A field that is missing, new or of another kind is told; other words, and an empty list, are none."""
    guide = shape_of(['{"data": [{"id": 1, "name": "a", "at": null}], "links": {"next": "x"}}'])
    live = shape_of(['{"data": [{"id": "1", "at": "2020", "tag": "b"}], "links": {"next": "y"}}'])
    assert list(differences(guide, live)) == [
        "missing: data[].name",
        "new: data[].tag",
        "other kind: data[].id is text, was number",
    ]
    assert list(differences(guide, shape_of(['{"data": [], "links": {"next": "z"}}']))) == []
    assert list(differences(shape_of(["a,b\n1,2"]), shape_of(["a,c\n"]))) == ["missing: b", "new: c"]


@settings(deadline=None)
@given(text=st.text(min_size=4), number=st.integers(10**7, 10**14), provider=st.sampled_from(sorted(PROVIDERS)))
def test_no_word_of_anybody_passes(text: str, number: int, provider: str) -> None:
    """Whatever a service answers, of texts and numbers only those stay that the guide's tapes have; fields stay."""
    scrubber = SCRUBBERS[provider]
    secret = f"q{text}q"
    body = {"data": [{"name": secret, "phone": number, "also": str(number), "plus": f"+{number}"}]}
    answer = {"status": {}, "headers": {}, "body": {"string": httpx.Response(200, json=body).content}}
    clean = httpx.Response(200, content=scrubber.response(answer)["body"]["string"]).json()
    row = clean["data"][0]
    assert set(row) == set(body["data"][0])
    assert row["name"] == "REDACTED"
    if str(number) not in {*scrubber.known, *EXAMPLES}:
        assert str(number) not in str(row)


SCRUBBERS = {provider: LiveScrubber(provider, "http://127.0.0.1:1/elsewhere") for provider in PROVIDERS}
