"""Ids, formulas and the SFDX source: what the org is made of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.org import sfdx, standard
from connector.sandbox.org.formula import FormulaError, Saving, compiled
from connector.sandbox.org.ids import Sequence, canonical, lengthen
from connector.sandbox.org.org import SOURCE, Org

SHORT = st.text("ABCXYZabcxyz0123456789", min_size=15, max_size=15)
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SCHEMA = sfdx.extend(standard.objects(), SOURCE)
OBJECTS = SOURCE / "force-app/main/default/objects"


@given(SHORT)
def test_an_id_survives_the_loss_of_its_case(short):
    """The three last characters restore upper and lower case."""
    full = lengthen(short)
    assert canonical(short) == full
    assert canonical(full) == full
    assert canonical(full.upper()) == full
    assert canonical(full.lower()) == full


def test_a_known_id_has_its_known_suffix():
    """The documented example: 15 characters and their checksum."""
    assert lengthen("001A0000006Vm9r") == "001A0000006Vm9rIAC"


@pytest.mark.parametrize(
    "text", ["", "x" * 16, "0" * 15 + "BAA", "001A0000006Vm9!", "001A0000006Vm9rI!C", "é" * 15, None, 5]
)
def test_what_is_no_id_is_none(text):
    """Wrong length, alphabet or type."""
    assert canonical(text) is None


def test_ids_rise_in_the_order_they_are_made():
    """Sorting by id is sorting by creation, across the digits' alphabet."""
    sequence = Sequence()
    made = [sequence.take("a00") for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000


def evaluate(text, new, prior=None):
    return compiled(text, SCHEMA.get("SMS_Message__c"))(Saving(new, prior, NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AND(TRUE, NOT(FALSE), 1 < 2)", True),
        ("Priority__c > 1 && Priority__c <= 3 || FALSE", True),
        ("Priority__c * 2 - 1 = 5", True),
        ("-Priority__c = -3", True),
        ("!(Priority__c <> 3)", True),
        ('Sender__c & "-x" = "Acme-x"', True),
        ("ISBLANK(Error__c)", True),
        ("Error__c = NULL", True),
        ("Send_After__c > NOW()", False),
        ("Send_After__c + 1 > NOW()", True),
        ("NOW() - Send_After__c > 0.04", True),
        ("TODAY() - 1 < TODAY()", True),
        ('ISPICKVAL(Status__c, "Queued") /* in line */', True),
        ('TEXT(Status__c) = "Sent"', False),
        ("ISCHANGED(Sender__c)", True),
        ('PRIORVALUE(Sender__c) = "Old"', True),
        ("ISCHANGED(Priority__c)", False),
        ("ISNEW()", False),
        ("IF(LEN(Sender__c) > 3, CONTAINS(Sender__c, 'cm'), FALSE)", True),
        ('BLANKVALUE(Error__c, "none") = "none"', True),
        ('REGEX(Sender__c, "[A-Z][a-z]+")', True),
        ("Priority__c / 0 > 1", False),
    ],
)
def test_formulas_mean_what_salesforce_says(text, expected):
    """Operators and functions over a record's values now and before."""
    new = {
        "Priority__c": 3.0,
        "Sender__c": "Acme",
        "Status__c": "Queued",
        "Send_After__c": "2026-11-21T09:00:00.000+0000",
    }
    assert bool(evaluate(text, new, {**new, "Sender__c": "Old"})) is expected


def test_a_new_record_has_no_past():
    """ISNEW is true, ISCHANGED false, and PRIORVALUE is the value itself."""
    assert evaluate('AND(ISNEW(), NOT(ISCHANGED(Sender__c)), PRIORVALUE(Sender__c) = "A")', {"Sender__c": "A"})


@pytest.mark.parametrize("text", ["AND(", "Nothing__c = 1", "VLOOKUP(Sender__c)", "ISCHANGED(1 + 1)", ""])
def test_a_formula_that_cannot_be_read_is_refused(text):
    """No rule passes unread: the org is not built."""
    with pytest.raises(FormulaError):
        compiled(text, SCHEMA.get("SMS_Message__c"))


def test_the_org_needs_its_source(tmp_path):
    """Without SFDX source the sandbox says what is missing."""
    with pytest.raises(FileNotFoundError, match="SFDX source"):
        Org(source=tmp_path)


def test_the_source_is_whole():
    """Every file of the source parses, has the metadata namespace, and is named as its type and content say."""
    paths = sorted(SOURCE.rglob("*-meta.xml"))
    assert len(paths) > 30
    for path in paths:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - our own files
        kind = path.name.split(".")[-2].removesuffix("-meta")
        assert (
            root.tag.lower()
            == "{http://soap.sforce.com/2006/04/metadata}"
            + {
                "field": "customfield",
                "object": "customobject",
                "tab": "customtab",
            }.get(kind, kind).lower()
        )
        name = root.findtext("{http://soap.sforce.com/2006/04/metadata}fullName")
        assert name in (None, path.name.split(".")[0])
    project = json.loads((SOURCE / "sfdx-project.json").read_text())
    assert project["sourceApiVersion"] == "66.0"


def test_the_permission_set_names_every_field_of_the_source():
    """Whoever has the permission set can edit all that the package brings, and the org's own fields for stops of e-mail
    addresses; Activity's fields are named by Task."""
    path = SOURCE / "force-app/main/default/permissionsets/SMS_Connector.permissionset-meta.xml"
    permissions = sfdx.read(path).all("fieldPermissions")
    named = {each.text("field") for each in permissions}
    standard = {"Contact.HasOptedOutOfEmail", "Lead.HasOptedOutOfEmail"}
    fields = {
        f"{'Task' if file.parts[-3] == 'Activity' else file.parts[-3]}.{Path(file.stem).stem.split('.')[0]}"
        for file in OBJECTS.glob("*/fields/*.field-meta.xml")
    }
    assert named == fields | standard
    assert "Task.SMS_External_Id__c" in named
    assert {(each.text("editable"), each.text("readable")) for each in permissions} == {("true", "true")}
    assert len(permissions) == len(named)
    for name in standard:
        type_name, field = name.split(".")
        assert SCHEMA.get(type_name).field(field).type == "boolean"


def test_the_claim_rule_is_the_one_of_the_design():
    """The rule reads the token, the prior expiry and the prior status, and shows itself at the token."""
    [rule] = SCHEMA.get("SMS_Message__c").rules
    assert (rule.name, rule.field) == ("Claim_Is_Held", "Claim_Token__c")
    held = {"Claim_Token__c": "a", "Claim_Expires__c": "2026-11-21T10:00:01.000+0000", "Status__c": "Queued"}
    over = {**held, "Claim_Expires__c": "2026-11-21T10:00:00.000+0000"}
    refuses = compiled(rule.formula, SCHEMA.get("SMS_Message__c"))
    assert refuses(Saving({**held, "Claim_Token__c": "b"}, held, NOW))
    assert refuses(Saving({**held, "Claim_Token__c": None}, held, NOW))
    assert not refuses(Saving({**held, "Claim_Token__c": "b"}, over, NOW))
    assert refuses(Saving({**held, "Claim_Token__c": "b"}, {**over, "Status__c": "Sent"}, NOW))
    assert not refuses(Saving({**over, "Claim_Token__c": None}, {**over, "Status__c": "Sent"}, NOW))
    assert not refuses(Saving(held, held, NOW))
    assert not refuses(Saving({**held, "Claim_Token__c": "b"}, {**held, "Claim_Token__c": None}, NOW))
    assert not refuses(Saving(held, None, NOW))
