"""Which settings and which store a command works with: none is ever taken by mistake."""

import os
from pathlib import Path

import pytest

from connector.cli.opening import named
from connector.store.db import Database
from tests.cli.place import Place, typed


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it, to type commands in, and an environment without settings."""
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("receive",),
        ("once",),
        ("doctor",),
        ("report",),
        ("reconcile", "--since", "1d"),
        ("pauses",),
        ("pause", "--everything"),
        ("resume", "--everything"),
        ("db", "upgrade"),
        ("backfill", "statuses", "--since", "1d"),
        ("consent", "show", "+34600000001"),
        ("message", "show", "a0A1"),
        ("writes", "list"),
        ("lookup", "+525512345678"),
        ("mapping", "check", "--offline"),
        ("call", "nrs-main", "campaigns.list"),
        ("call", "--sent"),
    ],
    ids=" ".join,
)
def test_without_settings_a_command_is_refused(empty: Path, words: tuple[str, ...]) -> None:
    """Typed in the wrong folder it says so, touches nothing and exits with 1: a pause there would pause nothing."""
    answer = typed(*words)
    assert answer.code == 1
    assert f"there is no connector.toml in {empty}" in answer.out + answer.err
    assert "--config" in answer.out + answer.err
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("version",), ("settings", "example"), ("mapping", "schema"), ("call", "--list"), ("pause", "--help")]
)
@pytest.mark.usefixtures("empty")
def test_what_needs_no_settings_is_done_without(words: tuple[str, ...]) -> None:
    """Commands that touch neither a store nor an org work in any folder."""
    assert typed(*words).code == 0


def test_settings_from_the_environment_alone_are_enough(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container needs no file: its store, its org or its accounts stand in the environment."""
    monkeypatch.setenv("CONNECTOR_STORE__URL", f"sqlite:///{empty / 'of-the-environment.db'}")
    assert typed("db", "upgrade").code == 0
    assert typed("pause", "--everything").code == 0
    assert typed("pauses", "--json").told["pauses"][0]["scope"] == "everything"


@pytest.mark.parametrize("name", ["CONNECTOR_LOG__FORM", "CONNECTOR_WEB__ENABLED", "CONNECTOR_LIVE__PRODUCTION"])
def test_a_setting_that_says_nothing_of_what_to_work_on_is_not_enough(
    empty: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One that a profile sets for every command keeps nobody from being told that the file is missing."""
    monkeypatch.setenv(name, "json" if name.endswith("FORM") else "false")
    answer = typed("pause", "--everything")
    assert answer.code == 1
    assert "there is no connector.toml" in answer.err
    assert list(empty.iterdir()) == []


def test_the_file_of_the_folder_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where connector.toml lies, nothing has to be named."""
    monkeypatch.chdir(place.folder)
    assert typed("pauses").code == 0


@pytest.mark.parametrize(
    "words", [("pause", "--everything"), ("resume", "--everything"), ("db", "upgrade"), ("report",)], ids=" ".join
)
def test_the_store_is_named(place: Place, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """What changes a store, or sums it up, says which one it was, by its whole path and beside the answer."""
    file = place.settings.read_text("utf-8")
    place.settings.write_text(file.replace(f"sqlite:///{place.store}", "sqlite:///store.db"), "utf-8")
    monkeypatch.chdir(place.folder)
    answer = place.type(*words)
    assert f"store: sqlite:///{place.store}" in answer.err
    assert "sqlite:" not in answer.out


def test_a_store_without_tables_is_named(place: Place) -> None:
    """Before anybody makes tables at a place where no store was meant to be."""
    place.store.unlink()
    assert f"sqlite:///{place.store} has no tables, or old ones" in place.type("pause", "--everything").err
    assert not place.store.exists()


def test_doctor_makes_no_store(place: Place) -> None:
    """It changes nothing: where there is none it says so, and what makes one."""
    place.store.unlink()
    checks = {check["subject"]: check for check in place.type("doctor", "--json").told["checks"]}
    assert (checks["tables"]["verdict"], checks["tables"]["text"]) == ("failed", "they are missing or old")
    assert "connector db upgrade" in checks["tables"]["advice"]
    assert checks["reach"]["text"] == f"sqlite:///{place.store} is not there yet"
    assert not place.store.exists()


def test_a_store_whose_folder_is_missing_cannot_be_reached(place: Place) -> None:
    """That is another fault than a store without tables, and no command would mend it."""
    text = place.settings.read_text("utf-8").replace(f"sqlite:///{place.store}", f"sqlite:///{place.folder}/none/x.db")
    place.settings.write_text(text, "utf-8")
    assert "the store refused" in place.type("pause", "--everything").err
    checks = {check["subject"]: check for check in place.type("doctor", "--json").told["checks"]}
    assert checks["reach"]["verdict"] == "failed"


def test_doctor_names_the_file_and_the_store(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its whole path each, whether the file was named or found."""
    monkeypatch.chdir(place.folder)
    texts = {check["subject"]: check["text"] for check in typed("doctor", "--json").told["checks"]}
    assert texts["file"] == f"{place.settings} can be used"
    assert texts["reach"] == f"sqlite:///{place.store} can be read"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:hunter2@db.internal/sms", "postgresql+psycopg://me:***@db.internal/sms"),
        ("postgresql+psycopg://me@db.internal/sms?password=hunter2", "postgresql+psycopg://me@db.internal/sms"),
    ],
)
def test_a_stores_name_never_shows_its_password(url: str, shown: str) -> None:
    """Wherever in the address it stands."""
    store = Database(url)
    assert named(store) == shown
    store.close()
