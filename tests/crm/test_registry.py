"""The registry of CRMs is explicit."""

from datetime import UTC, datetime
from importlib import resources

from connector.crm.base import CRM
from connector.crm.registry import CRMS


def test_every_kind_connects_by_its_own_options() -> None:
    """A kind's options make a connection without a request being sent."""
    settings = {"base_url": "https://acme.my.salesforce.com", "client_id": "a", "client_secret": "b"}
    kind = CRMS["salesforce"]
    options = kind.options.model_validate(settings)
    crm: CRM = kind.connect(options, clock=lambda: datetime.now(UTC), transport=None)
    assert (options.kind, crm.calls()) == ("salesforce", 0)


def test_every_kind_has_its_file_and_its_suite() -> None:
    """An adapter that is in the room but not in the registry, or that no suite runs, is found here."""
    for kind in CRMS:
        assert resources.files("connector.crm").joinpath(f"{kind}.py").is_file()
        assert resources.files("tests.crm").joinpath(f"test_{kind}.py").is_file()


def test_simple_salesforce_has_one_door() -> None:
    """One file imports it, wherever else it might be convenient."""
    room = resources.files("connector.crm")
    importers = [
        each.name for each in room.iterdir() if each.name.endswith(".py") and "simple_salesforce" in each.read_text()
    ]
    assert importers == ["salesforce.py"]
