"""Keywords: who texts one is told what the mapping says, by the real receiver, and their text reaches the CRM."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector import settings
from connector.app import build
from connector.sandbox.server import Sandbox
from connector.web.hooks import hook_server
from tests.sync import site as sites
from tests.sync.site import SMSCLOUDS, SPEED, Site, number_of, plant, site_on

SECRET = "a-secret-of-this-test-alone"
ANSWERS = 'on_keyword: {INFO: "Abrimos a las 9", Precio: "Desde 20 pesos"}\n'


@pytest.fixture
def kind() -> str:
    """One kind of store: what the stores differ in is tested elsewhere."""
    return "sqlite"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Smsclouds and the org, pretended."""
    with Sandbox(seed=5, speed=SPEED) as pretended:
        yield pretended


def text(sandbox: Sandbox, keyword: str, response: str, serial: int = 1) -> None:
    """A person of Mexico texts a keyword to the pretend Smsclouds."""
    told = {"cellphone": number_of(serial, "MX")[3:], "keyword": keyword, "response": response}
    httpx.post(f"{sandbox.providers_url}/sandbox/smsclouds/received", json=told).raise_for_status()


@contextmanager
def receiving(site: Site, sandbox: Sandbox) -> Iterator[None]:
    """The receiver, known to the pretend Smsclouds."""
    receiver = hook_server(site.app)
    receiver.start()
    address = f"http://127.0.0.1:{receiver.port}/hooks/{SMSCLOUDS}/{SECRET}/keyword"
    sandbox.providers.smsclouds.configure({"keyword_url": address})
    try:
        yield
    finally:
        sandbox.providers.smsclouds.configure({"keyword_url": None})
        receiver.stop()


@pytest.fixture
def site(sandbox: Sandbox, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector whose mapping answers two keywords, and whose account answers one of them and another."""
    sandbox.reset()
    usual = sites.settings_for

    def answering(world: Sandbox, store: str, **sections: Any) -> dict[str, Any]:
        made = usual(world, store, **sections)
        made["accounts"][SMSCLOUDS] |= {
            "hook_secret": SECRET,
            "keyword_replies": {"Info": "of the settings", "HORA": "24 horas"},
        }
        (example,) = made["mappings"]
        written = folder / "answering.yaml"
        written.write_text(
            re.sub(r"^tests:", f"{ANSWERS}tests:", Path(example).read_text("utf-8"), flags=re.MULTILINE), "utf-8"
        )
        return {**made, "mappings": [str(written)]}

    monkeypatch.setattr(sites, "settings_for", answering)
    with site_on(sandbox, url) as running:
        yield running


def test_who_texts_a_keyword_is_told_what_the_mapping_says(site: Site, sandbox: Sandbox) -> None:
    """In any capitals; the mapping's answer wins over the account's, which answers what the mapping leaves to it."""
    inbound = sandbox.providers.smsclouds.inbound
    with receiving(site, sandbox):
        for keyword in ("INFO", "precio", "Hora"):
            before = len(inbound.automatic)
            text(sandbox, keyword, f"{keyword} por favor")
            site.work_until(lambda before=before: len(inbound.automatic) > before)  # type: ignore[misc]
    assert inbound.automatic == ["Abrimos a las 9", "Desde 20 pesos", "24 horas"]


def test_the_text_itself_is_a_reply_on_its_person_s_record(site: Site, sandbox: Sandbox) -> None:
    """What was texted stands on the contact that holds the number, once."""
    plant(sandbox, 1, "MX")
    site.sweep()
    with receiving(site, sandbox):
        text(sandbox, "INFO", "INFO por favor")
        site.work_until(lambda: bool(_replies(sandbox)) and not site.owed())
    (reply,) = _replies(sandbox)
    (contact,) = sandbox.org.rows("Contact")
    assert (reply["Description"], reply["WhoId"]) == ("INFO por favor", contact["Id"])


def _replies(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [row for row in sandbox.org.rows("Task") if row["Subject"] == "SMS reply"]


def test_a_mapping_that_cannot_be_read_keeps_no_news_from_being_heard(url: str, folder: Path) -> None:
    """A receiver of its own goes on hearing, with the answers of its settings; the check says what is wrong."""
    broken = folder / "broken.yaml"
    broken.write_text("version: 1\n", "utf-8")
    account = {"provider": "smsclouds", "token": "t", "hook_secret": SECRET, "keyword_replies": {"info": "Hola"}}
    app = build(
        settings.of(
            {"store": {"url": url}, "web": {"port": 0}, "mappings": [str(broken)], "accounts": {"main": account}}
        )
    )
    server = hook_server(app)
    server.start()
    try:
        query = {"response": "info", "cellphone": "4491000001", "keyword": "INFO", "date": "2026-05-25 11:13:49"}
        answer = httpx.get(f"http://127.0.0.1:{server.port}/hooks/main/{SECRET}/keyword", params=query)
    finally:
        server.stop()
        app.close()
    assert (answer.status_code, answer.text) == (200, "Hola")
