"""The example mapping, the accounts it names, and an org that has what it writes to."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.load import Loaded, load
from connector.mapping.record_mapping import RecordMapping
from connector.model.capability import AccountCapability, Capability
from connector.model.describe import FieldDescription, ObjectDescription
from connector.model.errors import MappingError, QueryFault
from connector.model.messages import Channel, Encoding
from connector.providers.nrs360.content import CONTENT

EXAMPLE = Path(__file__).parents[2] / "mappings" / "sms-outbox.yaml"

Describe = Callable[[str], ObjectDescription]


@pytest.fixture(scope="session")
def example() -> str:
    """The text of the example mapping."""
    return EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def accounts() -> dict[str, AccountCapability]:
    """Two providers with an adapter, one without."""
    smsclouds = Capability(
        provider="smsclouds",
        channels=frozenset({Channel.SMS}),
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=2,
        batch_ceiling=30_000,
        countries=frozenset({"MX"}),
        plain_limits={Encoding.GSM7: (160, 306), Encoding.UCS2: (70, 70)},
    )
    nrs = Capability(
        provider="360nrs",
        channels=frozenset({Channel.SMS, Channel.WHATSAPP}),
        encodings=(Encoding.GSM7, Encoding.GSM_PT, Encoding.UCS2),
        max_parts=15,
        batch_ceiling=30_000,
        content=CONTENT,
    )
    return {
        "smsclouds-mx": AccountCapability("smsclouds-mx", "smsclouds", smsclouds),
        "nrs-main": AccountCapability("nrs-main", "360nrs", nrs),
        "bulk360-my": AccountCapability("bulk360-my", "bulk360", None),
    }


def _object(name: str, *fields: FieldDescription) -> ObjectDescription:
    standard = (
        FieldDescription("Id", "id", 18, updateable=False, createable=False),
        FieldDescription("CreatedDate", "datetime", updateable=False, createable=False),
    )
    return ObjectDescription(name, {field.name: field for field in (*standard, *fields)})


def _lookup(name: str, relationship: str, *objects: str) -> FieldDescription:
    return FieldDescription(name, "reference", 18, relationship=relationship, refers_to=objects)


def _picklist(name: str, *values: str) -> FieldDescription:
    return FieldDescription(name, "picklist", 255, values=values)


STATUSES = ("Draft", "Queued", "Sending", "Sent", "Delivered", "Failed", "Held", "Unknown", "Cancelled")

ORG = (
    _object(
        "SMS_Message__c",
        _picklist("Status__c", *STATUSES),
        FieldDescription("Body__c", "textarea", 4000),
        _lookup("Contact__c", "Contact__r", "Contact"),
        _lookup("Lead__c", "Lead__r", "Lead"),
        _lookup("Campaign__c", "Campaign__r", "Campaign"),
        _picklist("Channel__c", "SMS", "WhatsApp"),
        FieldDescription("Sender__c", "string", 20),
        FieldDescription("Priority__c", "double"),
        FieldDescription("Urgent__c", "boolean"),
        FieldDescription("Send_After__c", "datetime"),
        FieldDescription("Claim_Token__c", "string", 64),
        FieldDescription("Claim_Expires__c", "datetime"),
        FieldDescription("Provider_Id__c", "string", 64),
        FieldDescription("Sent_At__c", "datetime"),
        FieldDescription("Delivered_At__c", "datetime"),
        FieldDescription("Error__c", "string", 255),
        FieldDescription("Formula__c", "string", 255, updateable=False, createable=False, calculated=True),
    ),
    _object(
        "Contact",
        FieldDescription("FirstName", "string", 40),
        FieldDescription("MobilePhone", "phone", 40),
        FieldDescription("Phone", "phone", 40),
        FieldDescription("MailingCountryCode", "picklist", 10),
        FieldDescription("SMS_Opt_Out__c", "boolean"),
        FieldDescription("DoNotCall", "boolean"),
        FieldDescription("Email", "email", 80),
        FieldDescription("HasOptedOutOfEmail", "boolean"),
    ),
    _object(
        "Lead",
        FieldDescription("MobilePhone", "phone", 40),
        FieldDescription("SMS_Opt_Out__c", "boolean"),
        FieldDescription("Email", "email", 80),
        FieldDescription("HasOptedOutOfEmail", "boolean"),
    ),
    _object("Campaign", FieldDescription("Name", "string", 80)),
    _object(
        "Task",
        _lookup("WhoId", "Who", "Contact", "Lead"),
        FieldDescription("Subject", "string", 255),
        FieldDescription("Description", "textarea", 32000),
        _picklist("Status", "Not Started", "Completed"),
        FieldDescription("SMS_External_Id__c", "string", 64, external_id=True, unique=True),
        FieldDescription("Plain__c", "string", 64),
    ),
)


@pytest.fixture(scope="session")
def describe() -> Describe:
    """The org's describe."""
    known = {each.name: each for each in ORG}

    def described(name: str) -> ObjectDescription:
        if name not in known:
            raise QueryFault(f"no such object: {name}", code="INVALID_TYPE")
        return known[name]

    return described


Load = Callable[..., Loaded]


@pytest.fixture
def load_text(tmp_path: Path, accounts: dict[str, AccountCapability]) -> Load:
    """Loads a mapping from its text or bytes."""

    def loaded(text: str | bytes, describe: Describe | None = None) -> Loaded:
        path = tmp_path / "mapping.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load([path], accounts, describe=describe)

    return loaded


@pytest.fixture
def problems_of(load_text: Load) -> Callable[..., list[tuple[int, int, str]]]:
    """(line, column, text) of every error that a text has; none when it loads."""

    def problems(text: str | bytes, describe: Describe | None = None) -> list[tuple[int, int, str]]:
        try:
            load_text(text, describe)
        except MappingError as error:
            return [(each.line, each.column, each.text) for each in error.problems if not each.warning]
        return []

    return problems


@pytest.fixture(scope="session")
def mapping(accounts: dict[str, AccountCapability], describe: Describe) -> RecordMapping:
    """The example, compiled against the org."""
    return load([EXAMPLE], accounts, describe=describe).mappings[0]


@pytest.fixture
def now() -> datetime:
    """A moment."""
    return datetime(2026, 11, 21, 9, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def record() -> dict[str, Any]:
    """A queued record as the CRM answers it."""
    return {
        "Id": "a01000000000001AAA",
        "Body__c": "Hola Ana",
        "Channel__c": None,
        "Sender__c": "Clinica",
        "Priority__c": 1.0,
        "Contact__c": "003000000000001AAA",
        "Contact__r": {
            "MobilePhone": "449 898 7282",
            "MailingCountryCode": "MX",
            "FirstName": "Ana",
            "SMS_Opt_Out__c": False,
            "DoNotCall": False,
        },
        "Campaign__r": {"Name": "Citas"},
        "Send_After__c": None,
        "CreatedDate": "2026-11-21T01:02:03.000+0000",
    }
